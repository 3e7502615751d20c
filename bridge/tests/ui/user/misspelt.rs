//! The compiler reports unknown attributes, and attributes not for functions.
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
