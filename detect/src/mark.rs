//! What the bridge knows of this thread because it put it there.

use std::{
    cell::Cell,
    marker::PhantomData,
    pin::Pin,
    task::{self, Poll},
};

use crate::Place;

/// A note on this thread of what the bridge is running on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Nothing.
    #[default]
    None,
    /// A job of the offload pool.
    Job,
    /// The poll of a future that the bridge waits on.
    Wait,
    /// The poll of a future inside [`in_async`].
    Foreign,
}

thread_local! {
    static MARK: Cell<Mark> = const { Cell::new(Mark::None) };
}

impl Mark {
    /// The mark in force on this thread.
    #[must_use]
    pub fn current() -> Self {
        MARK.get()
    }

    /// Puts this mark in force until the guard drops.
    #[must_use]
    pub fn set(self) -> MarkGuard {
        MarkGuard { before: MARK.replace(self), here: PhantomData }
    }

    pub(crate) fn place(self) -> Option<Place> {
        match self {
            Self::None => None,
            Self::Job => Some(Place::Job),
            Self::Wait => Some(Place::Wait),
            Self::Foreign => Some(Place::Foreign),
        }
    }
}

/// Restores the mark that was in force before.
#[derive(Debug)]
#[must_use]
pub struct MarkGuard {
    before: Mark,
    here: PhantomData<*const ()>,
}

impl Drop for MarkGuard {
    fn drop(&mut self) {
        MARK.set(self.before);
    }
}

/// Marks the polls of `future` as async, for executors that can't be detected.
pub fn in_async<F: Future>(future: F) -> InAsync<F> {
    InAsync { future: Box::pin(future) }
}

/// The future of [`in_async`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct InAsync<F> {
    future: Pin<Box<F>>,
}

impl<F: Future> Future for InAsync<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let _mark = Mark::Foreign.set();
        self.future.as_mut().poll(cx)
    }
}
