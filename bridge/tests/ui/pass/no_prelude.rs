//! The expansion uses nothing from the standard prelude.
#![no_implicit_prelude]
#![deny(warnings)]

#[::bridge::smartasync]
async fn asynchronous(x: &u8) -> u8 {
    *x
}

#[::bridge::smartasync(debug, bridge = ::bridge::Bridge::global(), blocking = twin)]
fn synchronous(x: &u8, y: ::std::option::Option<&u8>, z: (&u8, u8)) -> u8 {
    let _ = (y, z);
    *x
}

#[::bridge::smartasync(blocking = twin_async, debug)]
async fn never(x: bool) -> ! {
    if x {
        ::std::process::exit(0)
    }
    loop {}
}

fn main() {
    ::std::assert_eq!(asynchronous(&1).wait(), 1);
    ::std::assert_eq!(synchronous(&1, ::std::option::Option::Some(&1), (&1, 1)).wait(), 1);
    ::std::assert_eq!(twin(&1, ::std::option::Option::None, (&1, 1)), 1);
    twin_async(true);
}
