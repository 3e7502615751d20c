//! Tokio's `spawn_blocking` and `block_in_place`, by what the bridge has instead.
//!
//! The audit's stage `peers` puts them into Tokio's own tests. This package also names
//! the peers and their versions, so that Cargo fetches their sources.
#![forbid(unsafe_code)]

use std::{
    task::{Context, Poll},
    thread,
};

use tokio::task::JoinHandle;

/// Runs `closure` on the bridge's pool, from now on.
pub fn spawn_blocking<F, T>(closure: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    bridge::spawn(bridge::offload(closure).start())
}

/// Runs `closure` in a wait: there this thread may block.
///
/// # Panics
///
/// Where a wait is refused, as Tokio's function panics there.
pub fn block_in_place<F, R>(closure: F) -> R
where
    F: FnOnce() -> R,
{
    bridge::wait(async {
        // Some waits are refused only once their future is pending.
        pending_once().await;
        closure()
    })
}

/// A future that is pending until another thread wakes it.
async fn pending_once() {
    let mut waker = None;
    std::future::poll_fn(|cx: &mut Context<'_>| {
        if waker.replace(cx.waker().clone()).is_some() {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        thread::spawn(move || waker.wake());
        Poll::Pending
    })
    .await;
}
