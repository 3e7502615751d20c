//! The tag that the bridge puts on a thread, to say what it runs there.
//!
//! A tag is a thread-local value that a guard sets and restores. Only the bridge's
//! own crates set tags. The code under a tag must run on this thread, without a coop
//! budget and outside a Tokio worker. Therefore Tokio's evidence comes before the tag
//! (see [`Place`]).

use std::{cell::Cell, marker::PhantomData};

use crate::Place;

/// The kind of code that the bridge runs on a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ThreadTag {
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
    // It has no destructor, so it can be read while a thread's other locals are dropped.
    static TAG: Cell<ThreadTag> = const { Cell::new(ThreadTag::None) };
}

impl ThreadTag {
    /// Returns the tag in force on this thread.
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        TAG.get()
    }

    /// Puts this tag in force until the guard drops. Guards nest. Drop them in the
    /// reverse order of their making.
    ///
    /// ```
    /// use bridge_detect::{Context, ThreadTag};
    ///
    /// let job = ThreadTag::Job.set();
    /// assert_eq!(Context::current(), Context::Blocking);
    /// let wait = ThreadTag::Wait.set();
    /// assert_eq!(Context::current(), Context::Async);
    /// drop(wait);
    /// assert_eq!(Context::current(), Context::Blocking);
    /// drop(job);
    /// assert_eq!(Context::current(), Context::Sync);
    /// ```
    #[inline]
    pub fn set(self) -> TagGuard {
        TagGuard {
            before: TAG.replace(self),
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

/// Restores the tag that was in force before.
#[derive(Debug)]
#[must_use = "the tag is in force only until its guard drops"]
pub struct TagGuard {
    before: ThreadTag,
    /// Keeps the guard on its thread, to which the tag belongs.
    here: PhantomData<*const ()>,
}

impl Drop for TagGuard {
    #[inline]
    fn drop(&mut self) {
        TAG.set(self.before);
    }
}
