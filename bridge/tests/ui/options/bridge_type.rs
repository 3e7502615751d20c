//! The expression must lead to a bridge, and sees no arguments.
use bridge::smartasync;

#[smartasync(bridge = 5)]
async fn number() {}

#[smartasync(bridge = argument)]
async fn from_argument(argument: &'static bridge::Bridge) {
    let _ = argument;
}

fn main() {
    number().wait();
    from_argument(bridge::Bridge::global()).wait();
}
