//! The compiler reports attributes that no function may have.
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
