//! Arguments that a call can't hold.
use bridge::smartasync;

#[smartasync]
fn conditional(#[cfg(all())] x: u8) -> u8 {
    x
}

#[smartasync]
#[rustfmt::skip]
fn many(
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
    _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8,
) {}

fn main() {
    conditional(1).wait();
}
