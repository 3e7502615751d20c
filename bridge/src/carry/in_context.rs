//! A spawned task that runs in the context of its spawner.

use std::{
    pin::Pin,
    task::{Context, Poll},
    thread,
};

use pin_project_lite::pin_project;

use super::captured::Captured;

pin_project! {
    /// Polls and drops its future in the captured context.
    pub(crate) struct InContext<F> {
        captured: Option<Captured>,
        // `None` once the future was dropped.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for InContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // The future's destructors belong to the task, so they see its context. While the
            // thread unwinds, no carrier is called: its panic would abort the process.
            if !thread::panicking() {
                Captured::enter(this.captured.as_ref(), || this.future.set(None));
            }
        }
    }
}

impl<F> InContext<F> {
    pub(crate) fn new(captured: Option<Captured>, future: F) -> Self {
        Self {
            captured,
            future: Some(future),
        }
    }
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else {
            unreachable!("only the drop of the task takes the future out")
        };
        Captured::enter(this.captured.as_ref(), || future.poll(cx))
    }
}
