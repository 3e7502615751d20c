//! Jobs that are withdrawn: dropped, cancelled, timed out or refused. The tests also
//! check where their captures are dropped.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{Cancelled, Offload, OffloadError, Rejected, cancelled};
use common::{
    WaitError, begin_shutdown, eventually, plug, plug_with, pool, pool_with_a_slow_second_start,
    wait, wait_until,
};
use testkit::within;

#[test]
fn a_timed_admission_gives_the_closure_back() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let _queued = pool.try_run(|| ()).unwrap();
        let at_once = std::future::ready(());
        let rejected = wait(pool.run_unless(|| 5, at_once)).unwrap_err();
        assert!(matches!(&rejected, Rejected::TimedOut { .. }));
        let rejected = rejected.map(|closure| closure() + 1);
        assert!(rejected.is_timed_out());
        assert_eq!(rejected.into_inner(), 6);
        let metrics = pool.metrics();
        assert_eq!((metrics.rejected, metrics.cancelled), (1, 0));
        drop(release);
        wait(plugged);
        assert_eq!(wait(pool.run_unless(|| 6, pending())).ok(), Some(6));
    });
}

/// Otherwise a limit on the admission withdraws jobs that were admitted in time.
#[test]
fn a_limit_of_the_admission_does_not_withdraw_what_was_admitted() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let mut admitted = Box::pin(pool.run_unless(|| 5, std::future::ready(())));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(admitted.as_mut().poll(&mut cx).is_pending());
        assert_eq!((pool.metrics().queued, pool.metrics().backlog), (1, 0));
        drop(release);
        wait(plugged);
        assert_eq!(wait(admitted).ok(), Some(5));
    });
}

/// Otherwise a caller that cancels a job hears nothing of the shutdown that has shut it out.
#[test]
fn a_cancelled_job_that_was_shut_out_says_so() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let queued = pool.run(|| ()).start();
        let shut_out = pool.run(|| ()).start();
        let shutdown = begin_shutdown(&pool);
        assert_eq!(shut_out.cancel(), Cancelled::Finished);
        let error = wait(shut_out.outcome()).unwrap_err();
        assert!(matches!(error, OffloadError::ShutDown { .. }), "{error}");
        drop(release);
        wait(plugged);
        wait(queued);
        let _report = wait(shutdown);
    });
}

/// Otherwise a registry of jobs shows them as running, or calls for results that are not there.
#[test]
fn a_job_is_finished_once_its_result_can_be_had() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let mut queued = pool.run(|| 7).start().outcome();
        let withdrawn = pool.run(|| ()).start();
        assert!(!plugged.is_finished() && !queued.is_finished() && !withdrawn.is_finished());
        assert_eq!(withdrawn.cancel(), Cancelled::Withdrawn);
        assert!(withdrawn.is_finished());
        drop(release);
        eventually("it has run", || queued.is_finished());
        assert_eq!(wait(&mut queued).unwrap(), 7);
        assert!(queued.is_finished() && plugged.is_finished());
        // An outcome that lost a `select!` can still be cancelled, or detached.
        let (plugged, release) = plug(&pool);
        let late = pool.run(|| ()).outcome().start();
        assert_eq!(pool.metrics().queued, 1, "it was submitted");
        assert_eq!(late.cancel(), Cancelled::Withdrawn);
        assert!(matches!(wait(late), Err(OffloadError::Cancelled { .. })));
        pool.run(|| ()).outcome().detach();
        drop(release);
        wait(plugged);
        eventually("the detached job has run", || pool.metrics().completed == 4);
    });
}

/// Panics when dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "bomb");
    }
}

#[test]
fn a_result_that_panics_when_dropped_costs_no_thread() {
    within(|| {
        let pool = pool(1, 8);
        let (task, release) = plug_with(&pool, Bomb);
        drop(task);
        drop(release);
        eventually("the bomb has gone off", || pool.metrics().panicked == 1);
        assert_eq!(wait(pool.run(|| 1)), 1);
    });
}

#[test]
fn dropping_a_queued_job_withdraws_it_and_its_captures() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let captured = Arc::new(());
        let capture = Arc::clone(&captured);
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        let task = pool
            .try_run(move || {
                flag.store(true, Ordering::SeqCst);
                drop(capture);
            })
            .unwrap();
        drop(task);
        assert_eq!(
            Arc::strong_count(&captured),
            1,
            "the captures are dropped at once"
        );
        assert_eq!((pool.metrics().queued, pool.metrics().cancelled), (0, 1));
        drop(release);
        wait(plugged);
        wait(pool.run(|| ()));
        assert!(!ran.load(Ordering::SeqCst));
    });
}

#[test]
fn withdrawn_jobs_leave_no_memory_behind() {
    within(|| {
        let pool = pool(1, 16);
        let (plugged, release) = plug(&pool);
        for _ in 0..100_000 {
            drop(pool.try_run(|| ()).expect("the queue has room again"));
        }
        assert_eq!(pool.metrics().cancelled, 100_000);
        drop(release);
        wait(plugged);
    });
}

#[test]
fn cancel_tells_what_it_came_upon() {
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = mpsc::channel();
        let runs = pool
            .try_run(move || {
                started.send(()).unwrap();
                let _released = held.recv();
                while !cancelled() {
                    thread::yield_now();
                }
                "early"
            })
            .unwrap();
        running.recv().unwrap();
        let queued = pool.try_run(|| ()).unwrap();
        assert_eq!(queued.cancel(), Cancelled::Withdrawn);
        assert!(matches!(
            wait(queued.outcome()),
            Err(OffloadError::Cancelled { .. })
        ));
        assert_eq!(runs.cancel(), Cancelled::Running);
        drop(release);
        eventually("the job has ended", || pool.metrics().completed == 1);
        assert_eq!(runs.cancel(), Cancelled::Finished);
        assert_eq!(wait(runs), "early");
        assert!(!cancelled(), "false outside of jobs");
    });
}

/// Otherwise the task that awaits a job hangs if another thread cancels the job.
#[test]
fn a_cancelled_job_in_the_queue_wakes_its_task() {
    struct Tells(mpsc::Sender<()>);
    impl Wake for Tells {
        fn wake(self: Arc<Self>) {
            self.0.send(()).unwrap();
        }
    }
    within(|| {
        let pool = pool(1, 64);
        let (plugged, release) = plug(&pool);
        let bomb = Bomb;
        let mut queued = pool.run(move || drop(bomb)).start();
        let (tell, told) = mpsc::channel();
        let waker = Waker::from(Arc::new(Tells(tell)));
        let mut cx = Context::from_waker(&waker);
        // At first the job may ask for further polls.
        while Pin::new(&mut queued).poll(&mut cx).is_pending() && told.try_recv().is_ok() {}
        // The captures panic when they are dropped, and the task is told all the same.
        let panic = catch_unwind(AssertUnwindSafe(|| queued.cancel()));
        assert!(panic.is_err());
        assert_eq!(told.recv(), Ok(()));
        drop(release);
        wait(plugged);
    });
}

#[test]
fn a_dropped_job_keeps_its_permit_until_it_ends() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        drop(plugged);
        let next = pool.run(|| 1).start();
        thread::sleep(Duration::from_millis(20));
        assert_eq!((pool.metrics().running, pool.metrics().queued), (1, 1));
        drop(release);
        assert_eq!(wait(next), 1);
    });
}

#[test]
fn captures_that_panic_when_they_are_withdrawn_leave_their_place() {
    within(|| {
        let pool = pool(1, 4);
        let (plugged, release) = plug(&pool);
        for cancel in [false, true].repeat(4) {
            let bomb = Bomb;
            let task = pool.try_run(move || drop(bomb)).unwrap();
            let panic = catch_unwind(AssertUnwindSafe(|| {
                if cancel {
                    let _withdrawn = task.cancel();
                } else {
                    drop(task);
                }
            }));
            assert!(panic.is_err());
            assert_eq!(pool.metrics().queued, 0);
        }
        drop(release);
        wait(plugged);
        assert_eq!(pool.metrics().cancelled, 8);
        let _nothing_is_left = pool.shutdown(Duration::MAX).wait();
    });
}

/// Otherwise a panic in the captures of one refused job keeps another caller waiting. The
/// caller of a refused job drops its captures, and not the thread that shuts down.
#[test]
fn captures_that_panic_when_they_are_refused_keep_nobody_waiting() {
    /// Polls and drops its task as soon as it is woken.
    #[derive(Default)]
    struct AtOnce(Mutex<Option<Offload<()>>>);
    impl Wake for AtOnce {
        fn wake(self: Arc<Self>) {
            let task = self.0.lock().unwrap().take();
            let mut task = task.unwrap().outcome();
            let mut cx = Context::from_waker(Waker::noop());
            assert!(Pin::new(&mut task).poll(&mut cx).is_ready());
        }
    }
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        let bomb = Bomb;
        let mut first = pool.run(move || drop(bomb));
        let at_once = Arc::new(AtOnce::default());
        let waker = Waker::from(Arc::clone(&at_once));
        let first_poll = Pin::new(&mut first).poll(&mut Context::from_waker(&waker));
        assert!(first_poll.is_pending());
        *at_once.0.lock().unwrap() = Some(first);
        let second = pool.run(|| ()).start();
        let _report = pool.shutdown(Duration::ZERO).wait();
        let outcome = wait(second.outcome());
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        assert!(at_once.0.lock().unwrap().is_none());
        drop(release);
        drop((plugged, queued));
    });
}

/// Otherwise a pool deadlocks with itself. A waker may hold the last reference to a task,
/// and the task may hold an offload.
#[test]
fn no_waker_is_dropped_under_the_pools_lock() {
    struct Task(Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>);
    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        let late = Arc::new(AtomicBool::new(false));
        let (inner, limit) = (pool.clone(), Arc::clone(&late));
        let task = Arc::new(Task(Mutex::new(Some(Box::pin(async move {
            let limit = poll_fn(|_| {
                if limit.load(Ordering::SeqCst) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            });
            assert!(inner.run_unless(|| (), limit).await.is_err());
            inner.run(|| ()).await;
        })))));
        let is_pending = |waker: &Waker| {
            let mut future = task.0.lock().unwrap();
            let mut cx = Context::from_waker(waker);
            future.as_mut().unwrap().as_mut().poll(&mut cx).is_pending()
        };
        let waker = Waker::from(Arc::clone(&task));
        assert!(is_pending(&waker));
        // As long as another job is in the backlog, the withdrawn job stays in the list.
        let beside = pool.run(|| ()).start();
        late.store(true, Ordering::SeqCst);
        assert!(is_pending(&waker));
        // The job in the backlog has no waker of the task any more. If the withdrawn job
        // still had a waker, the thread that removes it from the queue would drop the
        // task.
        assert!(is_pending(Waker::noop()));
        drop((task, waker));
        drop(release);
        wait(plugged);
        wait(queued);
        wait(beside);
        assert_eq!(wait(pool.run(|| 3)), 3);
    });
}

/// Otherwise a destructor that waits hangs in a shutdown. The thread that shuts down
/// drops the captures. It may be a worker, which must not count as parked then.
#[test]
fn a_destructor_that_waits_may_run_in_a_shutdown() {
    struct Waits(mpsc::Sender<()>);
    impl Drop for Waits {
        fn drop(&mut self) {
            let soon = Instant::now() + Duration::from_millis(1);
            let outcome = wait_until(pending::<()>(), Some(soon));
            assert_eq!(outcome, Err(WaitError::TimedOut));
            self.0.send(()).unwrap();
        }
    }
    within(|| {
        // The second worker never gets as far as taking a job.
        let (pool, release) = pool_with_a_slow_second_start(1);
        let (waited, waits) = mpsc::channel();
        let own = pool.clone();
        let job = pool.run(move || {
            let waits = Waits(waited);
            let queued = own.run(move || drop(waits)).start();
            let report = own.shutdown(Duration::ZERO).wait();
            (report.abandoned, wait(queued.outcome()).is_err())
        });
        assert_eq!(wait(job), (1, true));
        waits.recv().unwrap();
        eventually("the job has ended", || pool.metrics().running == 0);
        drop(release);
    });
}
