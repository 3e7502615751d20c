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

async fn handler() {
    first("a b").await;
    words("a b").await;
    let _ = first("a b").wait_timeout(std::time::Duration::ZERO);
    let _ = first("a b").dispatch();
}

fn main() {
    first("a b").wait();
    words("a b").wait();
    let _ = handler();
}
