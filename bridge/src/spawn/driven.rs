//! A spawned task that tells the bridge's cache, in each poll, which runtime
//! drives it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use cache::{Cache, Driver};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

pin_project! {
    pub(crate) struct Driven<F> {
        cache: Arc<Cache>,
        driver: Driver,
        #[pin]
        future: F,
    }
}

impl<F> Driven<F> {
    /// Wraps a future that is about to be spawned on `runtime`.
    pub(crate) fn new(cache: &Arc<Cache>, runtime: &Handle, future: F) -> Self {
        Self {
            cache: Arc::clone(cache),
            driver: Driver::new(runtime.clone()),
            future,
        }
    }
}

impl<F: Future> Future for Driven<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.cache.driven(this.driver, || this.future.poll(cx))
    }
}
