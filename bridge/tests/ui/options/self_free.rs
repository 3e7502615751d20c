//! `Self::` is refused on a free function.
use bridge::smartasync;

#[smartasync(blocking = Self::twin)]
fn free() {}

fn main() {
    free().wait();
}
