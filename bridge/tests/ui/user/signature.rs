//! The compiler reports an error in a signature once, in place.
use bridge::smartasync;

#[smartasync]
fn unclear(x: &str, y: &str) -> &str {
    x
}

#[smartasync]
fn unclear_mut(x: &mut Vec<u8>, y: &str) -> Option<&str> {
    None
}

#[smartasync]
async fn unclear_async(x: &str, y: &str) -> &str {
    x
}

#[smartasync]
fn twice(x: u8, x: u8) -> u8 {
    x
}

#[smartasync]
async fn twice_async(x: u8, (y, x): (u8, u8), x: &str) -> u8 {
    y
}

fn main() {
    unclear("", "").wait();
    unclear_mut(&mut vec![], "").wait();
    unclear_async("", "").wait();
    twice(1, 2).wait();
    twice_async(1, (2, 3), "").wait();
}
