//! The cross-thread half: which entries were made before the last reset?
//!
//! Nobody can reach into another thread's slot, so a reset does not empty the
//! slots. It begins a new generation, and an entry that carries the stamp of an
//! older one is not trusted when its own thread next looks.
//!
//! | who | does | with |
//! |---|---|---|
//! | the thread of a poll | stamps its entry | [`Generation::stamp`] |
//! | the same thread, later | looks whether the stamp still counts | [`Generation::counts`] |
//! | any thread | ends the generation | [`Generation::end`] |
//!
//! *Why it holds.* The number only grows, by one indivisible addition a reset.
//! A stamp is read before its entry is made, so an entry never carries a
//! generation that began after it. A look-up which happens after a reset reads
//! that reset's number or a later one, by coherence; every stamp older than
//! this differs from it. 64 bits do not come round.

use crate::sync::{AtomicU64, Ordering};

/// The generation of entries that is trusted now.
#[derive(Debug)]
pub(crate) struct Generation(AtomicU64);

/// The generation in which an entry was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// Of entries that are nobody's yet.
    pub(crate) const FIRST: Self = Self(0);
}

impl Generation {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// For an entry about to be made.
    #[inline]
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp(self.0.load(Ordering::Acquire))
    }

    /// Whether no generation has ended since `stamp`. Whoever learns that one
    /// has also sees what was done before that.
    #[inline]
    pub(crate) fn counts(&self, stamp: Stamp) -> bool {
        self.stamp() == stamp
    }

    /// How many generations have ended.
    #[cfg(all(test, bridge_loom))]
    pub(crate) fn ended(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// From here on no earlier stamp counts.
    pub(crate) fn end(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
