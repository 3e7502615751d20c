//! Knows which worker this thread is, and keeps the job that was lent to it.

use std::{
    cell::{Cell, RefCell},
    iter,
    rc::Rc,
    sync::Arc,
};

#[cfg(all(unix, not(any(bridge_loom, bridge_shuttle))))]
use crate::lineage::unfinished;
use crate::{
    core::Core,
    job::{
        header::Header,
        runnable::{Host, Start, Submitted},
    },
    lineage::Frame,
    platform::{
        fork::OfProcess,
        sync::{now, thread_local},
    },
    thread::{clock, stack},
    timing::Recorder,
};

thread_local! {
    static WORKER: Slot = Slot::default();
}

/// The worker that this thread is.
#[derive(Default)]
struct Slot {
    worker: RefCell<Option<OfProcess<Worker>>>,
}

/// Notes the jobs of a worker whose thread ends although it is one. Code that runs after a closure
/// has called `exit`: the destructor of the result, or the waker of the caller.
///
/// On Windows all other threads are gone by then, and one of them may have held the pool's lock.
#[cfg(all(unix, not(any(bridge_loom, bridge_shuttle))))]
impl Drop for Slot {
    fn drop(&mut self) {
        let worker = self.worker.get_mut().as_ref();
        if let Some(Ok(Worker { core, stack, .. })) = worker.map(OfProcess::get) {
            let jobs = core.state().jobs_on(*stack);
            unfinished::note(jobs.into_iter());
        }
    }
}

/// Returns whether this thread is or was a worker.
///
/// Most waits need to know no more. This check is cheap, because the thread-local that
/// it reads needs no initialisation.
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
#[inline]
pub(crate) fn is_worker() -> bool {
    IS_WORKER.get()
}

#[cfg(not(any(bridge_loom, bridge_shuttle)))]
std::thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Returns true, because all threads of a model share the thread-locals of std.
#[cfg(any(bridge_loom, bridge_shuttle))]
pub(crate) fn is_worker() -> bool {
    true
}

/// Makes this thread a worker.
pub(super) fn enter(worker: Worker) {
    WORKER.with(|slot| slot.worker.replace(Some(OfProcess::new(worker))));
    #[cfg(not(any(bridge_loom, bridge_shuttle)))]
    IS_WORKER.set(true);
}

/// Notes that this thread is no worker any more.
pub(super) fn leave() {
    WORKER.with(|slot| slot.worker.replace(None));
}

/// Drops the listeners of a job whose closure has returned on this worker.
#[cold]
pub(super) fn drop_listeners(header: &Header) {
    // In a fork's child there is no worker, and the listeners belong to the parent.
    if let Some(worker) = Worker::current() {
        worker.core.listeners.stop(header);
    }
}

/// The data of a worker, in its thread-local.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) core: Arc<Core>,
    /// The index of its stack of jobs in the state.
    pub(crate) stack: usize,
    /// The address at which its call stack begins.
    base: usize,
    /// The job that was lent to it and has not run. The worker keeps the job, and not the
    /// wait that was lent it. A wait that opens within that wait must find the job.
    lent: Rc<Cell<Option<Lent>>>,
    /// The histograms that it writes, if the pool measures its jobs.
    pub(super) recorder: Option<Arc<Recorder>>,
}

/// A job that was lent to a worker.
pub(crate) struct Lent {
    pub(crate) job: Submitted,
    /// The account of the worker's own job, which is parked meanwhile.
    pub(crate) account: Arc<Frame>,
}

impl Worker {
    /// Returns the data of a worker that begins on this thread.
    pub(super) fn new(core: &Arc<Core>, stack: usize, recorder: Option<Arc<Recorder>>) -> Self {
        Self {
            core: Arc::clone(core),
            stack,
            base: stack::here(),
            lent: Rc::default(),
            recorder,
        }
    }

    /// Returns what a job needs to know of this worker.
    pub(super) fn host(&self) -> Host<'_> {
        Host {
            pool: self.core.id(),
            name: &self.core.limits.name,
            recorder: self.recorder.as_deref(),
            drop_listeners,
        }
    }

    /// Returns the worker that this thread is, if it is one.
    ///
    /// A thread that has forked is no worker in the child, because its pool stayed behind.
    pub(crate) fn current() -> Option<Self> {
        let cloned = |slot: &Slot| slot.worker.borrow().as_ref()?.get().ok().cloned();
        WORKER.try_with(cloned).ok().flatten()
    }

    /// Returns whether at least half of the worker's stack is left.
    pub(crate) fn is_roomy(&self) -> bool {
        self.base.abs_diff(stack::here()) < self.core.limits.stack_size / 2
    }

    /// Keeps a job that was lent to this worker.
    pub(crate) fn keep_lent(&self, lent: Lent) {
        let before = self.lent.replace(Some(lent));
        debug_assert!(before.is_none(), "the job lent before was not run");
    }

    /// Returns whether this worker keeps a job that was lent to it.
    pub(crate) fn has_lent(&self) -> bool {
        let lent = self.lent.take();
        let has_one = lent.is_some();
        self.lent.set(lent);
        has_one
    }

    /// Runs the job that was lent to this worker, and counts its end. Then the worker goes
    /// on with its own job, and keeps its permit. Returns false if no job was lent.
    pub(crate) fn run_lent(&self) -> bool {
        let Some(Lent { job, account }) = self.lent.take() else {
            return false;
        };
        let start = Start {
            on: &self.host(),
            tick: clock::tick(self.core.born, now()),
        };
        let Ok(finish) = job.run(start) else {
            return true;
        };
        let mut state = self.core.state();
        let action = state.end_lent(self.stack, &account, finish);
        let phase = state.phase;
        self.core.release(state);
        self.core.note_end(phase);
        self.core.perform(action);
        true
    }

    /// Gives back the job that was lent to this worker, if it has not run.
    pub(crate) fn return_lent(&self) {
        let Some(Lent { job, account }) = self.lent.take() else {
            return;
        };
        let mut state = self.core.state();
        let given = state.give_back(self.stack, &account, job);
        let phase = state.phase;
        self.core.release(state);
        match given {
            Ok(action) => self.core.perform(action),
            Err(Submitted { job, .. }) => {
                let cleanup = iter::once_with(|| self.core.tell_shut_down(&job));
                self.core.dismiss(cleanup, |tally| &mut tally.cancelled);
            }
        }
        self.core.note_end(phase);
    }
}
