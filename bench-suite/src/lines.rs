//! What a program without Criterion says: lines that `cargo xtask bench` reads.

use std::fmt::Display;

/// One figure of `who`.
pub fn count(group: &str, who: &str, value: f64) {
    println!("count {group} {who} {value}");
}

/// One point of the curve of `who`.
pub fn point(group: &str, who: &str, x: f64, value: f64) {
    println!("point {group} {who} {x} {value}");
}

/// A remark, shown beneath the group.
pub fn note(group: &str, text: impl Display) {
    println!("note {group} {text}");
}
