//! What the bridge knows of this thread because it put it there.
//!
//! A mark is a thread-local word that a guard sets and restores. It is for the
//! bridge's own crates: whoever sets one promises that what runs under it runs
//! on this thread, without a coop budget and outside a Tokio worker, so that
//! Tokio's evidence can go before it (see [`Place`]).

use std::{cell::Cell, marker::PhantomData};

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
    /// The poll of a future inside [`in_async`](crate::in_async).
    Foreign,
}

thread_local! {
    // No destructor, hence readable while a thread's other locals are dropped.
    static MARK: Cell<Mark> = const { Cell::new(Mark::None) };
}

impl Mark {
    /// The mark in force on this thread.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        MARK.get()
    }

    /// Puts this mark in force until the guard drops. Guards nest, and are to
    /// be dropped in the reverse order of their making.
    ///
    /// ```
    /// use bridge_detect::{Context, Mark};
    ///
    /// let job = Mark::Job.set();
    /// assert_eq!(Context::current(), Context::Blocking);
    /// let wait = Mark::Wait.set();
    /// assert_eq!(Context::current(), Context::Async);
    /// drop(wait);
    /// assert_eq!(Context::current(), Context::Blocking);
    /// drop(job);
    /// assert_eq!(Context::current(), Context::Sync);
    /// ```
    #[inline]
    pub fn set(self) -> MarkGuard {
        MarkGuard {
            before: MARK.replace(self),
            here: PhantomData,
        }
    }

    #[inline]
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
#[must_use = "the mark is in force only until its guard drops"]
pub struct MarkGuard {
    before: Mark,
    /// A mark belongs to a thread, so its guard stays there.
    here: PhantomData<*const ()>,
}

impl Drop for MarkGuard {
    #[inline]
    fn drop(&mut self) {
        MARK.set(self.before);
    }
}
