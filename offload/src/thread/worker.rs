//! A thread of the pool: asks the state for its next step, and takes it.

use std::{
    cell::{Cell, RefCell},
    iter,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    OffloadError,
    core::Core,
    job::{drop_payload, runnable::Submitted},
    nesting::lineage::Frame,
    platform::{
        load,
        sync::{MODEL, elapsed, now, spin_loop, thread_local},
    },
    pool::limits::Hooks,
    schedule::state::{After, IdleThread, Step},
    thread::{
        clock::{self, JobClock},
        park::Parker,
        spinning::Spinning,
        stack,
    },
};

thread_local! {
    static WORKER: RefCell<Option<Worker>> = RefCell::default();
}

/// Whether this thread may belong to a pool: all that most waits need to know, at
/// the cost of a look at a thread-local that needs no set-up.
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
#[inline]
pub(crate) fn is_worker() -> bool {
    IS_WORKER.get()
}

#[cfg(not(any(bridge_loom, bridge_shuttle)))]
std::thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// The threads of a model share the thread-locals of std.
#[cfg(any(bridge_loom, bridge_shuttle))]
pub(crate) fn is_worker() -> bool {
    true
}

/// What a thread of a pool knows of itself.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) core: Arc<Core>,
    /// Its stack of jobs, as the state's index.
    pub(crate) stack: usize,
    /// Where its stack of calls begins, as an address.
    base: usize,
    /// The job that was lent to it and has not been run. The thread's, not its
    /// wait's: a wait that opens within that one has to find it.
    lent: Rc<Cell<Option<Lent>>>,
}

/// A job that was lent to a thread.
pub(crate) struct Lent {
    pub(crate) job: Submitted,
    /// The account of the thread's own job, which is parked meanwhile.
    pub(crate) account: Arc<Frame>,
}

impl Worker {
    /// The pool's thread that this is, if it is one.
    pub(crate) fn current() -> Option<Self> {
        WORKER
            .try_with(|worker| worker.borrow().clone())
            .ok()
            .flatten()
    }

    /// Whether at least half of the thread's stack is left.
    pub(crate) fn is_roomy(&self) -> bool {
        self.base.abs_diff(stack::here()) < self.core.limits.stack_size / 2
    }

    /// Keeps a job that was lent to this thread.
    pub(crate) fn keep_lent(&self, lent: Lent) {
        let before = self.lent.replace(Some(lent));
        debug_assert!(before.is_none(), "the job lent before was not run");
    }

    /// Whether a job was lent to this thread that has not been run.
    pub(crate) fn has_lent(&self) -> bool {
        let lent = self.lent.take();
        let has_one = lent.is_some();
        self.lent.set(lent);
        has_one
    }

    /// Runs the job that was lent to this thread, and counts its end; false if
    /// there is none. The permit stays: the thread is back in its own job.
    pub(crate) fn run_lent(&self) -> bool {
        let Some(Lent { job, account }) = self.lent.take() else {
            return false;
        };
        let now = clock::tick(self.core.born, now());
        let finish = job.run(self.core.id(), now);
        if self.core.is_forked() {
            return true;
        }
        let mut state = self.core.state();
        let action = state.end_lent(self.stack, &account, finish);
        let phase = state.phase;
        self.core.release(state);
        self.core.note_end(phase);
        self.core.perform(action);
        true
    }

    /// Gives back the job that was lent to this thread, if it has not been run.
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
                let at = job.header().at;
                let told = iter::once_with(|| job.abandon(OffloadError::ShutDown { at }));
                self.core.dismiss(told, |tally| &mut tally.cancelled);
            }
        }
        self.core.note_end(phase);
    }
}

/// The life of a thread.
pub(crate) fn main(core: &Arc<Core>, id: usize) {
    let Hooks {
        on_thread_start,
        on_thread_stop,
    } = &core.hooks;
    run_hook(on_thread_start.as_deref());
    serve(core, id);
    if !core.is_forked() {
        run_hook(on_thread_stop.as_deref());
    }
}

/// A hook that panics must not take a thread with it that the state counts on.
fn run_hook(hook: Option<&(dyn Fn() + Send + Sync)>) {
    if let Some(hook) = hook {
        // The panic has been reported by the panic hook.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(hook)) {
            drop_payload(payload);
        }
    }
}

fn serve(core: &Arc<Core>, id: usize) {
    let parker = Parker::new();
    let this_thread = IdleThread {
        id,
        unparker: parker.unparker().clone(),
        spins: Cell::new(false),
    };
    let stack = core.state().enter();
    let worker = Worker {
        core: Arc::clone(core),
        stack,
        base: stack::here(),
        lent: Rc::default(),
    };
    WORKER.with(|slot| slot.replace(Some(worker)));
    #[cfg(not(any(bridge_loom, bridge_shuttle)))]
    IS_WORKER.set(true);

    let limits = &core.limits;
    let mut spinning = Spinning::new();
    let mut clock = JobClock::new(core.born);
    let mut after = After::WakeUp;
    loop {
        let mut state = core.state_at_work();
        let step = state.next(after, &this_thread, stack);
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
                after = After::Job(job.run(core.id(), clock.begin()));
                this_thread
                    .spins
                    .set(!limits.spin.is_zero() && spinning.take_turn());
                // The child of a job that forked: what is queued is the parent's.
                if core.is_forked() {
                    break;
                }
            }
            Step::Watch(time) => {
                let called = parker.park(end_of_watch(time, limits.watches_end));
                if !called && !core.state().end_watch(id) {
                    take_late_token(&parker);
                }
                after = After::WakeUp;
            }
            Step::Spin => {
                let start = now();
                clock.note(start);
                // Beside others who want to run, it sleeps at once.
                if !load::is_busy(start) {
                    let caught = look(core, limits.spin, start);
                    spinning = spinning.after(caught, limits.spin);
                }
                after = After::Spin;
            }
            Step::Sleep => {
                let asleep = now();
                let called = sleep(&parker, limits.keep_alive);
                // loom repeats an execution step by step, so nothing in it may depend on
                // the clock.
                if !cfg!(bridge_loom) {
                    spinning.woke_after(now().saturating_duration_since(asleep));
                }
                if !called {
                    if core.state().expire(id, stack) {
                        break;
                    }
                    take_late_token(&parker);
                }
                after = After::WakeUp;
            }
            Step::Retire => break,
        }
    }
    // A thread that ends leaves nothing behind that points at the pool.
    WORKER.with(|slot| slot.replace(None));
}

/// loom repeats a run step by step, so there no watch ends by the clock. In a test that
/// asks for it a watch ends as soon as the others have had their turn.
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

/// Sleeps until called; false if nobody called for the whole time.
fn sleep(parker: &Parker, keep_alive: Duration) -> bool {
    parker.park(now().checked_add(keep_alive))
}

/// Takes the token of a thread that was called as its sleep ended: it is on its
/// way, and left behind it would end the next sleep, of a thread that is still
/// listed among those who sleep.
fn take_late_token(parker: &Parker) {
    let _called = parker.park(None);
}

/// How often work is looked for between two looks at the clock.
const LOOKS: usize = if MODEL { 1 } else { 64 };

/// Looks for work for about `limit` from `start` on. Returns how long that took,
/// roughly, if some came.
fn look(core: &Core, limit: Duration, start: Instant) -> Option<Duration> {
    let mut time = Duration::ZERO;
    loop {
        for _ in 0..LOOKS {
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
