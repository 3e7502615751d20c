//! Hooks of a job: who calls them, when, and how often.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self},
    },
    task::{Context, Wake, Waker},
    thread::{self},
    time::{Duration, Instant},
};

use bridge_offload::{Cancelled, Lineage, Pool, on_cancel};
use common::{
    WaitError, eventually,
    hooks::{blocked_until_its_hook, note},
    pool, wait, wait_until,
};
use testkit::within;

#[test]
fn the_thread_that_drops_or_cancels_calls_it() {
    within(|| {
        let pool = pool(1, 8);
        let here = thread::current().id();
        let (job, calls) = blocked_until_its_hook(&pool);
        drop(job);
        assert_eq!(calls.iter().collect::<Vec<_>>(), [here]);
        let (job, calls) = blocked_until_its_hook(&pool);
        assert_eq!(job.cancel(), Cancelled::Running);
        assert_eq!(calls.iter().collect::<Vec<_>>(), [here]);
        wait(job);
        eventually("both are counted", || pool.metrics().completed == 2);
    });
}

/// Otherwise the closure of such a caller blocks for ever.
#[test]
fn a_waker_that_panics_as_it_is_dropped_does_not_keep_it_back() {
    within(|| {
        let pool = pool(1, 8);
        let (mut job, calls) = blocked_until_its_hook(&pool);
        let waker = Waker::from(Arc::new(PanicsWhenDropped));
        assert!(
            Pin::new(&mut job)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        // The job keeps a clone, which is the last one.
        drop(waker);
        assert!(catch_unwind(AssertUnwindSafe(|| drop(job))).is_err());
        assert_eq!(calls.recv(), Ok(thread::current().id()));
        eventually("the closure ends", || pool.metrics().completed == 1);
    });
}

struct PanicsWhenDropped;

impl Wake for PanicsWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        resume_unwind(Box::new("a waker that panics"));
    }
}

#[test]
fn a_time_limit_calls_it() {
    within(|| {
        let pool = pool(1, 8);
        let (job, calls) = blocked_until_its_hook(&pool);
        let soon = Instant::now() + Duration::from_millis(1);
        assert_eq!(wait_until(job, Some(soon)), Err(WaitError::TimedOut));
        assert_eq!(calls.recv(), Ok(thread::current().id()));
    });
}

/// Otherwise a shutdown waits for a job that blocks, and reports it as running.
#[test]
fn a_shutdown_that_has_used_up_its_grace_calls_it() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .cancel_grace(Duration::MAX)
            .build()
            .unwrap();
        let (awaited, its_calls) = blocked_until_its_hook(&pool);
        let (detached, calls) = blocked_until_its_hook(&pool);
        detached.detach();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.cancelled, report.running.len()), (2, 0));
        let here = thread::current().id();
        assert_eq!(its_calls.iter().collect::<Vec<_>>(), [here]);
        assert_eq!(calls.iter().collect::<Vec<_>>(), [here]);
        wait(awaited);
    });
}

/// Otherwise the hook of a job that was detached on purpose ends that job.
#[test]
fn a_detached_job_is_not_cancelled() {
    within(|| {
        let pool = pool(1, 8);
        let (call, calls) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let _guard = on_cancel(note(&call));
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        job.detach();
        drop((release, pool));
        assert_eq!(calls.iter().count(), 0);
    });
}

#[test]
fn it_is_not_called_without_its_guard() {
    within(|| {
        let pool = pool(1, 8);
        let (call, calls) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            drop(on_cancel(note(&call)));
            drop(call);
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(calls.recv(), Err(mpsc::RecvError), "its captures are gone");
        assert_eq!(job.cancel(), Cancelled::Running);
        drop(release);
        wait(job);
    });
}

/// Otherwise a wait in the destructor of a hook would count as a wait of a job that is over.
#[test]
fn a_hook_that_outlives_its_job_is_dropped_outside_of_it() {
    struct Told(mpsc::Sender<bool>);
    impl Drop for Told {
        fn drop(&mut self) {
            let _unheard = self.0.send(Lineage::current().is_root());
        }
    }
    within(|| {
        let (tell, told) = mpsc::channel();
        let (inside, _guard) = wait(pool(1, 8).run(|| {
            let told = Told(tell);
            let guard = on_cancel(move || drop(told));
            (Lineage::current().is_root(), guard)
        }));
        assert_eq!((inside, told.recv()), (false, Ok(true)));
    });
}

/// Otherwise an interrupt hits what the closure does after the guard.
#[test]
fn the_drop_of_the_guard_waits_for_a_call() {
    within(|| {
        let pool = pool(1, 8);
        for _ in 0..20 {
            let returned = Arc::new(AtomicBool::new(false));
            let returns = Arc::clone(&returned);
            let (start, started) = mpsc::channel();
            let (called, calls) = mpsc::channel();
            let job = pool.run(move || {
                let guard = on_cancel(move || {
                    called.send(()).unwrap();
                    thread::sleep(Duration::from_millis(2));
                    returns.store(true, Ordering::SeqCst);
                });
                start.send(()).unwrap();
                calls.recv().unwrap();
                drop(guard);
                returned.load(Ordering::SeqCst)
            });
            let job = job.start();
            started.recv().unwrap();
            assert_eq!(job.cancel(), Cancelled::Running);
            assert!(wait(job), "the drop has not waited");
        }
    });
}

/// Otherwise a pool of one hangs: the closure waits for the hook, and the hook for a job
/// that is queued behind the closure.
#[test]
fn a_hook_may_wait_for_its_own_pool() {
    within(|| {
        let pool = pool(1, 8);
        let inner = pool.clone();
        let (start, started) = mpsc::channel();
        let (called, calls) = mpsc::channel();
        let job = pool.run(move || {
            let guard = on_cancel(move || {
                called.send(0).unwrap();
                called.send(wait(inner.run(|| 7))).unwrap();
            });
            start.send(()).unwrap();
            let began = calls.recv().unwrap();
            drop(guard);
            (began, calls.try_recv())
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        assert_eq!(wait(job), (0, Ok(7)));
    });
}

/// Otherwise a closure blocks for ever whose caller had left before it armed its hook.
#[test]
fn a_late_hook_is_called_at_once_on_this_thread() {
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            start.send(()).unwrap();
            let _released = held.recv();
            let (call, calls) = mpsc::channel();
            let first = on_cancel(note(&call));
            let own = calls.try_recv() == Ok(thread::current().id());
            let panics = on_cancel(|| resume_unwind(Box::new(())));
            drop((first, panics));
            own && calls.try_recv().is_err()
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        drop(release);
        assert!(wait(job));
    });
}

#[test]
fn the_newest_is_called_first_also_after_a_guard_in_between_is_dropped() {
    within(|| {
        let pool = pool(1, 8);
        let (call, calls) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let [oldest, guards @ ..] = [1, 2, 3, 4].map(|number| {
                let call = call.clone();
                on_cancel(move || call.send(number).unwrap())
            });
            drop(oldest);
            start.send(()).unwrap();
            let _released = held.recv();
            drop(guards);
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        drop(release);
        assert_eq!(calls.iter().collect::<Vec<_>>(), [4, 3, 2]);
        wait(job);
    });
}

#[test]
fn several_are_called_the_newest_first_and_a_panic_stops_none() {
    within(|| {
        let pool = pool(1, 8);
        let (call, calls) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let guards = [1, 2, 3, 4].map(|number| {
                let call = call.clone();
                on_cancel(move || {
                    call.send(number).unwrap();
                    if number % 2 == 0 {
                        resume_unwind(Box::new(number));
                    }
                })
            });
            let [_first, second, ..] = &guards;
            let _debug = format!("{second:?}");
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        // The drop of a future may be part of an unwinding. Then two panics meet.
        let unwound = catch_unwind(AssertUnwindSafe(|| {
            let _dropped = job;
            resume_unwind(Box::new(()));
        }));
        assert!(unwound.is_err());
        drop(release);
        assert_eq!(calls.iter().collect::<Vec<_>>(), [4, 3, 2, 1]);
        eventually("the job has ended", || pool.metrics().completed == 1);
        assert_eq!(wait(pool.run(|| 1)), 1);
    });
}
