//! The option `crate = path` takes a path, once.
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
