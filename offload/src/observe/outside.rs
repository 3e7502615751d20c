//! Lists the waits that park threads which are no workers, for reports.
//!
//! A thread that waits has a [`Listing`] in the list of a pool, and keeps it for its next wait on
//! the same pool. So that wait takes only the lock of its own listing, which no other wait needs.
//! The list forgets the listings that no thread keeps.

use std::{
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread::{self, Thread},
    time::Instant,
};

/// With so many listings, `add_listing` first looks for those that no thread keeps.
const MANY: usize = 16;

/// The waits of threads that are no workers, on the bridge of one pool.
///
/// The locks are always std's, also in models, because no protocol depends on them.
pub(crate) struct Outside {
    /// The number of the pool.
    pool: usize,
    list: Mutex<List>,
}

struct List {
    listings: Vec<Weak<Listing>>,
    /// At this number of listings, `add_listing` first removes those that no thread keeps.
    full: usize,
}

/// The listing of one thread in the list of one pool.
pub(crate) struct Listing {
    pool: usize,
    thread: Thread,
    wait: Mutex<Option<Wait>>,
}

/// A wait that has parked.
#[derive(Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) at: &'static Location<'static>,
    /// The name of the future's type.
    pub(crate) future: &'static str,
    /// When the wait first parked.
    pub(crate) since: Instant,
}

/// A thread that waits, for a report.
pub(crate) struct Waiter {
    pub(crate) wait: Wait,
    pub(crate) thread: Thread,
}

impl Outside {
    /// Makes the list of the pool with this number, which no other pool has.
    pub(crate) fn new(pool: usize) -> Self {
        let list = List {
            listings: Vec::new(),
            full: MANY,
        };
        Self {
            pool,
            list: Mutex::new(list),
        }
    }

    /// Adds a listing for this thread.
    pub(crate) fn add_listing(&self) -> Arc<Listing> {
        let listing = Arc::new(Listing {
            pool: self.pool,
            thread: thread::current(),
            wait: Mutex::new(None),
        });
        let mut list = lock(&self.list);
        if list.listings.len() >= list.full {
            list.forget();
            list.full = (2 * list.listings.len()).max(MANY);
        }
        list.listings.push(Arc::downgrade(&listing));
        listing
    }

    /// Returns whether a listing is in this list.
    pub(crate) fn has(&self, listing: &Listing) -> bool {
        listing.pool == self.pool
    }

    /// Returns the threads that wait, in the order in which they first parked.
    pub(crate) fn waiters(&self) -> Vec<Waiter> {
        let listings: Vec<_> = {
            let mut list = lock(&self.list);
            list.forget();
            list.listings.iter().filter_map(Weak::upgrade).collect()
        };
        let waiter = |listing: &Arc<Listing>| {
            let wait = (*lock(&listing.wait))?;
            let thread = listing.thread.clone();
            Some(Waiter { wait, thread })
        };
        let mut waiters: Vec<_> = listings.iter().filter_map(waiter).collect();
        waiters.sort_by_key(|waiter| waiter.wait.since);
        waiters
    }
}

impl List {
    /// Removes the listings that no thread keeps.
    fn forget(&mut self) {
        self.listings.retain(|listing| listing.strong_count() > 0);
    }
}

impl Listing {
    /// Notes the wait of the thread, or that it waits no more.
    pub(crate) fn set(&self, wait: Option<Wait>) {
        *lock(&self.wait) = wait;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise memory grows with the number of threads that have waited.
    #[test]
    fn listings_that_no_thread_keeps_are_forgotten() {
        let outside = Outside::new(1);
        let kept = outside.add_listing();
        for _ in 0..1_000 {
            drop(outside.add_listing());
        }
        assert!(outside.has(&kept));
        assert!(lock(&outside.list).listings.len() <= 2 * MANY);
        assert!(outside.waiters().is_empty());
        kept.set(Some(Wait {
            at: Location::caller(),
            future: "future",
            since: Instant::now(),
        }));
        assert_eq!(outside.waiters().len(), 1);
    }
}
