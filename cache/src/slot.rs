//! One thread's half of a cache: the entry in force there.
//!
//! A slot holds the entry of the cache's innermost driven poll on its thread. A
//! future brings an entry of its own, and for the time of a poll the two change
//! places: the thread has the future's entry, the future keeps the one that was
//! in force before. So entries live exactly as long as their polls, nothing is
//! allocated or counted, and a thread that ends leaves nothing behind.

use std::mem;

use crate::generation::{Generation, Stamp};

/// A place for an entry: a thread's, or a future's.
#[derive(Debug)]
pub(crate) struct Slot<T>(Option<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    stamp: Stamp,
    value: T,
}

impl<T> Slot<T> {
    pub(crate) const EMPTY: Self = Self(None);

    /// A slot with an entry that has not been in force yet.
    pub(crate) fn with(value: T) -> Self {
        Self(Some(Entry {
            stamp: Stamp::FIRST,
            value,
        }))
    }

    /// Dates the entry.
    #[inline]
    pub(crate) fn date(&mut self, stamp: Stamp) {
        if let Some(entry) = &mut self.0 {
            entry.stamp = stamp;
        }
    }

    /// Changes places, on the way in and on the way out.
    #[inline]
    pub(crate) fn exchange(&mut self, other: &mut Self) {
        mem::swap(&mut self.0, &mut other.0);
    }

    /// The value in force, if it still counts.
    #[inline]
    pub(crate) fn find(&self, generation: &Generation) -> Option<&T> {
        let entry = self.0.as_ref()?;
        generation.counts(entry.stamp).then_some(&entry.value)
    }
}
