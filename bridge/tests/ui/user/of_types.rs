//! Attributes that no function may bear: the compiler's messages.
use bridge::smartasync;

#[smartasync]
#[non_exhaustive]
fn exhaustive() {}

#[smartasync]
#[repr(C)]
fn represented() {}

fn main() {
    exhaustive().wait();
    represented().wait();
}
