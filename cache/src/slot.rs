//! The thread's own half: the one entry in force, and who made it.
//!
//! A slot holds the entry of the innermost driven poll and nothing else. A
//! future brings an entry of its own, and for the time of a poll the two change
//! places: the thread has the future's entry, the future keeps the one that was
//! in force before. So entries live exactly as long as their polls, nothing is
//! allocated or counted, and a thread that ends or a cache that is dropped
//! leaves nothing behind.

use std::mem;

use crate::generation::{Generation, Stamp};

/// A place for an entry: a thread's, or a future's.
#[derive(Debug)]
pub(crate) struct Slot<T>(Option<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    /// The cache that made it, by address: the entry is in force only while
    /// that cache is borrowed, so it can neither move nor make room for another.
    owner: usize,
    stamp: Stamp,
    value: T,
}

/// No cache is at this address.
const NOBODY: usize = 0;

impl<T> Slot<T> {
    pub(crate) const EMPTY: Self = Self(None);

    /// A slot with an entry that is nobody's yet.
    pub(crate) fn with(value: T) -> Self {
        Self(Some(Entry {
            owner: NOBODY,
            stamp: Stamp::FIRST,
            value,
        }))
    }

    /// Makes the entry `owner`'s, as of `stamp`.
    #[inline]
    pub(crate) fn claim(&mut self, owner: usize, stamp: Stamp) {
        if let Some(entry) = &mut self.0 {
            (entry.owner, entry.stamp) = (owner, stamp);
        }
    }

    /// Changes places, on the way in and on the way out.
    #[inline]
    pub(crate) fn exchange(&mut self, other: &mut Self) {
        mem::swap(&mut self.0, &mut other.0);
    }

    /// The value in force, if `owner` made it and it still counts.
    #[inline]
    pub(crate) fn find(&self, owner: usize, generation: &Generation) -> Option<&T> {
        let entry = self.0.as_ref()?;
        (entry.owner == owner && generation.counts(entry.stamp)).then_some(&entry.value)
    }
}
