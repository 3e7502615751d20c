//! A user's names may equal those of the standard library and of the expansion.
#![deny(warnings)]
#![allow(dead_code, unused_macros)]

use bridge::smartasync;

struct Result;
struct Option;
struct Box;
struct Some;
struct Future;
struct Send;
struct Via;
struct Global;
struct Ref;
struct Val;
struct SyncCall;
struct AsyncCall;
struct Bridge;
mod std {}
mod core {}
mod alloc {}
mod bridge_private {}
trait Wait {}

macro_rules! concat {
    () => {};
}
macro_rules! module_path {
    () => {};
}

fn smartasync_bridge() -> &'static bridge::Bridge {
    bridge::Bridge::global()
}

#[smartasync(bridge = smartasync_bridge())]
async fn on_bridge(bridge: u8) -> u8 {
    bridge
}

#[smartasync(debug)]
async fn asynchronous(run: u8, arg0: u8, (arg1, arg2): (u8, u8), setup: u8, future: u8) -> u8 {
    let this = run + arg0 + arg1;
    let bridge = this + arg2 + setup;
    bridge + future
}

#[smartasync(debug, blocking = twin)]
fn synchronous<'a, Impl0: Into<u8>>(
    run: &'a u8,
    arg0: u8,
    (arg2, arg1): (u8, &'a u8),
    setup: impl Into<u8>,
    inner0: Impl0,
) -> u8 {
    let args = *run + arg0 + arg1;
    let value = args + arg2 + setup.into();
    value + inner0.into()
}

struct This {
    this: u8,
}

impl This {
    #[smartasync]
    fn method(&self, this: u8) -> u8 {
        let __self = self.this;
        __self + this
    }

    #[smartasync(blocking = local_twin)]
    fn local(&self) -> u8 {
        let self_ = 2;
        self_ + self.this
    }
}

fn main() {
    assert_eq!(asynchronous(1, 1, (1, 1), 1, 1).wait(), 6);
    assert_eq!(on_bridge(1).wait(), 1);
    assert_eq!(synchronous(&1, 1, (1, &1), 1, 1).wait(), 6);
    assert_eq!(twin(&1, 1, (1, &1), 1, 1), 6);
    assert_eq!(This { this: 1 }.method(2).wait(), 3);
    assert_eq!(This { this: 1 }.local().wait(), 3);
    assert_eq!(This { this: 1 }.local_twin(), 3);
}
