//! Arguments that a call cannot hold are refused.
use bridge::smartasync;

#[smartasync]
fn hidden(#[cfg_attr(all(), cfg(all()))] x: u8) -> u8 {
    x
}

#[smartasync]
#[rustfmt::skip]
async fn many(
    #[cfg(all())] a: u8, #[cfg(any())] a: u8, #[cfg(not(any()))] b: u8, #[cfg(not(all()))] b: u8,
    #[cfg(all(all()))] c: u8,
) {
    let _ = (a, b, c);
}

fn main() {
    hidden(1).wait();
}
