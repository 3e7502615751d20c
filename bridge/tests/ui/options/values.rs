//! An option has a missing, superfluous or wrong value.
use bridge::smartasync;

#[smartasync(bridge)]
async fn bridge_without() {}

#[smartasync(bridge = , debug)]
async fn bridge_empty() {}

#[smartasync(debug = true)]
fn debug_with() {}

#[smartasync(blocking)]
fn blocking_without() {}

#[smartasync(blocking = "name")]
fn blocking_text() {}

fn main() {
    bridge_without().wait();
    bridge_empty().wait();
    debug_with().wait();
    blocking_without().wait();
    blocking_text().wait();
}
