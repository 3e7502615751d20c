//! A wait: sync code that waits for async code.
//!
//! On a thread that is no worker, a wait just parks. On a worker it opens a frame, by which
//! the pool knows the descendants of the wait. When it parks it returns its permit, so
//! another worker may run what it waits for. If no worker can be had, the pool lends it a
//! descendant.
//!
//! [`on_worker`] is the part of a wait that only a worker has. [`park`] is the protocol
//! between a worker that parks and its pool. [`unpolled`] has the waits that poll nothing.

mod on_worker;
mod park;
mod unpolled;

use std::{panic::Location, time::Instant};

use self::on_worker::OnWorker;
use crate::{
    lineage, platform::fork::OfProcess, thread::park::Parker, vocabulary::report::Report,
    worker::this_worker,
};

pub(crate) use self::unpolled::{free_permit_while, wait_for_end};

/// An open wait on this thread.
///
/// Open it before the first poll, and keep it until after the last. Drop it on the
/// thread that opened it.
#[must_use]
pub struct Waiting {
    on_worker: Option<OfProcess<OnWorker>>,
}

/// The end of a park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Parked {
    /// The future may be ready, so poll again. Usually there was a token.
    Woken,
    /// The time of the alarm came first.
    TimedOut,
    /// The pool has lent this wait a job. Poll once more. If that does not end the wait,
    /// call [`Waiting::run_lent`].
    Lent,
    /// The pool can do nothing for this wait. This is told in one of two cases:
    ///
    /// - Every worker is parked, none can be added and nothing can be lent. If jobs are
    ///   queued, nothing has happened for a second. Otherwise this has been so for three
    ///   seconds. If nobody has set a limit of the pool, and no descendant is queued, this has
    ///   been so for a minute, unless another wait was told so shortly before.
    /// - Other workers run, but no worker is there to run a job that this wait depends on.
    ///   That has been so for three seconds.
    ///
    /// If no monitor can be started, the first case is told at once.
    Exhausted,
}

impl Waiting {
    /// Opens a wait on this thread. A report names the place of this call.
    #[inline]
    #[track_caller]
    pub fn open() -> Self {
        Self::open_at(Location::caller())
    }

    /// Like [`open`](Self::open), but gives `at` as the place of the wait.
    #[inline]
    pub fn open_at(at: &'static Location<'static>) -> Self {
        Self::open_with(Some(at))
    }

    #[inline]
    fn open_with(at: Option<&'static Location<'static>>) -> Self {
        if this_worker::is_worker() {
            Self::open_on_worker(at)
        } else {
            Self { on_worker: None }
        }
    }

    fn open_on_worker(at: Option<&'static Location<'static>>) -> Self {
        Self {
            on_worker: OnWorker::open(at).map(OfProcess::new),
        }
    }

    /// Returns the part of the wait that a worker has, if this thread is a worker. In a
    /// fork's child no thread is, even if the wait was opened before the fork.
    fn on_worker(&mut self) -> Option<&mut OnWorker> {
        self.on_worker.as_mut()?.get_mut().ok()
    }

    #[cold]
    fn close(&mut self) {
        if let Some(on_worker) = self.on_worker() {
            on_worker.close();
        }
        if let Some(frame) = lineage::opened_frame() {
            frame.close();
        }
    }

    /// Returns whether this thread was a worker of a pool when the wait was opened.
    #[must_use]
    pub fn is_on_pool_thread(&self) -> bool {
        self.on_worker.is_some()
    }

    /// Parks until there is a token, until the time of the `alarm`, or until the pool lends a
    /// job or refuses the wait.
    pub fn park(&mut self, parker: &Parker, alarm: Option<Instant>) -> Parked {
        match self.on_worker() {
            Some(on_worker) => on_worker.park(parker, alarm),
            None if parker.park(alarm) => Parked::Woken,
            None => Parked::TimedOut,
        }
    }

    /// Notes that the wait polls again at once instead of parking.
    ///
    /// The wait of a future that wakes itself never parks. It would keep its permit, which
    /// the very job that it waits for may need. So now and then this call frees the permit
    /// for a moment.
    pub fn skip_park(&mut self) {
        if let Some(on_worker) = self.on_worker() {
            on_worker.skip_park();
        }
    }

    /// Returns a report of the pool whose worker this is. If the pool has
    /// [refused](Parked::Exhausted) this wait, the report shows that moment.
    #[must_use]
    pub fn report(&mut self) -> Report {
        self.on_worker()
            .map_or_else(Report::default, OnWorker::report)
    }

    /// Returns whether a job was lent to this wait and has not run. If a wait within the
    /// last poll has given the job back, this asks the pool to lend it once more.
    #[must_use]
    pub fn has_lent(&mut self) -> bool {
        self.on_worker().is_some_and(OnWorker::has_lent)
    }

    /// Runs the job that was lent. Returns false if there was none. Poll again before
    /// the next park, because the future may be ready now.
    #[must_use]
    pub fn run_lent(&mut self) -> bool {
        self.on_worker().is_some_and(OnWorker::run_lent)
    }
}

impl Drop for Waiting {
    #[inline]
    fn drop(&mut self) {
        if self.is_on_pool_thread() {
            self.close();
        }
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting")
            .field("on_pool_thread", &self.is_on_pool_thread())
            .finish_non_exhaustive()
    }
}
