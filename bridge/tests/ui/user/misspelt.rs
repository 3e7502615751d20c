//! Attributes that are none, or none of a function's: the compiler's messages.
use bridge::smartasync;

#[smartasync]
#[instrumnt]
fn below() -> u8 {
    1
}

#[instrumnt]
#[smartasync]
async fn above() -> u8 {
    1
}

#[smartasync]
#[inlin]
fn nearly() -> u8 {
    1
}

fn main() {
    let _: u8 = below().wait() + above().wait() + nearly().wait();
}
