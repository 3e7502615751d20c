//! What a wait does when it must park: frees the permit, and lends the stack
//! if nothing else can.
//!
//! This is the pool's side of sync code that waits for async code. On a thread
//! that is no pool's, a wait just parks. On a pool's thread it opens a frame
//! for its descendants; before it parks it gives its permit back, so that
//! another thread may run what it waits for; and where no thread can be added
//! it is handed one of its own descendants to run meanwhile.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crate::{
    core::Core,
    lineage::{self, Installed},
    park::Parker,
    runnable::Runnable,
    state::Seating,
    worker::Worker,
};

/// A wait that has polled this often without parking gives way once.
const BUSY: u32 = 64;

/// How often it looks, when it gives way, whether somebody has taken the work.
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
    lent: Option<Arc<dyn Runnable>>,
    /// Polls in a row without a park between them.
    busy: u32,
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
    /// The pool's last unparked thread would have parked, at the ceiling, with
    /// nothing to lend.
    Exhausted,
}

impl Waiting {
    /// Opens a wait on this thread.
    pub fn open() -> Self {
        // In a fork's child this thread is nobody's: its pool stayed behind.
        let on_worker = Worker::current()
            .filter(|worker| !worker.core.is_forked())
            .map(|worker| OnWorker {
                worker,
                lent: None,
                busy: 0,
                _installed: lineage::open_wait(),
            });
        Self { on_worker }
    }

    /// Whether this thread belongs to a pool.
    #[must_use]
    pub fn is_on_worker(&self) -> bool {
        self.on_worker.is_some()
    }

    /// Parks until there is a token, or until `deadline`.
    pub fn park(&mut self, parker: &Parker, deadline: Option<Instant>) -> Parked {
        match &mut self.on_worker {
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
        if let Some(on_worker) = &mut self.on_worker {
            on_worker.skip_park();
        }
    }

    /// Whether a job was lent that has not been run.
    #[must_use]
    pub fn has_lent(&self) -> bool {
        self.on_worker
            .as_ref()
            .is_some_and(|on_worker| on_worker.lent.is_some())
    }

    /// Runs the job that was lent; false if there was none. After a job, poll
    /// again before parking: it may have been what the wait was for.
    #[must_use]
    pub fn run_lent(&mut self) -> bool {
        let Some(OnWorker { worker, lent, .. }) = &mut self.on_worker else {
            return false;
        };
        let Some(job) = lent.take() else { return false };
        worker.run_lent(job);
        true
    }
}

/// Waits in its own way for the end of `core`. On a thread of that pool it gives
/// the permit back meanwhile, so that what is queued can run; `wait` is told the
/// stack, and whether nobody is left to run anything.
pub(crate) fn wait_for_end<R>(
    core: &Arc<Core>,
    wait: impl FnOnce(Option<(usize, Seating)>) -> R,
) -> R {
    let waiting = Waiting::open();
    let here = waiting
        .on_worker
        .as_ref()
        .map(|on_worker| &on_worker.worker);
    let Some(worker) = here.filter(|worker| Arc::ptr_eq(&worker.core, core)) else {
        return wait(None);
    };
    let frame = lineage::frame();
    let parker = Parker::new();
    let mut state = core.state();
    // Without room for a job to be lent: nobody would look for it.
    let (seating, action) = state.sit(&frame, parker.unparker(), worker.stack, false);
    // From here on it counts as awake: nobody else's wait is to be refused for
    // its sake.
    parker.unparker().unpark();
    drop(state);
    core.perform(action);
    let result = wait(Some((worker.stack, seating)));
    let _not_lent = core.state().rise(&frame);
    result
}

impl OnWorker {
    fn park(&mut self, parker: &Parker, deadline: Option<Instant>) -> Parked {
        debug_assert!(self.lent.is_none(), "the job lent before was not run");
        if parker.take() {
            self.skip_park();
            return self.lent.as_ref().map_or(Parked::Woken, |_| Parked::Lent);
        }
        self.busy = 0;
        let Worker { core, stack, .. } = &self.worker;
        let frame = lineage::frame();
        let roomy = self.worker.is_roomy();
        let (seating, action) = core.state().sit(&frame, parker.unparker(), *stack, roomy);
        if seating == Seating::Exhausted {
            return Parked::Exhausted;
        }
        let orphans = core.carry_out(action);
        // Where no thread could be started they have been told, which wakes
        // this one if it waits for them.
        //
        // The token stays until the thread has risen: so long it tells the
        // others that this one is awake.
        let told = !orphans.is_empty() || parker.sleep(deadline);
        self.lent = core.state().rise(&frame);
        let woken = parker.take() || told;
        orphans.abandon();
        match (&self.lent, woken) {
            (Some(_), _) => Parked::Lent,
            (None, true) => Parked::Woken,
            (None, false) => Parked::TimedOut,
        }
    }

    fn skip_park(&mut self) {
        self.busy += 1;
        if self.busy >= BUSY {
            self.busy = 0;
            if self.lent.is_none() && self.worker.core.sees_work() {
                self.give_way();
            }
        }
    }

    /// Is parked until the work that is ready has been taken, for a millisecond
    /// at most.
    #[cold]
    fn give_way(&mut self) {
        let Worker { core, stack, .. } = &self.worker;
        let frame = lineage::frame();
        let roomy = self.worker.is_roomy();
        // One of its own, with a token: a thread that gives way is awake.
        let parker = Parker::new();
        parker.unparker().unpark();
        let (seating, action) = core.state().sit(&frame, parker.unparker(), *stack, roomy);
        if seating == Seating::Exhausted {
            return;
        }
        let orphans = core.carry_out(action);
        for _ in 0..STEPS {
            thread::sleep(STEP);
            if !core.sees_work() {
                break;
            }
        }
        self.lent = core.state().rise(&frame);
        orphans.abandon();
    }
}

impl Drop for OnWorker {
    fn drop(&mut self) {
        let Worker { core, stack, .. } = &self.worker;
        if let Some(job) = self.lent.take() {
            let action = core.state().give_back(*stack, job);
            core.perform(action);
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
