//! Prints the figures of benches without Criterion, as lines that `cargo xtask bench`
//! reads.

use std::fmt::Display;

/// Prints one figure of `who`.
pub fn count(group: &str, who: &str, value: f64) {
    println!("count {group} {who} {value}");
}

/// Prints one point of the curve of `who`.
pub fn point(group: &str, who: &str, x: f64, value: f64) {
    println!("point {group} {who} {x} {value}");
}

/// Prints a remark, which the report shows beneath the group.
pub fn note(group: &str, text: impl Display) {
    println!("note {group} {text}");
}
