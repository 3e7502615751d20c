//! These closures and futures must stay on their thread.
use std::rc::Rc;

use bridge::Handler;

fn main() {
    let rc = Rc::new(1);
    let _ = Handler::from_fn(move |x: u8| x + *rc);
    let _ = Handler::from_async_fn(async |x: u8| {
        let rc = Rc::new(x);
        tokio::task::yield_now().await;
        *rc
    });
}
