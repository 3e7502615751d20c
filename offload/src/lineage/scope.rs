//! A future that takes a lineage along to the thread that polls it.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Lineage, current::enter_scope};

/// The future of [`Lineage::scope`].
#[must_use = "futures do nothing unless polled"]
pub struct Scope<F> {
    lineage: Lineage,
    /// `None` once the future was dropped.
    future: Option<Pin<Box<F>>>,
}

impl<F> Scope<F> {
    pub(super) fn new(lineage: Lineage, future: Pin<Box<F>>) -> Self {
        Self {
            lineage,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            unreachable!("only the drop of the scope takes the future out")
        };
        let _installed = enter_scope(this.lineage.clone());
        future.as_mut().poll(cx)
    }
}

impl<F> Drop for Scope<F> {
    fn drop(&mut self) {
        // The future's destructors may submit jobs and wait for them. The pool must know that
        // these jobs belong to the same wait, also while the thread unwinds.
        let _installed = enter_scope(mem::take(&mut self.lineage));
        drop(self.future.take());
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("lineage", &self.lineage)
            .finish_non_exhaustive()
    }
}
