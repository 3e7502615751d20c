//! The part of a wait that only a worker has: it parks, gives way, and runs lent jobs.

use std::{
    mem,
    panic::Location,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use super::{
    Parked,
    park::{Park, Unparked},
};
use crate::{
    job::running,
    lineage::{self, Installed},
    platform::sync::{now, sleep},
    schedule::state::{ParkRequest, Snapshot, State},
    thread::park::Parker,
    vocabulary::report::Report,
    worker::this_worker::Worker,
};

/// After this many polls in a row without a park, a wait gives way: it frees its permit
/// for a moment.
const POLLS_BEFORE_GIVING_WAY: u32 = 64;

/// A wait that gives way checks at most this often whether the work has been taken.
const STEPS: u32 = 10;

/// The time between two of these checks.
const STEP: Duration = Duration::from_micros(100);

/// The part of a wait that only a worker has.
pub(super) struct OnWorker {
    pub(super) worker: Worker,
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

impl OnWorker {
    /// Opens a wait, if this thread is a worker.
    pub(super) fn open(at: Option<&'static Location<'static>>) -> Option<Self> {
        let worker = Worker::current()?;
        // The wait around this one may have been lent a job. It polls once more before
        // it runs that job, and this wait opens within that poll. If this wait needs
        // the job, nobody would run it. So the pool takes it back.
        worker.return_lent();
        Some(Self {
            busy: 0,
            owes: false,
            refused: false,
            since: None,
            snapshot: None,
            _installed: lineage::open_wait(worker.core.id(), running::current(), at),
            worker,
        })
    }

    /// Gives back the job that was lent, when the wait ends.
    pub(super) fn close(&self) {
        self.worker.return_lent();
    }

    /// Returns a report of the pool: see [`Waiting::report`](super::Waiting::report).
    pub(super) fn report(&mut self) -> Report {
        match self.snapshot.take() {
            Some(snapshot) => self.worker.core.report_of(*snapshot),
            None => self.worker.core.take_report(),
        }
    }

    /// Returns the request of this wait to park.
    pub(super) fn request(&mut self, parker: &Parker) -> ParkRequest {
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

    /// Parks on a worker: see [`Waiting::park`](super::Waiting::park).
    pub(super) fn park(&mut self, parker: &Parker, deadline: Option<Instant>) -> Parked {
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
        let request = self.request(parker);
        let Some(park) = Park::begin(&self.worker, parker, request, State::begin_park) else {
            return Parked::Exhausted;
        };
        // If some callers are told at the end of the park, this wait may depend on them.
        let must_poll = park.leaves_jobs() || parker.sleep(deadline);
        let Unparked {
            has_token,
            is_lent,
            refused,
            snapshot,
        } = park.end();
        self.owes |= is_lent;
        (self.refused, self.snapshot) = (refused, snapshot);
        match (is_lent, has_token || must_poll) {
            (true, _) => Parked::Lent,
            (false, true) => Parked::Woken,
            (false, false) => Parked::TimedOut,
        }
    }

    /// Gives way now and then: see [`Waiting::skip_park`](super::Waiting::skip_park).
    /// Returns true if a job was lent.
    pub(super) fn skip_park(&mut self) -> bool {
        self.busy += 1;
        if self.busy < POLLS_BEFORE_GIVING_WAY {
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
    pub(super) fn has_lent(&mut self) -> bool {
        let owed = mem::take(&mut self.owes);
        self.worker.has_lent() || (owed && self.give_way(0))
    }

    pub(super) fn run_lent(&mut self) -> bool {
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
            ..self.request(&parker)
        };
        let Some(park) = Park::begin(&self.worker, &parker, request, State::begin_park) else {
            return false;
        };
        for _ in 0..steps {
            sleep(STEP);
            if !self.worker.core.sees_work() {
                break;
            }
        }
        let Unparked { is_lent, .. } = park.end();
        self.owes |= is_lent;
        is_lent
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use testkit::within;

    use super::*;
    use crate::{Pool, Waiting};

    /// Otherwise each later poll of a wait that wakes itself sleeps while jobs are queued.
    #[test]
    fn a_wait_gives_way_once_in_a_row_of_polls() {
        within(|| {
            let pool: Pool = Pool::builder().max_threads(1).build().unwrap();
            let busy = pollster::block_on(pool.run(|| {
                let mut waiting = Waiting::open();
                let on_worker = waiting.on_worker().expect("this is a job");
                for _ in 0..POLLS_BEFORE_GIVING_WAY {
                    let _lent = on_worker.skip_park();
                }
                on_worker.busy
            }));
            assert_eq!(busy, 0);
        });
    }
}
