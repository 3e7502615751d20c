//! A future that takes a lineage along to the thread that polls it.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Lineage, current::enter_scope};

/// The future of [`Lineage::scope`].
#[must_use = "futures do nothing unless polled"]
pub struct Scope<F> {
    pub(super) lineage: Lineage,
    pub(super) future: Pin<Box<F>>,
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _installed = enter_scope(self.lineage.clone());
        self.future.as_mut().poll(cx)
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("lineage", &self.lineage)
            .finish_non_exhaustive()
    }
}
