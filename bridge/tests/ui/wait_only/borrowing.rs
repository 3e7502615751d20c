//! These borrows are in places from which they cannot be copied.
use std::fmt::Display;

use bridge::smartasync;

#[smartasync]
fn join(parts: &[&[&str]]) -> String {
    parts.concat().join("")
}

#[smartasync]
fn show(what: &dyn Display) -> String {
    what.to_string()
}

async fn handler() {
    join(&[&["a"]]).await;
    show(&1).await;
}

fn main() {
    join(&[&["a"]]).wait();
    show(&1).wait();
    let _ = handler();
}
