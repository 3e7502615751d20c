//! A borrow within a borrow is copied, if the borrowed value can be copied.
use std::rc::Rc;

use bridge::smartasync;

struct Connection;

#[smartasync]
fn all(connections: &[&Connection]) -> usize {
    connections.len()
}

#[smartasync]
fn weighted(pairs: &[(&str, Rc<u8>)]) -> usize {
    pairs.len()
}

async fn handler() {
    all(&[&Connection]).await;
    weighted(&[("a", Rc::new(1))]).await;
}

fn main() {
    all(&[&Connection]).wait();
    weighted(&[("a", Rc::new(1))]).wait();
    let _ = handler();
}
