//! The part of a cache that stays on one thread: the entry of the poll that runs
//! there.
//!
//! Each thread has a slot, and so has each future. The slot of a thread holds the
//! entry of the innermost driven poll on that thread. When a poll begins, the
//! future and the thread swap entries, and the future keeps the thread's previous
//! entry. When the poll ends, they swap back. So an entry is on the thread exactly
//! as long as its poll runs. A poll allocates and counts nothing, once its thread has a slot.
//! A thread that ends leaves no entry behind.

use std::mem;

use crate::generation::{Generation, Stamp};

/// A place for an entry: on a thread, or in a future.
#[derive(Debug)]
pub(crate) struct Slot<T>(Option<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    stamp: Stamp,
    value: T,
}

impl<T> Slot<T> {
    pub(crate) const EMPTY: Self = Self(None);

    /// Returns a slot whose entry has not been on a thread yet.
    pub(crate) fn with(value: T) -> Self {
        Self(Some(Entry {
            stamp: Stamp::FIRST,
            value,
        }))
    }

    /// Stamps the entry with a generation.
    #[inline]
    pub(crate) fn date(&mut self, stamp: Stamp) {
        if let Some(entry) = &mut self.0 {
            entry.stamp = stamp;
        }
    }

    /// Swaps the entries of two slots, when a poll begins and when it ends.
    #[inline]
    pub(crate) fn exchange(&mut self, other: &mut Self) {
        mem::swap(&mut self.0, &mut other.0);
    }

    /// Returns the value of the entry, if the entry is still trusted.
    #[inline]
    pub(crate) fn find(&self, generation: &Generation) -> Option<&T> {
        let entry = self.0.as_ref()?;
        generation.is_current(entry.stamp).then_some(&entry.value)
    }
}
