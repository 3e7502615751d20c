//! The attribute goes on functions.
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

fn main() {
    Struct.method();
    let _ = STATIC;
}
