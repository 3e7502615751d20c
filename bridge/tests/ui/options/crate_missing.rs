//! The path in `crate = path` does not exist.
use bridge::smartasync;

#[smartasync(crate = nowhere)]
async fn lost() {}

fn main() {}
