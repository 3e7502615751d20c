//! The output would outlive the copy that it borrows from.
use bridge::smartasync;

#[smartasync]
fn first(text: &str) -> &str {
    &text[..1]
}

#[smartasync]
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ')
}

/// The output hides a lifetime.
#[smartasync]
fn trimmed(text: &str) -> std::borrow::Cow<str> {
    text.trim().into()
}

async fn handler() {
    trimmed("a b").await;
    first("a b").await;
    words("a b").await;
    let _ = first("a b").wait_timeout(std::time::Duration::ZERO);
    let _ = first("a b").dispatch();
}

fn main() {
    trimmed("a b").wait();
    first("a b").wait();
    words("a b").wait();
    let _ = handler();
}
