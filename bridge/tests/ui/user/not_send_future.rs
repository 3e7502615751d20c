//! A future that isn't `Send` says what it holds, as a plain one does.
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
