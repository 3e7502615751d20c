//! The error about a future that is not `Send` names the value that it holds.
use std::rc::Rc;

use bridge::smartasync;

#[smartasync]
async fn holds() {
    let held = Rc::new(1);
    tokio::task::yield_now().await;
    drop(held);
}

fn main() {
    tokio::spawn(holds());
}
