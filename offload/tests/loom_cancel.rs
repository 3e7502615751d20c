//! Hooks and futures of a job whose caller leaves, in every order of steps. See `loom.rs`.
#![cfg(bridge_loom)]

mod common;

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bridge_offload::{Cancelled, Offload, Pool, cancellation, on_cancel, park::Parker};
use common::{
    exploring::{LONG, explore},
    wait,
};
use loom::thread;

/// Returns a pool with one permit, whose worker never spins.
fn pool() -> Pool {
    Pool::builder()
        .max_threads(1)
        .max_blocked_threads(1)
        .spin(Duration::ZERO)
        .build()
        .unwrap()
}

/// The notes of a hook, and of the closure around its guard.
#[derive(Default)]
struct Seen {
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// 1 once the guard is gone. A look at it is a step of the model.
    gone: loom::sync::atomic::AtomicUsize,
    /// The number of calls after the guard. The pool catches a panic of the hook itself.
    late: AtomicUsize,
}

impl Seen {
    fn hook(self: &Arc<Self>) -> impl FnOnce() + Send + 'static {
        let seen = Arc::clone(self);
        move || {
            seen.begun.fetch_add(1, Ordering::Relaxed);
            let gone = seen.gone.load(Ordering::Relaxed);
            seen.late.fetch_add(gone, Ordering::Relaxed);
            seen.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that the guard is gone, and checks that no call goes on.
    fn guard_is_gone(&self) {
        self.gone.store(1, Ordering::Relaxed);
        let ended = self.ended.load(Ordering::Relaxed);
        assert_eq!(self.begun.load(Ordering::Relaxed), ended, "a call goes on");
    }

    /// Returns the number of calls, after a check that none came after the guard.
    fn calls(&self) -> usize {
        let late = self.late.load(Ordering::Relaxed);
        assert_eq!(late, 0, "called after its guard");
        self.ended.load(Ordering::Relaxed)
    }
}

/// Starts a job that arms a hook and drops its guard. Returns once the hook is armed.
fn started_with_a_hook(pool: &Pool) -> (Offload<()>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let own = Arc::clone(&seen);
    let started = Parker::new();
    let start = started.unparker().clone();
    let job = pool.run(move || {
        let guard = on_cancel(own.hook());
        start.unpark();
        drop(guard);
        own.guard_is_gone();
    });
    let job = job.start();
    assert!(started.park(None));
    (job, seen)
}

/// Otherwise an interrupt hits the statement behind the one that it is meant for.
#[test]
fn loom_a_hook_runs_at_most_once_and_never_after_its_guard() {
    explore(|| {
        let pool = pool();
        let (job, seen) = started_with_a_hook(&pool);
        drop(job);
        let _report = pool.shutdown(LONG).wait();
        assert!(seen.calls() <= 1);
    });
}

/// Starts a job that blocks until its hook has been called. Returns once the closure runs,
/// which may be before it has armed the hook.
fn blocked_for_its_hook(pool: &Pool) -> (Offload<()>, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let own = Arc::clone(&seen);
    let (started, starts) = (Parker::new(), Parker::new());
    let start = started.unparker().clone();
    let interrupt = starts.unparker().clone();
    let job = pool.run(move || {
        start.unpark();
        let hook = own.hook();
        let guard = on_cancel(move || {
            hook();
            interrupt.unpark();
        });
        assert!(starts.park(None));
        drop(guard);
        own.guard_is_gone();
    });
    let job = job.start();
    assert!(started.park(None));
    (job, seen)
}

/// Otherwise a job that blocks for its interrupt blocks for ever, whenever its caller
/// leaves.
#[test]
fn loom_no_hook_is_lost() {
    explore(|| {
        let pool = pool();
        let (job, seen) = blocked_for_its_hook(&pool);
        drop(job);
        let _report = pool.shutdown(LONG).wait();
        assert_eq!(seen.calls(), 1);
    });
}

/// Otherwise a caller believes that its cancel came too late, although the cancel has ended
/// the closure.
#[test]
fn loom_a_closure_that_a_cancel_ends_was_running() {
    explore(|| {
        let pool = pool();
        let (job, seen) = blocked_for_its_hook(&pool);
        assert_eq!(job.cancel(), Cancelled::Running);
        let _report = pool.shutdown(LONG).wait();
        assert_eq!(seen.calls(), 1);
    });
}

/// Otherwise a hook runs twice, or on two threads at a time, when a caller and a shutdown
/// cancel together.
#[test]
fn loom_two_threads_that_cancel_call_each_hook_once() {
    explore(|| {
        let pool = pool();
        let (job, seen) = started_with_a_hook(&pool);
        let other = thread::spawn(move || {
            let _withdrawn_or_running = job.cancel();
        });
        let _report = pool.shutdown(Duration::ZERO).wait();
        other.join().unwrap();
        let _report = pool.shutdown(LONG).wait();
        assert!(seen.calls() <= 1);
    });
}

/// Otherwise a wait inside a job does not notice that its caller has left.
#[test]
fn loom_a_future_of_a_cancellation_is_woken() {
    explore(|| {
        let pool = pool();
        let started = Parker::new();
        let start = started.unparker().clone();
        let job = pool.run(move || {
            start.unpark();
            wait(cancellation());
        });
        let job = job.start();
        assert!(started.park(None));
        assert_ne!(job.cancel(), Cancelled::Withdrawn);
        wait(job);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a task that keeps such a future and the job own each other for ever: nobody
/// wakes the waker after the job has ended.
#[test]
fn loom_a_job_that_has_ended_keeps_no_waker() {
    explore(|| {
        let pool = pool();
        let held = Arc::new(());
        let job = pool.run(cancellation);
        let mut future = pin!(wait(job));
        let waker = std::task::Waker::from(Arc::new(Holds(Arc::clone(&held))));
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(poll, Poll::Pending);
        drop(waker);
        assert_eq!(Arc::strong_count(&held), 1);
        let _report = pool.shutdown(LONG).wait();
    });
}

struct Holds(#[expect(dead_code, reason = "only its drop counts")] Arc<()>);

impl std::task::Wake for Holds {
    fn wake(self: Arc<Self>) {}
}

/// Otherwise a pool of one deadlocks whose hook needs the pool. The closure waits for the
/// hook, in the drop of its guard.
#[test]
fn loom_the_drop_of_a_guard_frees_the_permit() {
    explore(|| {
        let pool = pool();
        let (started, interrupted) = (Parker::new(), Parker::new());
        let start = started.unparker().clone();
        let inner = pool.clone();
        let told = Arc::new(AtomicUsize::new(0));
        let tell = Arc::clone(&told);
        let interrupt = interrupted.unparker().clone();
        let job = pool.run(move || {
            let guard = on_cancel(move || {
                interrupt.unpark();
                tell.store(wait(inner.run(|| 7)), Ordering::Relaxed);
            });
            start.unpark();
            assert!(interrupted.park(None));
            drop(guard);
        });
        let job = job.start();
        assert!(started.park(None));
        drop(job);
        let _report = pool.shutdown(LONG).wait();
        assert_eq!(told.load(Ordering::Relaxed), 7);
    });
}

/// Otherwise a job that ends just as its pool shuts down is reported as one that ran and as
/// one that was abandoned.
#[test]
fn loom_a_job_that_ends_at_a_shutdown_is_reported_once() {
    explore(|| {
        let pool = pool();
        let job = pool.run(|| ()).start();
        let report = pool.shutdown(Duration::ZERO).wait();
        let told = usize::from(wait(job.outcome()).is_err());
        assert!(report.abandoned <= told, "the job ran: {report:?}");
        // A job may end after it was seen running. Then its caller still gets the result.
        let unended = report.abandoned + report.running.len();
        assert!(unended >= told, "the job is missing: {report:?}");
        // The report leaves out a job that had ended before the shutdown.
        let all = report.completed + report.cancelled + unended;
        assert!(all <= 1, "the job is there twice: {report:?}");
        let _report = pool.shutdown(LONG).wait();
    });
}
