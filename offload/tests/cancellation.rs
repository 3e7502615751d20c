//! The future by which a job learns that its caller has left.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::{pending, poll_fn, ready},
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use bridge_offload::{Cancellation, Cancelled, Offload, Pool, cancellation};
use common::{eventually, pool, wait};
use futures::{FutureExt, future::select};
use testkit::within;

/// Starts a job that waits until its caller leaves, or `other` is ready. It returns whether
/// its caller has left.
fn waits_for(
    pool: &Pool,
    other: impl Future<Output = ()> + Send + Unpin + 'static,
) -> (Offload<()>, mpsc::Receiver<bool>) {
    let (tell, told) = mpsc::channel();
    let (start, started) = mpsc::channel();
    let job = pool.run(move || {
        let cancelled = cancellation().map(|()| true);
        start.send(()).unwrap();
        let first = wait(select(cancelled, other.map(|()| false)));
        tell.send(first.factor_first().0).unwrap();
    });
    let job = job.start();
    started.recv().unwrap();
    (job, told)
}

#[test]
fn it_resolves_when_the_caller_leaves() {
    within(|| {
        let pool = pool(1, 8);
        let (job, told) = waits_for(&pool, pending());
        eventually("the wait is parked", || pool.metrics().blocked == 1);
        drop(job);
        assert_eq!(told.recv(), Ok(true));
        let (job, told) = waits_for(&pool, pending());
        assert_eq!(job.cancel(), Cancelled::Running);
        wait(job);
        assert_eq!(told.recv(), Ok(true));
        let (job, told) = waits_for(&pool, ready(()));
        wait(job);
        assert_eq!(told.recv(), Ok(false));
    });
}

/// Otherwise a shutdown abandons jobs that could have been told.
#[test]
fn it_resolves_when_a_shutdown_has_used_up_its_grace() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .cancel_grace(Duration::MAX)
            .build()
            .unwrap();
        let (job, told) = waits_for(&pool, pending());
        let (detached, also_told) = waits_for(&pool, pending());
        detached.detach();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.cancelled, report.running.len()), (2, 0));
        assert_eq!((told.recv(), also_told.recv()), (Ok(true), Ok(true)));
        wait(job);
    });
}

/// Otherwise a detached job stops early.
#[test]
fn detaching_a_job_does_not_resolve_it() {
    within(|| {
        let pool = pool(1, 8);
        let (release, released) = futures::channel::oneshot::channel::<()>();
        let (job, told) = waits_for(&pool, released.map(|_| ()));
        job.detach();
        drop(release);
        assert_eq!(told.recv(), Ok(false));
    });
}

fn poll(future: &mut Cancellation, waker: &Waker) -> Poll<()> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

#[test]
fn it_is_ready_if_the_caller_has_left() {
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let mut early = cancellation();
            start.send(()).unwrap();
            let _released = held.recv();
            let polls = [&mut early, &mut cancellation()].map(|it| poll(it, Waker::noop()));
            let again = poll(&mut early, Waker::noop());
            polls.iter().chain([&again]).all(Poll::is_ready)
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        drop(release);
        assert!(wait(job));
    });
}

/// Wakes nobody. Its count tells whether a waker is left.
struct Held;

impl Wake for Held {
    fn wake(self: Arc<Self>) {}
}

/// Otherwise a task and a job own each other for ever. The task keeps the future, and the
/// job keeps the task's waker.
#[test]
fn wakers_are_dropped_with_the_future_and_at_the_end_of_the_job() {
    fn is_send_and_sync<T: Send + Sync + 'static>(_: &T) {}
    within(|| {
        let pool = pool(1, 8);
        let held = Arc::new(Held);
        let waker = Waker::from(Arc::clone(&held));
        let job = pool.run(move || {
            let mut dropped = cancellation();
            let mut kept = cancellation();
            is_send_and_sync(&kept);
            assert!(poll(&mut dropped, &waker).is_pending());
            assert!(poll(&mut kept, &waker).is_pending());
            assert!(poll(&mut kept, &waker).is_pending());
            drop(waker);
            (Arc::strong_count(&held), drop(dropped), held, kept)
        });
        let (both, (), held, mut kept) = wait(job);
        assert_eq!((both, Arc::strong_count(&held)), (3, 1));
        // The job is over, and its caller has not left it.
        let late = Waker::from(Arc::clone(&held));
        assert!(poll(&mut kept, &late).is_pending());
        drop(late);
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// Otherwise only the last of several futures wakes its task, or one wakes a task that has
/// moved.
#[test]
fn each_future_wakes_the_task_that_polled_it_last() {
    struct Notes(mpsc::Sender<u8>, u8);
    impl Wake for Notes {
        fn wake(self: Arc<Self>) {
            self.0.send(self.1).unwrap();
        }
    }
    within(|| {
        let pool = pool(1, 8);
        let (woken, wakes) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let (mut first, mut second) = (cancellation(), cancellation());
            let by = |number| Waker::from(Arc::new(Notes(woken.clone(), number)));
            assert!(poll(&mut first, &by(1)).is_pending());
            assert!(poll(&mut second, &by(2)).is_pending());
            assert!(poll(&mut first, &by(3)).is_pending());
            drop(woken);
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        let mut woken: Vec<_> = wakes.iter().collect();
        woken.sort_unstable();
        assert_eq!(woken, [2, 3]);
        drop(release);
        wait(job);
    });
}

/// Otherwise a task that the job has spawned does not learn that the job's caller has left.
#[test]
fn it_may_move_to_another_thread() {
    within(|| {
        let pool = pool(1, 8);
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let future = cancellation();
            let other = thread::spawn(move || {
                let mut future = future;
                let mut starts = Some(start);
                wait(poll_fn(|cx| {
                    let outcome = Pin::new(&mut future).poll(cx);
                    starts
                        .take()
                        .into_iter()
                        .for_each(|it| it.send(()).unwrap());
                    outcome
                }));
            });
            other.join().unwrap();
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        wait(job);
    });
}

#[test]
fn outside_a_job_it_never_resolves() {
    let mut future = cancellation();
    assert!(poll(&mut future, Waker::noop()).is_pending());
    let _debug = format!("{future:?}");
}

/// Otherwise a waker that panics keeps a hook from being called.
#[test]
fn a_waker_that_panics_stops_nothing() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new(()));
        }
    }
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let release = Mutex::new(Some(release));
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let mut future = cancellation();
            let waker = Waker::from(Arc::new(Panics));
            assert!(poll(&mut future, &waker).is_pending());
            let _guard = bridge_offload::on_cancel(move || drop(release.lock().unwrap().take()));
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        wait(job);
    });
}

/// Otherwise a task hangs that owns another future of the same job: its waker is then dropped
/// under a lock that the other future needs.
#[test]
fn a_waker_may_own_another_future_of_its_job() {
    struct Owns(#[expect(dead_code, reason = "its drop is what matters")] Cancellation);
    impl Wake for Owns {
        fn wake(self: Arc<Self>) {}
    }
    within(|| {
        let pool = pool(1, 8);
        let owning = || Waker::from(Arc::new(Owns(cancellation())));
        wait(pool.run(move || {
            let mut future = cancellation();
            // The second poll replaces the waker of the first, and the drop drops the last one.
            assert!(poll(&mut future, &owning()).is_pending());
            assert!(poll(&mut future, &owning()).is_pending());
        }));
    });
}
