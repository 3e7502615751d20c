//! A path that leads nowhere.
use bridge::smartasync;

#[smartasync(crate = nowhere)]
async fn lost() {}

fn main() {}
