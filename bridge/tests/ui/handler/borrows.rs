//! The future of this async closure borrows what the closure owns.
use bridge::Handler;

fn main() {
    let owned = String::new();
    let _ = Handler::from_async_fn(async move |x: usize| owned.len() + x);
}
