//! The loop of a worker, which asks the state for the next step and takes it.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    spin::spin,
    this_worker::{self, Worker},
};
use crate::{
    core::Core,
    job::{caught::drop_payload, runnable::Start},
    platform::{
        fork::{Forked, OfProcess},
        load,
        sleep_probe::{SleepProbe, most_sleep},
        sync::{now, spin_loop, yield_now},
    },
    schedule::{
        limits::Hooks,
        state::{After, Step, WorkerHandle},
    },
    thread::{clock::JobClock, living::count_this_thread, park::Parker, spinning::Spinning},
};

/// The body of a worker: runs the start hook, the loop and the stop hook.
pub(crate) fn main(core: &Arc<Core>, id: usize) {
    let Hooks {
        on_thread_start,
        on_thread_stop,
    } = &core.hooks;
    let process = OfProcess::new(());
    if on_thread_start.is_some() {
        core.watch_start_hook();
    }
    run_hook(on_thread_start.as_deref());
    // The hook may have forked. The queue belongs to the parent.
    if let Err(Forked) = process.get() {
        return;
    }
    count_this_thread();
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
    let handle = WorkerHandle {
        id,
        unparker: parker.unparker().clone(),
        spins: Cell::new(false),
    };
    let probe = SleepProbe::of_this_thread();
    let mut state = core.state();
    let stack = state.enter();
    state.set_probe(stack, probe);
    let recorder = state.recorders.get(stack).cloned();
    drop(state);
    let worker = Worker::new(core, stack, recorder);
    this_worker::enter(worker.clone());
    let ended = run_jobs(&worker, &parker, &handle);
    // The stop hook may wait. It must return no permit, so this thread is no worker now.
    this_worker::leave();
    ended
}

/// The loop of a worker: asks the state for the next step, and takes it.
fn run_jobs(worker: &Worker, parker: &Parker, handle: &WorkerHandle) -> Result<(), Forked> {
    let (core, stack, id) = (&worker.core, worker.stack, handle.id);
    let (limits, host) = (&core.limits, worker.host());
    let mut spinning = Spinning::new();
    let mut clock = JobClock::new(core.born);
    let mut after = After::WakeUp;
    loop {
        let mut state = core.state_at_work();
        let step = state.next(after, handle, stack);
        let phase = state.phase;
        clock.heed(&mut state.signs);
        core.release(state);
        if let After::Job(_) = after {
            core.note_end(phase);
        }
        match step {
            Step::Run { job, action } => {
                core.perform(action);
                if after == After::WakeUp {
                    // A shutdown wakes sleepers without a sign.
                    clock.idle();
                }
                let start = Start {
                    on: &host,
                    tick: clock.begin(),
                };
                after = After::Job(job.run(start)?);
                handle
                    .spins
                    .set(!limits.spin.is_zero() && spinning.take_turn());
            }
            Step::Probe(probes) => {
                let jobs_block = most_sleep(&probes);
                after = After::Probe { jobs_block };
            }
            Step::Call(action) => core.perform(action),
            Step::Watch(time) => {
                let called = parker.park(end_of_watch(time, limits.watches_end));
                if !called && !core.state().end_watch(id) {
                    take_late_token(parker);
                }
                after = After::WakeUp;
            }
            Step::Spin => {
                let start = now();
                // If other threads wait for a processor, the worker does not spin.
                if load::is_busy(start) {
                    clock.note(start);
                } else {
                    let caught = spin(core, limits.spin, start, yield_now);
                    // The time that other threads had is no cost of a spin that caught work.
                    let spun = caught.as_ref().map(|caught| caught.spun);
                    spinning = spinning.after(spun, limits.spin);
                    // The age of the next job must not include the spin.
                    match caught {
                        Some(caught) => clock.note(start + caught.after),
                        None => clock.idle(),
                    }
                }
                after = After::Spin;
            }
            Step::Sleep => {
                let asleep = now();
                let called = sleep(parker, limits.keep_alive);
                // loom repeats an execution step by step, so nothing in it may depend on
                // the clock.
                if !cfg!(bridge_loom) {
                    spinning.woke_after(now().saturating_duration_since(asleep));
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

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{sync::mpsc, thread};

    use testkit::within;

    use super::*;
    use crate::{Pool, platform::sync::elapsed};

    /// Otherwise a report takes a job that has just begun for the cause of a stall.
    #[test]
    fn a_job_is_not_as_old_as_the_long_job_before_it() {
        within(|| {
            let builder = Pool::<crate::Bare>::builder().max_threads(1);
            let pool = builder.build().unwrap();
            let (open, gate) = mpsc::channel::<()>();
            let gated = pool.run(move || gate.recv().is_err()).start();
            // These form a group of jobs that share a read of the clock. It has room for more.
            let short: Vec<_> = (0..40).map(|_| pool.run(|| ()).start()).collect();
            let long = pool.run(|| {
                let core = Worker::current().unwrap().core;
                let (began, signs) = (now(), core.state().signs);
                let is_over = || elapsed(began).as_secs() >= 1 && core.state().signs != signs;
                while !is_over() {
                    thread::sleep(Duration::from_millis(5));
                }
                now()
            });
            let long = long.start();
            let (tell, told) = mpsc::channel();
            let (end, held) = mpsc::channel::<()>();
            let next = pool.run(move || {
                tell.send(()).unwrap();
                held.recv().is_err()
            });
            let next = next.start();
            drop(open);
            let ended = pollster::block_on(long);
            told.recv().unwrap();
            let age = pool.report().jobs()[0].age().unwrap();
            // An age consists of ticks of 10 milliseconds.
            assert!(age <= elapsed(ended) + Duration::from_millis(10), "{age:?}");
            drop(end);
            assert!(pollster::block_on(gated) && pollster::block_on(next));
            short.into_iter().for_each(pollster::block_on);
        });
    }
}
