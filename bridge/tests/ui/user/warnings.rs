//! A smart function causes the warnings of the plain function, and no others.
#![deny(warnings)]
use bridge::smartasync;

#[smartasync]
async fn unused(x: u8, mut y: u8, (a, _b): (u8, u8)) {}

#[smartasync]
fn unused_sync(x: u8, mut y: u8, (a, _b): (u8, u8)) {}

struct S;

impl S {
    #[smartasync]
    fn method(&self, x: u8) {}
}

fn main() {
    unused(1, 2, (3, 4)).wait();
    unused_sync(1, 2, (3, 4)).wait();
    S.method(1).wait();
}
