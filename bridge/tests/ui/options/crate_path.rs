//! `crate = path` takes the path of this crate, and a wrong one is shown.
use bridge::smartasync;

#[smartasync(crate)]
fn no_value() {}

#[smartasync(crate = "bridge")]
fn text() {}

#[smartasync(crate = bridge, crate = bridge)]
fn twice() {}

#[smartasync(crat = bridge)]
fn nearly() {}

fn main() {
    no_value().wait();
    text().wait();
    twice().wait();
    nearly().wait();
}
