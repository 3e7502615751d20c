//! The loop of a worker, which asks the state for the next step and takes it.

use std::{
    cell::{Cell, RefCell},
    iter,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    PoolName,
    core::Core,
    job::{
        drop_payload,
        runnable::{Start, Submitted},
    },
    nesting::lineage::Frame,
    platform::{
        fork::{Forked, OfProcess},
        load,
        sync::{MODEL, elapsed, now, spin_loop, thread_local, yield_now},
    },
    pool::limits::Hooks,
    schedule::state::{After, Step, WorkerHandle},
    thread::{
        clock::{self, JobClock},
        park::Parker,
        spinning::Spinning,
        stack,
        storm::Storm,
    },
    timing::Recorder,
};

thread_local! {
    static WORKER: RefCell<Option<OfProcess<Worker>>> = RefCell::default();
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
    recorder: Option<Arc<Recorder>>,
}

/// A job that was lent to a worker.
pub(crate) struct Lent {
    pub(crate) job: Submitted,
    /// The account of the worker's own job, which is parked meanwhile.
    pub(crate) account: Arc<Frame>,
}

impl Worker {
    /// Returns the worker that this thread is, if it is one.
    ///
    /// A thread that has forked is no worker in the child, because its pool stayed behind.
    pub(crate) fn current() -> Option<Self> {
        let cloned = |worker: &RefCell<Option<OfProcess<Self>>>| {
            worker.borrow().as_ref()?.get().ok().cloned()
        };
        WORKER.try_with(cloned).ok().flatten()
    }

    /// Returns the name of the pool whose worker this thread is.
    pub(crate) fn pool_name() -> PoolName {
        Self::current().map_or_else(PoolName::default, |worker| worker.core.limits.name.clone())
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
            pool: self.core.id(),
            tick: clock::tick(self.core.born, now()),
            recorder: self.recorder.as_deref(),
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
                let cleanup = iter::once_with(|| self.core.shut_down(&job));
                self.core.dismiss(cleanup, |tally| &mut tally.cancelled);
            }
        }
        self.core.note_end(phase);
    }
}

/// The body of a worker: runs the start hook, the loop and the stop hook.
pub(crate) fn main(core: &Arc<Core>, id: usize) {
    let Hooks {
        on_thread_start,
        on_thread_stop,
    } = &core.hooks;
    run_hook(on_thread_start.as_deref());
    if let Ok(()) = serve(core, id) {
        run_hook(on_thread_stop.as_deref());
    }
}

/// Runs a hook, and catches its panic, which would end a worker that the state counts.
fn run_hook(hook: Option<&(dyn Fn() + Send + Sync)>) {
    if let Some(hook) = hook {
        // The panic hook has reported the panic.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
            drop_payload(payload);
        }
    }
}

/// Runs jobs until the worker ends. Returns [`Forked`] if a job has forked, and this is
/// the child, whose queued jobs are its parent's.
fn serve(core: &Arc<Core>, id: usize) -> Result<(), Forked> {
    let parker = Parker::new();
    let this_worker = WorkerHandle {
        id,
        unparker: parker.unparker().clone(),
        spins: Cell::new(false),
    };
    let mut state = core.state();
    let stack = state.enter();
    let recorder = state.recorders.get(stack).cloned();
    drop(state);
    let worker = Worker {
        core: Arc::clone(core),
        stack,
        base: stack::here(),
        lent: Rc::default(),
        recorder,
    };
    let recorder = worker.recorder.clone();
    WORKER.with(|slot| slot.replace(Some(OfProcess::new(worker))));
    #[cfg(not(any(bridge_loom, bridge_shuttle)))]
    IS_WORKER.set(true);

    let ended = run_jobs(core, stack, recorder.as_deref(), &parker, &this_worker);
    // The stop hook may wait. It must return no permit, so this thread is no worker now.
    WORKER.with(|slot| slot.replace(None));
    ended
}

/// The loop of a worker: asks the state for the next step, and takes it.
fn run_jobs(
    core: &Arc<Core>,
    stack: usize,
    recorder: Option<&Recorder>,
    parker: &Parker,
    this_worker: &WorkerHandle,
) -> Result<(), Forked> {
    let (limits, id) = (&core.limits, this_worker.id);
    let mut spinning = Spinning::new();
    let mut may_spin = false;
    let mut storm = Storm::new(now());
    let mut clock = JobClock::new(core.born);
    let mut after = After::WakeUp;
    loop {
        let mut state = core.state_at_work();
        let step = state.next(after, this_worker, stack);
        let phase = state.phase;
        core.release(state);
        if let After::Job(_) = after {
            core.note_end(phase);
        }
        match step {
            Step::Run { job, action } => {
                core.perform(action);
                if after == After::WakeUp {
                    clock.idle();
                }
                let start = Start {
                    pool: core.id(),
                    tick: clock.begin(),
                    recorder,
                };
                after = After::Job(job.run(start)?);
                storm.note_job();
                may_spin = !limits.spin.is_zero() && spinning.take_turn();
                this_worker.spins.set(may_spin || storm.may_rage());
            }
            Step::Watch(time) => {
                let called = parker.park(end_of_watch(time, limits.watches_end));
                if !called && !core.state().end_watch(id) {
                    take_late_token(parker);
                }
                after = After::WakeUp;
            }
            Step::Spin => {
                let start = now();
                clock.note(start);
                // If other threads wait for a processor, the worker does not spin.
                if may_spin && !load::is_busy(start) {
                    let caught = spin(core, limits.spin, start);
                    spinning = spinning.after(caught, limits.spin);
                }
                if storm.rages(start) {
                    let_others_submit(core);
                }
                after = After::Spin;
            }
            Step::Sleep => {
                let asleep = now();
                let called = sleep(parker, limits.keep_alive);
                let awake = now();
                storm = Storm::new(awake);
                // loom repeats an execution step by step, so nothing in it may depend on
                // the clock.
                if !cfg!(bridge_loom) {
                    spinning.woke_after(awake.saturating_duration_since(asleep));
                }
                if !called {
                    let mut state = core.state();
                    let is_over = state.expire(id, stack);
                    core.release(state);
                    if is_over {
                        return Ok(());
                    }
                    take_late_token(parker);
                }
                after = After::WakeUp;
            }
            Step::Retire => return Ok(()),
        }
    }
}

/// Returns the time at which a watch ends.
///
/// loom has no time, so under loom a watch does not end by itself. A test may ask for
/// watches that end as soon as the other threads have had their turn.
fn end_of_watch(time: Duration, ends_at_once: bool) -> Option<Instant> {
    if cfg!(bridge_loom) {
        ends_at_once.then(|| {
            spin_loop();
            now()
        })
    } else {
        Some(now() + time)
    }
}

/// Sleeps until this worker is called. Returns false if `keep_alive` passed first.
fn sleep(parker: &Parker, keep_alive: Duration) -> bool {
    parker.park(now().checked_add(keep_alive))
}

/// Takes the token of a call that came just when the sleep or the watch ended.
///
/// The token is there or on its way. If it stayed, it would end the worker's next sleep
/// while the worker is still in the list of idle workers.
fn take_late_token(parker: &Parker) {
    let _called = parker.park(None);
}

/// The number of checks for work between two reads of the clock.
const CHECKS: usize = if MODEL { 1 } else { 64 };

/// Spins for about `limit` from `start` on, until work is ready. Returns roughly how
/// long that took, or `None` if there was no work.
fn spin(core: &Core, limit: Duration, start: Instant) -> Option<Duration> {
    let mut time = Duration::ZERO;
    loop {
        for _ in 0..CHECKS {
            if core.sees_work() {
                return Some(time);
            }
            spin_loop();
        }
        time = elapsed(start);
        if time >= limit {
            return None;
        }
    }
}

/// The number of times that a worker yields its processor before it sleeps.
const YIELDS: usize = if MODEL { 1 } else { 4 };

/// Yields the processor a few times, until work is ready.
#[cold]
fn let_others_submit(core: &Core) {
    for _ in 0..YIELDS {
        if core.sees_work() {
            return;
        }
        yield_now();
    }
}
