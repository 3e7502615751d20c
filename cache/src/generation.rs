//! The part of a cache that crosses threads: a reset makes older entries
//! invalid.
//!
//! No thread can reach into the slot of another thread, so a reset does not
//! empty the slots. It begins a new generation. Each entry carries the stamp of
//! the generation in which it was made. A thread that finds an older stamp does
//! not trust the entry.
//!
//! | who | does | with |
//! |---|---|---|
//! | the thread of a poll | stamps its entry | [`Generation::stamp`] |
//! | the same thread, later | looks whether the stamp is current | [`Generation::is_current`] |
//! | any thread | ends the generation | [`Generation::end`] |
//!
//! *Why it holds.* Only a reset changes the number, by one atomic addition. A
//! stamp is read before its entry is made, so its generation began before the
//! entry was made. A look-up that happens after a reset reads the number of
//! that reset or a later number, by coherence. Every older stamp differs from
//! that number. 64 bits do not wrap around.

use crate::sync::{AtomicU64, Ordering};

/// The generation whose entries are trusted now.
#[derive(Debug)]
pub(crate) struct Generation(AtomicU64);

/// The generation in which an entry was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The stamp of an entry that no cache has dated yet.
    pub(crate) const FIRST: Self = Self(0);
}

impl Generation {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Returns the stamp for an entry that is about to be made.
    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(self.0.load(Ordering::Acquire))
    }

    /// Returns whether no generation has ended since `stamp`. A thread that
    /// reads `false` also sees what happened before the reset.
    #[inline]
    pub(crate) fn is_current(&self, stamp: Stamp) -> bool {
        self.stamp() == stamp
    }

    /// Returns how many generations have ended.
    #[cfg(all(test, bridge_loom))]
    pub(crate) fn ended(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Ends the generation: no earlier stamp is trusted from here on.
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
