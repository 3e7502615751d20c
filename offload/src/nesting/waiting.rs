//! What a wait does when it must park: frees the permit, and lends the stack
//! if nothing else can.
//!
//! This is the pool's side of sync code that waits for async code. On a thread
//! that is no pool's, a wait just parks. On a pool's thread it opens a frame
//! for its descendants; before it parks it gives its permit back, so that
//! another thread may run what it waits for; and where no thread can be added
//! it is handed one of its own descendants to run meanwhile.

use std::{
    mem,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    core::{Core, Here},
    job::{runnable::Submitted, running},
    nesting::lineage::{self, Frame, Installed},
    schedule::state::{Action, ParkDecision, ParkEnd, Place},
    thread::{
        park::Parker,
        worker::{self, Lent, Worker},
    },
};

/// A wait that has polled this often without parking gives way once.
const BUSY: u32 = 64;

/// How often it looks then, at most, whether somebody has taken the work.
const STEPS: u32 = 10;

/// The time from look to look.
const STEP: Duration = Duration::from_micros(100);

/// An open wait on this thread. Keep it from before the first poll to after
/// the last, and drop it on the thread that opened it.
#[must_use]
pub struct Waiting {
    on_worker: Option<OnWorker>,
}

struct OnWorker {
    worker: Worker,
    /// Polls in a row without a park between them.
    busy: u32,
    /// A job was lent to this wait that it has not run: if it isn't kept any
    /// more, a wait within the next poll has given it back.
    owes: bool,
    /// The pool can do nothing for this wait. It polls once more, since what it
    /// waits for may have come at the same time.
    refused: bool,
    /// Dropped last: the frame is in force as long as the wait is open.
    _installed: Installed,
}

/// How a park ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Parked {
    /// Somebody left the token.
    Woken,
    /// The deadline came.
    TimedOut,
    /// A descendant was handed over. Poll once more, and if that doesn't end
    /// the wait, call [`Waiting::run_lent`].
    Lent,
    /// Every thread of the pool is parked, no other can be added, nothing can be
    /// lent, and that has not changed for a second, or for three if nothing is queued.
    Exhausted,
}

impl Waiting {
    /// Opens a wait on this thread.
    #[inline]
    pub fn open() -> Self {
        if worker::is_worker() {
            Self::open_on_worker()
        } else {
            Self { on_worker: None }
        }
    }

    fn open_on_worker() -> Self {
        // In a fork's child this thread is nobody's: its pool stayed behind.
        let worker = Worker::current().filter(|worker| !worker.core.is_forked());
        let on_worker = worker.map(|worker| {
            // The wait below has been lent a job and looks once more whether it
            // needs to run it, which has led here. This wait may be for that
            // very job, and would keep it from running.
            worker.return_lent();
            OnWorker {
                busy: 0,
                owes: false,
                refused: false,
                _installed: lineage::open_wait(worker.core.id(), running::current()),
                worker,
            }
        });
        Self { on_worker }
    }

    /// The pool's side, if it has one here: a fork's child has none, though the
    /// wait was opened before the fork.
    fn on_worker(&mut self) -> Option<&mut OnWorker> {
        let here = self.on_worker.as_mut();
        here.filter(|on_worker| !on_worker.worker.core.is_forked())
    }

    /// Whether this thread belongs to a pool.
    #[must_use]
    pub fn is_on_worker(&self) -> bool {
        self.on_worker.is_some()
    }

    /// Parks until there is a token, or until `deadline`.
    pub fn park(&mut self, parker: &Parker, deadline: Option<Instant>) -> Parked {
        match self.on_worker() {
            Some(on_worker) => on_worker.park(parker, deadline),
            None if parker.park(deadline) => Parked::Woken,
            None => Parked::TimedOut,
        }
    }

    /// Told instead of a park by a wait that is to poll again at once.
    ///
    /// A future that wakes itself never lets its wait park, and so would keep
    /// its permit from the very job that it looks out for. Now and then this
    /// frees it for a moment.
    pub fn skip_park(&mut self) {
        if let Some(on_worker) = self.on_worker() {
            on_worker.skip_park();
        }
    }

    /// Whether a job was lent that has not been run. One that a wait within the
    /// last poll has given back is asked for once more.
    #[must_use]
    pub fn has_lent(&mut self) -> bool {
        self.on_worker().is_some_and(OnWorker::has_lent)
    }

    /// Runs the job that was lent; false if there was none. After a job, poll
    /// again before parking: it may have been what the wait was for.
    #[must_use]
    pub fn run_lent(&mut self) -> bool {
        self.on_worker().is_some_and(OnWorker::run_lent)
    }
}

/// Waits in its own way for the end of `core`. On a thread of that pool, or of
/// another, it gives the permit back meanwhile, so that what is queued can run;
/// `wait` is told if it is that pool's.
pub(crate) fn wait_for_end<R>(core: &Arc<Core>, wait: impl FnOnce(Option<Here>) -> R) -> R {
    let waiting = Waiting::open();
    let Some(OnWorker { worker, .. }) = &waiting.on_worker else {
        return wait(None);
    };
    let (own, stack) = (&worker.core, worker.stack);
    let is_own = Arc::ptr_eq(own, core);
    let frame = lineage::frame();
    let account = lineage::job_frame().unwrap_or_else(|| Arc::clone(&frame));
    let decision = loop {
        let parker = Parker::new();
        let place = Place {
            frame: Arc::clone(&frame),
            account: Arc::clone(&account),
            unparker: parker.unparker().clone(),
            stack,
            // Nobody would look for a job that is lent.
            lends: false,
            hears: false,
        };
        let mut state = own.state();
        let (decision, action) = if is_own {
            state.begin_park_for_end(place)
        } else {
            // What another pool waits for may be run here by those who come back,
            // though nobody is left now: not if this kept its permit.
            (ParkDecision::Park, state.add_parked_wait(place))
        };
        own.release(state);
        let abandoned = own.carry_out(action);
        if abandoned.is_empty() {
            break decision;
        }
        // The end may depend on their callers.
        let _not_lent = own.state().end_park(&frame);
        abandoned.abandon(own);
    };
    let result = wait(is_own.then_some(Here { stack, decision }));
    let _not_lent = own.state().end_park(&frame);
    result
}

impl OnWorker {
    /// Where this wait is about to park.
    fn place(&self, parker: &Parker) -> Place {
        let frame = lineage::frame();
        Place {
            account: lineage::job_frame().unwrap_or_else(|| Arc::clone(&frame)),
            frame,
            unparker: parker.unparker().clone(),
            stack: self.worker.stack,
            // A job must not see the panic of the thread that it is lent to: it
            // would not poison what it locks.
            lends: self.worker.is_roomy() && !thread::panicking(),
            hears: true,
        }
    }

    /// Gives the permit back, and says what to do for the others; `None` if this
    /// wait must not park.
    fn begin_park(&self, place: Place) -> Option<Action> {
        let core = &self.worker.core;
        let mut state = core.state();
        let (decision, action) = state.begin_park(place);
        core.release(state);
        (decision == ParkDecision::Park).then_some(action)
    }

    fn park(&mut self, parker: &Parker, deadline: Option<Instant>) -> Parked {
        if parker.take() {
            self.refused = false;
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
        let place = self.place(parker);
        let (frame, account) = (Arc::clone(&place.frame), Arc::clone(&place.account));
        let Some(action) = self.begin_park(place) else {
            return Parked::Exhausted;
        };
        let core = &self.worker.core;
        let abandoned = core.carry_out(action);
        // Where no thread could be started they have been told, which wakes
        // this one if it waits for them.
        //
        // The token stays until the thread has risen: so long it tells the
        // others that this one is awake.
        let told = !abandoned.is_empty() || parker.sleep(deadline);
        let ParkEnd { lent, refused } = core.state().end_park(&frame);
        let woken = parker.take() || told;
        let is_lent = self.keep(lent, account);
        // A job that was lent meanwhile may have changed that.
        self.refused = refused && !is_lent;
        abandoned.abandon(&self.worker.core);
        match (is_lent, woken) {
            (true, _) => Parked::Lent,
            (false, true) => Parked::Woken,
            (false, false) => Parked::TimedOut,
        }
    }

    /// True if it has led to a job that was lent.
    fn skip_park(&mut self) -> bool {
        self.busy += 1;
        if self.busy < BUSY {
            return false;
        }
        self.busy = 0;
        !self.worker.has_lent() && self.worker.core.sees_work() && self.give_way(STEPS)
    }

    /// Whether a job is to be run here. One that a wait within the poll gave back
    /// is asked for again: a future whose every poll waits would never let it
    /// run, and may be waiting for it.
    fn has_lent(&mut self) -> bool {
        let owed = mem::take(&mut self.owes);
        self.worker.has_lent() || (owed && self.give_way(0))
    }

    fn run_lent(&mut self) -> bool {
        let is_lent = self.has_lent();
        self.owes = false;
        is_lent && self.worker.run_lent()
    }

    /// Is parked until the work that is ready has been taken, for so many steps
    /// at most; true if a job was lent.
    #[cold]
    fn give_way(&mut self, steps: u32) -> bool {
        // A parker of its own, with a token: a thread that gives way is awake.
        let parker = Parker::new();
        parker.unparker().unpark();
        let place = Place {
            hears: false,
            ..self.place(&parker)
        };
        let (frame, account) = (Arc::clone(&place.frame), Arc::clone(&place.account));
        let Some(action) = self.begin_park(place) else {
            return false;
        };
        let core = &self.worker.core;
        let abandoned = core.carry_out(action);
        for _ in 0..steps {
            thread::sleep(STEP);
            if !core.sees_work() {
                break;
            }
        }
        let ParkEnd { lent, .. } = core.state().end_park(&frame);
        let is_lent = self.keep(lent, account);
        abandoned.abandon(&self.worker.core);
        is_lent
    }

    /// Keeps what was lent; false if nothing was. Before anything of others
    /// runs, which may wait in turn.
    fn keep(&mut self, lent: Option<Submitted>, account: Arc<Frame>) -> bool {
        let Some(job) = lent else { return false };
        self.worker.keep_lent(Lent { job, account });
        self.owes = true;
        // One job is lent at a time: the lender calls who takes the next.
        let core = &self.worker.core;
        let mut state = core.state();
        let action = state.help();
        core.release(state);
        core.perform(action);
        true
    }
}

impl Drop for OnWorker {
    fn drop(&mut self) {
        if !self.worker.core.is_forked() {
            self.worker.return_lent();
        }
        if let Some(frame) = lineage::opened_frame() {
            frame.close();
        }
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting")
            .field("on_worker", &self.is_on_worker())
            .finish_non_exhaustive()
    }
}
