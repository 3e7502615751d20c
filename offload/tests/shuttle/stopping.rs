//! Hooks of running jobs amid callers that leave and shutdowns: each is called at most
//! once, on one thread at a time, and never after its guard.

use std::{sync::Arc, time::Duration};

use bridge_offload::{OffloadError, cancellation, cancelled, on_cancel};
use futures::future::{Either, select};
use shuttle::{
    rand::{Rng, thread_rng},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use crate::{
    runner::explore,
    world::{LONG, Size, moment, try_wait, wait_outside},
};

/// The notes of a hook, and of the closure around its guard.
#[derive(Default)]
struct Hook {
    armed: AtomicBool,
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// Whether a call has broken a rule. The pool catches a panic of the hook itself.
    wrong: AtomicBool,
}

/// Counts the hooks of one job that are called now.
type Now = Arc<AtomicUsize>;

impl Hook {
    /// Returns the closure of a hook. `next` is another part of the hook.
    fn of<F>(self: &Arc<Self>, now: &Now, next: F) -> impl FnOnce() + Send + use<F>
    where
        F: FnOnce() + Send,
    {
        let (hook, now) = (Arc::clone(self), Arc::clone(now));
        let of_the_job = thread::current().id();
        move || {
            // A late hook is called by the job itself, perhaps beside another hook.
            let one = usize::from(thread::current().id() != of_the_job);
            let after_its_guard = !hook.armed.load(Ordering::Relaxed);
            let others = now.fetch_add(one, Ordering::Relaxed) * one;
            let earlier = hook.begun.fetch_add(1, Ordering::Relaxed);
            if after_its_guard || others > 0 || earlier > 0 {
                hook.wrong.store(true, Ordering::Relaxed);
            }
            next();
            now.fetch_sub(one, Ordering::Relaxed);
            hook.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }

    /// Checks, after the drop of the guard, that no call goes on.
    fn guard_is_gone(&self) {
        self.armed.store(false, Ordering::Relaxed);
        self.is_right();
        let (begun, ended) = (&self.begun, &self.ended);
        assert_eq!(begun.load(Ordering::Relaxed), ended.load(Ordering::Relaxed));
    }

    /// Checks that no call has broken a rule.
    fn is_right(&self) {
        let wrong = self.wrong.load(Ordering::Relaxed);
        assert!(!wrong, "called twice, beside another, or after its guard");
    }
}

/// Runs statements with a guard each, as a job. The guard of the first hook surrounds the
/// others.
fn statements([around, hooks @ ..]: &[Arc<Hook>; 3]) {
    let now = Now::default();
    around.arm();
    let guard = on_cancel(around.of(&now, || ()));
    for hook in hooks {
        hook.arm();
        let guard = on_cancel(hook.of(&now, thread::yield_now));
        thread::yield_now();
        drop(guard);
        hook.guard_is_gone();
    }
    drop(guard);
    around.guard_is_gone();
}

/// Otherwise an interrupt hits the next statement, or comes twice.
#[test]
fn hooks_amid_callers_that_leave_and_a_shutdown() {
    explore(|| {
        let world = Size::of(2, 1).build();
        let others = [(); 3].map(|()| {
            let world = world.clone();
            thread::spawn(move || {
                let hooks = [(); 3].map(|()| Arc::new(Hook::default()));
                let own = hooks.clone();
                // The drop of a guard may wait, so these jobs are no leaves.
                let job = world.start(move || statements(&own));
                match thread_rng().gen_range(0..3) {
                    0 => drop(job),
                    1 => job.detach(),
                    _ => {
                        let _whatever_it_met = job.cancel();
                        let _told = wait_outside(job.outcome());
                    }
                }
                hooks
            })
        });
        let grace = [Duration::ZERO, Duration::from_millis(1), LONG];
        let grace = grace[thread_rng().gen_range(0..grace.len())];
        let _report = world.pool.shutdown(grace).wait();
        let hooks = others.map(|other| other.join().unwrap());
        world.balance();
        hooks.iter().flatten().for_each(|hook| hook.is_right());
    });
}

/// Otherwise a job hangs that blocks for its interrupt, or a wait that listens for a
/// cancellation.
#[test]
fn jobs_that_only_a_cancellation_ends() {
    explore(|| {
        let world = Size {
            may_stall: true,
            ..Size::of(2, 1)
        }
        .build();
        let blocks = world.start(|| {
            let ends = Arc::new(AtomicBool::new(false));
            let end = Arc::clone(&ends);
            let guard = on_cancel(move || end.store(true, Ordering::Relaxed));
            while !ends.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            drop(guard);
            assert!(cancelled());
        });
        let waits = world.start(|| {
            let never = std::future::pending::<()>();
            if let Ok(Either::Left(((), _never))) = try_wait(select(cancellation(), never)) {
                assert!(cancelled());
            }
        });
        let other = world.clone();
        let ending = thread::spawn(move || {
            let _report = other.pool.shutdown(Duration::from_millis(1)).wait();
        });
        drop(blocks);
        match wait_outside(waits.outcome()) {
            Ok(()) | Err(OffloadError::ShutDown { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        ending.join().unwrap();
        world.balance();
    });
}

/// Otherwise a pool of one hangs: the closure waits for its hook, and the hook for a job of
/// the same pool.
#[test]
fn a_hook_that_needs_the_pool() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let (inner, hook) = (world.clone(), Arc::new(Hook::default()));
        let job = world.start(move || {
            hook.arm();
            let now = Now::default();
            let needs = move || {
                let leaf = inner.start(|| 7);
                assert_eq!(wait_outside(leaf), 7);
            };
            let guard = on_cancel(hook.of(&now, needs));
            let _woken_or_refused = try_wait(moment());
            drop(guard);
            hook.guard_is_gone();
        });
        let behind = world.start(|| ());
        drop(job);
        wait_outside(behind);
        world.end();
    });
}
