//! A call that is dropped has lost its work.
#![deny(unused_must_use)]
use bridge::smartasync;

#[smartasync]
async fn fetch() {}

#[smartasync]
fn read() {}

fn main() {
    fetch();
    read();
    fetch().dispatch();
    bridge::BoxCall::new(read());
}
