//! The attribute is refused on anything but a function.
use bridge::smartasync;

#[smartasync]
struct Struct;

#[smartasync]
impl Struct {
    fn method(&self) {}
}

#[smartasync]
trait Trait {}

#[smartasync]
mod module {}

#[smartasync]
const CONSTANT: u8 = 1;

#[smartasync]
static STATIC: u8 = CONSTANT;

#[smartasync]
macro_rules! rules {
    () => {};
}

#[smartasync]
extern crate core;

unsafe extern "C" {
    #[smartasync]
    safe fn foreign();
}

fn main() {
    rules!();
    Struct.method();
    let _ = STATIC;
}
