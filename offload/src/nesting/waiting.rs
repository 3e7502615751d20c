//! Parks a wait. On a worker, this frees the permit, and may lend the worker a job.
//!
//! Sync code that waits for async code calls this. On a thread that is no worker, a
//! wait just parks. On a worker it opens a frame, by which the pool knows the
//! descendants of the wait. When it parks it returns its permit, so another worker may
//! run what it waits for. If no worker can be had, the pool lends it a descendant.

mod unpolled;

use std::{
    mem,
    panic::Location,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    Report,
    job::{runnable::Submitted, running},
    nesting::lineage::{self, Frame, Installed},
    platform::{
        fork::OfProcess,
        sync::{now, sleep},
    },
    schedule::state::{Action, ParkDecision, ParkEnd, ParkRequest, Snapshot},
    thread::{
        park::Parker,
        worker::{self, Lent, Worker},
    },
};

pub(crate) use self::unpolled::{free_permit_while, wait_for_end};

/// After this many polls in a row without a park, a wait gives way: it frees its permit
/// for a moment.
const BUSY: u32 = 64;

/// A wait that gives way checks at most this often whether the work has been taken.
const STEPS: u32 = 10;

/// The time between two of these checks.
const STEP: Duration = Duration::from_micros(100);

/// An open wait on this thread.
///
/// Open it before the first poll, and keep it until after the last. Drop it on the
/// thread that opened it.
#[must_use]
pub struct Waiting {
    on_worker: Option<OfProcess<OnWorker>>,
}

/// The part of a wait that only a worker has.
struct OnWorker {
    worker: Worker,
    /// The number of polls since the last park.
    busy: u32,
    /// Whether this wait was lent a job and has not run it. If the worker does not keep
    /// that job any more, a wait within the last poll has given it back.
    owes: bool,
    /// Whether the pool has refused this wait. The wait polls once more, because its future
    /// may have become ready at the same time.
    refused: bool,
    /// When this wait first parked.
    since: Option<Instant>,
    /// The state of the pool when it refused this wait.
    snapshot: Option<Box<Snapshot>>,
    /// This field is dropped last, because the frame is in force as long as the wait is
    /// open.
    _installed: Installed,
}

/// The end of a park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Parked {
    /// The future may be ready, so poll again. Usually there was a token.
    Woken,
    /// The time came to which the caller had limited the park.
    TimedOut,
    /// The pool has lent this wait a job. Poll once more. If that does not end the wait,
    /// call [`Waiting::run_lent`].
    Lent,
    /// The pool can do nothing for this wait. This is told in one of two cases:
    ///
    /// - Every worker is parked, none can be added and nothing can be lent. If jobs are
    ///   queued, nothing has happened for a second. Otherwise this has been so for three
    ///   seconds.
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
        if worker::is_worker() {
            Self::open_on_worker(Some(at))
        } else {
            Self { on_worker: None }
        }
    }

    fn open_on_worker(at: Option<&'static Location<'static>>) -> Self {
        let on_worker = Worker::current().map(|worker| {
            // The wait around this one may have been lent a job. It polls once more before
            // it runs that job, and this wait opens within that poll. If this wait needs
            // the job, nobody would run it. So the pool takes it back.
            worker.return_lent();
            OfProcess::new(OnWorker {
                busy: 0,
                owes: false,
                refused: false,
                since: None,
                snapshot: None,
                _installed: lineage::open_wait(worker.core.id(), running::current(), at),
                worker,
            })
        });
        Self { on_worker }
    }

    /// Returns the part of the wait that a worker has, if this thread is a worker. In a
    /// fork's child no thread is, even if the wait was opened before the fork.
    fn on_worker(&mut self) -> Option<&mut OnWorker> {
        self.on_worker.as_mut()?.get_mut().ok()
    }

    #[cold]
    fn close(&mut self) {
        if let Some(on_worker) = self.on_worker() {
            on_worker.worker.return_lent();
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
        let Some(OnWorker {
            worker, snapshot, ..
        }) = self.on_worker()
        else {
            return Report::default();
        };
        match snapshot.take() {
            Some(snapshot) => Report::of(&worker.core, *snapshot),
            None => worker.core.take_report(),
        }
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

impl OnWorker {
    /// Returns the request of this wait to park.
    fn park_request(&mut self, parker: &Parker) -> ParkRequest {
        let frame = lineage::frame();
        ParkRequest {
            account: lineage::job_frame().unwrap_or_else(|| Arc::clone(&frame)),
            frame,
            unparker: parker.unparker().clone(),
            stack: self.worker.stack,
            since: *self.since.get_or_insert_with(now),
            // While this thread unwinds, a lent job would see that panic, and would not
            // poison what it locks.
            lends: self.worker.is_roomy() && !thread::panicking(),
            may_be_refused: true,
        }
    }

    /// Begins the park, which frees the permit. Returns what to do for the other workers, or
    /// `None` if the pool refuses this wait at once.
    fn begin_park(&self, request: ParkRequest) -> Option<Action> {
        let core = &self.worker.core;
        let mut state = core.state();
        let (decision, action) = state.begin_park(request);
        core.release(state);
        (decision == ParkDecision::Park).then_some(action)
    }

    /// Parks on a worker: see [`Waiting::park`].
    fn park(&mut self, parker: &Parker, deadline: Option<Instant>) -> Parked {
        if parker.take() {
            self.refused = false;
            self.snapshot = None;
            return if self.skip_park() {
                Parked::Lent
            } else {
                Parked::Woken
            };
        }
        self.busy = 0;
        if self.refused {
            return Parked::Exhausted;
        }
        let request = self.park_request(parker);
        let (frame, account) = (Arc::clone(&request.frame), Arc::clone(&request.account));
        let Some(action) = self.begin_park(request) else {
            return Parked::Exhausted;
        };
        let core = &self.worker.core;
        let unrunnable = core.carry_out(action);
        // If no worker could be started, some jobs can't run. Their callers are told
        // below, which wakes this wait if it depends on them.
        //
        // The token stays until this worker is not parked any more. It shows the others
        // that this worker is awake.
        let must_poll = !unrunnable.is_empty() || parker.sleep(deadline);
        let ParkEnd {
            lent,
            refused,
            snapshot,
        } = core.state().end_park(&frame);
        let woken = parker.take() || must_poll;
        let is_lent = self.keep(lent, account);
        // If a job was lent meanwhile, the pool could do something after all.
        self.refused = refused && !is_lent;
        self.snapshot = snapshot.filter(|_| self.refused);
        unrunnable.abandon(&self.worker.core);
        match (is_lent, woken) {
            (true, _) => Parked::Lent,
            (false, true) => Parked::Woken,
            (false, false) => Parked::TimedOut,
        }
    }

    /// Gives way now and then: see [`Waiting::skip_park`]. Returns true if a job was
    /// lent.
    fn skip_park(&mut self) -> bool {
        self.busy += 1;
        if self.busy < BUSY {
            return false;
        }
        self.busy = 0;
        !self.worker.has_lent() && self.worker.core.sees_work() && self.give_way(STEPS)
    }

    /// Returns whether the worker keeps a job that was lent to it.
    ///
    /// If a wait within the poll has given the job back, this asks the pool to lend it
    /// once more. Otherwise a future whose every poll waits would never let that job
    /// run, although the future may depend on it.
    fn has_lent(&mut self) -> bool {
        let owed = mem::take(&mut self.owes);
        self.worker.has_lent() || (owed && self.give_way(0))
    }

    fn run_lent(&mut self) -> bool {
        let is_lent = self.has_lent();
        self.owes = false;
        is_lent && self.worker.run_lent()
    }

    /// Parks until the ready work has been taken, for `steps` checks at most. Returns
    /// true if a job was lent.
    #[cold]
    fn give_way(&mut self, steps: u32) -> bool {
        // This parker has a token, which shows that a worker that gives way is awake.
        let parker = Parker::new();
        parker.unparker().unpark();
        let request = ParkRequest {
            may_be_refused: false,
            ..self.park_request(&parker)
        };
        let (frame, account) = (Arc::clone(&request.frame), Arc::clone(&request.account));
        let Some(action) = self.begin_park(request) else {
            return false;
        };
        let core = &self.worker.core;
        let unrunnable = core.carry_out(action);
        for _ in 0..steps {
            sleep(STEP);
            if !core.sees_work() {
                break;
            }
        }
        let ParkEnd { lent, .. } = core.state().end_park(&frame);
        let is_lent = self.keep(lent, account);
        unrunnable.abandon(&self.worker.core);
        is_lent
    }

    /// Keeps the job that was lent. Returns false if none was. Call it before user code
    /// runs, because that may wait in turn.
    fn keep(&mut self, lent: Option<Submitted>, account: Arc<Frame>) -> bool {
        let Some(job) = lent else { return false };
        self.worker.keep_lent(Lent { job, account });
        self.owes = true;
        // The pool lends one job at a time. Now that this one is lent, the state picks
        // another worker for the next job.
        let core = &self.worker.core;
        let mut state = core.state();
        let action = state.help();
        core.release(state);
        core.perform(action);
        true
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
