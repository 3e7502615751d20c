//! The part of a job that the pool reads without the job's lock, and without its types.

use std::{panic::Location, sync::atomic::Ordering};

use crate::{
    platform::sync::{AtomicU8, AtomicU32, AtomicUsize},
    thread::clock::{BEGUN, Tick},
    timing::Stamp,
};

/// The part of a job that the pool reads without knowing the job's types.
pub(crate) struct Header {
    /// Where the closure was offloaded.
    pub(crate) at: &'static Location<'static>,
    /// The list of the queue that holds the job. Only the queue uses it, under the
    /// pool's lock.
    pub(crate) list: AtomicU8,
    /// The bits [`CANCELLED`], [`STOPPING`], [`DETACHED`], [`LISTENED_TO`] and [`LEFT`].
    flags: AtomicU8,
    /// The job's end, once the caller can see the result. The metrics look here until
    /// the pool has counted the job.
    shown: AtomicU8,
    /// The upper bits of a [`Stamp`], until the closure begins.
    upper: AtomicU8,
    /// The time when the closure began, with the bit [`BEGUN`]. Until then, the lower bits of
    /// the [`Stamp`] of its admission, if the pool measures its jobs.
    begun: AtomicU32,
    /// The number of the wait that polled for the job last, or 0.
    adopter: AtomicUsize,
    /// A lower bound on the number of unrelated jobs that were pushed before this job.
    unrelated_before: AtomicUsize,
}

/// The caller does not need the job any more.
const CANCELLED: u8 = 1;
/// A shutdown has asked the job to stop.
const STOPPING: u8 = 2;
/// Nobody awaits the job, and it runs all the same.
const DETACHED: u8 = 4;
/// The job has had hooks, or futures that wait for its cancellation.
const LISTENED_TO: u8 = 8;
/// The caller has dropped its future.
const LEFT: u8 = 16;
/// The pool was closed when it took the job.
const LATE: u8 = 32;

// The values of `shown`.
const HIDDEN: u8 = 0;
const COMPLETED: u8 = 1;
const PANICKED: u8 = 2;

/// The end of a job that a worker took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Finish {
    /// The closure returned.
    Completed,
    /// The closure panicked. Or nobody was left to take the result, and its
    /// destructor panicked.
    Panicked,
    /// The job was withdrawn or abandoned before the worker claimed it. There is nothing to
    /// count.
    Withdrawn,
}

impl Finish {
    /// Returns how a job ended whose closure has this result.
    pub(crate) fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Completed,
            Err(_) => Self::Panicked,
        }
    }
}

impl Header {
    pub(crate) fn new(at: &'static Location<'static>) -> Self {
        Self {
            at,
            list: AtomicU8::new(0),
            flags: AtomicU8::new(0),
            shown: AtomicU8::new(HIDDEN),
            upper: AtomicU8::new(0),
            begun: AtomicU32::new(0),
            adopter: AtomicUsize::new(0),
            unrelated_before: AtomicUsize::new(0),
        }
    }

    /// Notes how the job ended, just before its caller can see the result.
    pub(crate) fn show(&self, finish: Finish) {
        let shown = match finish {
            Finish::Completed => COMPLETED,
            Finish::Panicked => PANICKED,
            Finish::Withdrawn => HIDDEN,
        };
        self.shown.store(shown, Ordering::Relaxed);
    }

    /// Returns how the job ended, if its caller can see the result.
    pub(crate) fn shown(&self) -> Option<Finish> {
        match self.shown.load(Ordering::Relaxed) {
            COMPLETED => Some(Finish::Completed),
            PANICKED => Some(Finish::Panicked),
            _ => None,
        }
    }

    /// Notes the number of unrelated jobs that were pushed before this job.
    pub(crate) fn set_unrelated_before(&self, count: usize) {
        self.unrelated_before.store(count, Ordering::Relaxed);
    }

    /// Returns a lower bound on the number of unrelated jobs that were pushed before this
    /// job.
    pub(crate) fn unrelated_before(&self) -> usize {
        self.unrelated_before.load(Ordering::Relaxed)
    }

    /// Notes the number of the wait that polls for the job.
    pub(crate) fn set_adopter(&self, wait: usize) {
        self.adopter.store(wait, Ordering::Relaxed);
    }

    /// Returns the number of the wait that polled for the job last, or 0.
    pub(crate) fn adopter(&self) -> usize {
        self.adopter.load(Ordering::Relaxed)
    }

    /// Returns whether a list of the queue holds the job. The answer holds only under
    /// the pool's lock.
    #[cfg(not(any(bridge_loom, bridge_shuttle)))]
    pub(crate) fn is_listed(&self) -> bool {
        self.list.load(Ordering::Relaxed) != 0
    }

    /// Notes that the caller does not need the job any more.
    pub(crate) fn cancel(&self) {
        self.flags.fetch_or(CANCELLED, Ordering::Relaxed);
    }

    /// Notes that the caller has dropped its future.
    pub(super) fn leave(&self) {
        self.flags.fetch_or(CANCELLED | LEFT, Ordering::Relaxed);
    }

    /// Returns whether the caller may still poll for the result.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.has(DETACHED | LEFT)
    }

    /// Returns whether the caller does not need the job any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.has(CANCELLED)
    }

    /// Notes that a shutdown asks the job to stop.
    pub(crate) fn stop(&self) {
        self.flags.fetch_or(STOPPING, Ordering::Relaxed);
    }

    /// Returns whether the closure should return early. This is the answer of
    /// [`cancelled`](crate::cancelled).
    pub(crate) fn should_stop(&self) -> bool {
        self.has(CANCELLED | STOPPING)
    }

    /// Notes that nobody awaits the job, and that it runs all the same.
    pub(crate) fn detach(&self) {
        self.flags.fetch_or(DETACHED, Ordering::Relaxed);
    }

    /// Returns whether the job was detached.
    pub(crate) fn is_detached(&self) -> bool {
        self.has(DETACHED)
    }

    /// Notes that a closed pool takes the job, because an admitted job needs it.
    pub(crate) fn admit_late(&self) {
        self.flags.fetch_or(LATE, Ordering::Relaxed);
    }

    /// Returns whether the pool was closed when it took the job.
    pub(crate) fn is_late(&self) -> bool {
        self.has(LATE)
    }

    /// Notes that a hook or a future listens. The caller holds the lock of the pool's
    /// table, so a thread that sees the flag finds the listeners there.
    pub(super) fn listen(&self) {
        self.flags.fetch_or(LISTENED_TO, Ordering::Relaxed);
    }

    /// Returns whether the job has had hooks, or futures that wait for its cancellation.
    pub(super) fn is_listened_to(&self) -> bool {
        self.has(LISTENED_TO)
    }

    fn has(&self, flags: u8) -> bool {
        self.flags.load(Ordering::Relaxed) & flags != 0
    }

    /// Notes the time when the closure begins. From then on the job does not know when it
    /// was [admitted](Self::admitted).
    pub(crate) fn begin(&self, tick: Tick) {
        self.begun.store(tick, Ordering::Relaxed);
    }

    /// Notes when the job was admitted.
    pub(crate) fn admit(&self, Stamp { upper, lower }: Stamp) {
        self.upper.store(upper, Ordering::Relaxed);
        self.begun.store(lower, Ordering::Relaxed);
    }

    /// Returns when the job was admitted. Only a job that has not begun knows it.
    pub(crate) fn admitted(&self) -> Stamp {
        Stamp {
            upper: self.upper.load(Ordering::Relaxed),
            lower: self.begun.load(Ordering::Relaxed),
        }
    }

    /// Returns the time when the closure began, if it has begun. A worker may have taken the
    /// job and not begun it.
    pub(crate) fn begun(&self) -> Option<Tick> {
        let begun = self.begun.load(Ordering::Relaxed);
        (begun & BEGUN != 0).then_some(begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the time in the queue is wrong in a pool that is older than a minute.
    #[test]
    fn the_time_of_the_admission_is_kept() {
        let header = Header::new(Location::caller());
        let admitted = Stamp { upper: 3, lower: 7 };
        header.admit(admitted);
        assert_eq!(header.admitted(), admitted);
    }
}
