//! `Self::` on a function that is no associated one.
use bridge::smartasync;

#[smartasync(blocking = Self::twin)]
fn free() {}

fn main() {
    free().wait();
}
