//! Copied attributes cause no warning about the copy.
#![deny(warnings)]
use bridge::smartasync;

#[smartasync]
fn argument(#[expect(unused_variables)] x: u8, #[expect(unused_mut)] mut y: u8) -> u8 {
    y
}

#[smartasync(blocking = argument_blocking)]
async fn argument_async(
    #[expect(unused_variables, reason = "later")] x: u8,
    #[expect(unused_variables)] (a, b): (u8, u8),
) {
}

#[derive(Clone)]
struct S;

impl S {
    #[smartasync(blocking = method_blocking)]
    #[expect(unused_variables)]
    fn method(&self, x: u8) {}

    #[smartasync(blocking = conditional_blocking)]
    #[cfg_attr(all(), expect(unused_variables))]
    async fn conditional(&self, x: u8) {}
}

pub struct Old;

impl Old {
    #[smartasync(blocking = get_blocking)]
    #[deprecated = "take the new one"]
    pub fn get(&self) -> u8 {
        1
    }
}

fn main() {
    argument(1, 2).wait();
    argument_async(1, (2, 3)).wait();
    argument_blocking(1, (2, 3));
    S.method(1).wait();
    S.method_blocking(1);
    S.conditional(1).wait();
    S.conditional_blocking(1);
    #[allow(deprecated)]
    let _ = Old.get().wait() + Old.get_blocking();
}
