//! Jobs that are lent to a parked worker: it runs them, or gives them back to a worker
//! that can run them. No lent job is forgotten.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::Duration,
};

use bridge_offload::{Lineage, Offload, OffloadError, Pool, cancelled};
use common::{WaitError, eventually, moment, pool_with_blocked as pool, try_wait, wait};
use futures::{
    FutureExt,
    channel::oneshot,
    future::{join, join_all},
};
use testkit::within;

/// Starts a job that is parked in a wait until the sender releases it.
fn parked(pool: &Pool) -> (Offload<Result<(), WaitError>>, oneshot::Sender<()>) {
    let before = pool.metrics().blocked;
    let (release, released) = oneshot::channel();
    let task = pool.run(|| try_wait(released).map(|_| ())).start();
    eventually("parked", || pool.metrics().blocked == before + 1);
    (task, release)
}

/// Returns a job that waits for a job of its own, which is lent to it. `next` takes the
/// lent job at the poll that comes before the job runs.
fn lent<T: Send + 'static>(
    pool: &Pool,
    next: impl Fn(Offload<i32>) -> T + Send + 'static,
) -> impl FnOnce() -> T + Send + 'static {
    let pool = pool.clone();
    move || {
        let mut task = None;
        wait(poll_fn(|_| match task.take() {
            None => {
                task = Some(pool.run(|| 42).start());
                Poll::Pending
            }
            Some(task) => Poll::Ready(next(task)),
        }))
    }
}

/// Otherwise an async function that calls a waiting sync function hangs. The inner wait
/// polls for the job that its worker has just been lent, so the job is lent to that wait.
#[test]
fn a_wait_within_the_wait_is_lent_the_job_that_it_polls_for() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let parent = pool.run(lent(&pool, try_wait));
        assert_eq!(wait(parent), Ok(42));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}

/// Otherwise an inner wait hangs that does not poll for the lent job. Nobody can run that
/// job until the inner wait is over.
#[test]
fn a_wait_that_nobody_can_serve_is_told_and_not_left() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let never = |task| {
            let outcome = try_wait(std::future::pending::<()>());
            drop(task);
            outcome
        };
        let parent = pool.run(lent(&pool, never));
        assert_eq!(wait(parent), Err(WaitError::Exhausted));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
        assert_eq!(wait(pool.run(|| 1)), 1, "the pool works on");
    });
}

#[test]
fn a_job_given_back_after_the_end_is_over() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let (ended, inner) = (pool.clone(), pool.clone());
        let parent = pool.run(lent(&pool, move |task| {
            // Another thread shuts the pool down, because a job that shuts down its own
            // pool is another case.
            let ended = ended.clone();
            let shutdown = thread::spawn(move || ended.shutdown(Duration::ZERO).wait());
            let report = shutdown.join().unwrap();
            assert_eq!((report.abandoned, report.running.len()), (0, 3));
            let outcome = wait(inner.run(|| ()).outcome());
            assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
            wait(task.outcome())
        }));
        let _told = wait(parent.outcome()).unwrap_err();
        release.send(()).unwrap();
        let _told = wait(other.outcome()).unwrap_err();
        eventually("all threads end", || pool.metrics().threads == 0);
        assert_eq!(pool.metrics().queued, 0);
        let _nothing_to_wait_for = pool.shutdown(Duration::MAX).wait();
    });
}

/// The worker that was lent the job gives it back while the shutdown waits for others.
#[test]
fn a_job_given_back_in_the_cancel_grace_counts_as_cancelled() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .max_blocked_threads(1)
            .cancel_grace(Duration::MAX)
            .build()
            .unwrap();
        let (other, release) = parked(&pool);
        let ended = pool.clone();
        let parent = pool.run(lent(&pool, move |task| {
            let ending = ended.clone();
            let shutdown = thread::spawn(move || ending.shutdown(Duration::ZERO).wait());
            eventually("the grace is over", cancelled);
            let outcome = wait(task.outcome());
            assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
            shutdown
        }));
        let shutdown = wait(parent);
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
        assert_eq!(shutdown.join().unwrap().running.len(), 0);
        let metrics = pool.metrics();
        assert_eq!((metrics.cancelled, metrics.rejected), (1, 0));
    });
}

/// Otherwise a job that comes after a fruitless search is not lent. It belongs to a
/// wait that parks again, or to a wait that has been parked all along.
#[test]
fn a_job_that_comes_after_a_vain_look_is_lent() {
    for parks_again in [true, false] {
        within(|| {
            let pool = pool(3, 1);
            let (other, release) = parked(&pool);
            let (wake, woken) = oneshot::channel::<()>();
            let (tell, told) = mpsc::channel();
            let inner = pool.clone();
            let task = pool.run(move || {
                wait(async move {
                    tell.send(Lineage::current()).unwrap();
                    woken.await.unwrap();
                    inner.run(|| 1).await
                })
            });
            let task = task.start();
            let lineage = told.recv().unwrap();
            eventually("both are parked", || pool.metrics().blocked == 2);
            // Of these jobs one is lent, and one gets the last worker. The search for a
            // worker that can run the third one finds nobody.
            let (go_on, hold) = mpsc::channel::<()>();
            let (inner, hold) = (pool.clone(), Arc::new(Mutex::new(hold)));
            let parent = pool.run(move || {
                let job = || {
                    let hold = Arc::clone(&hold);
                    inner.run(move || hold.lock().unwrap().recv().unwrap())
                };
                wait(join_all([job(), job(), job()]));
            });
            let parent = parent.start();
            eventually("two run and one can't", || {
                let metrics = pool.metrics();
                (metrics.running, metrics.blocked, metrics.queued) == (2, 2, 1)
            });
            let _found_no_worker = pool.try_run(|| ()).unwrap();
            if parks_again {
                wake.send(()).unwrap();
                assert_eq!(wait(task), 1);
            } else {
                assert_eq!(wait(lineage.scope(pool.run(|| 2))), 2);
                wake.send(()).unwrap();
                assert_eq!(wait(task), 1);
            }
            for _ in 0..3 {
                go_on.send(()).unwrap();
            }
            wait(parent);
            release.send(()).unwrap();
            assert_eq!(wait(other), Ok(()));
        });
    }
}

/// Otherwise a future whose every poll waits gives its job back for ever.
#[test]
fn a_future_whose_every_poll_waits_lets_its_job_run() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let inner = pool.clone();
        let value = wait(pool.run(move || {
            let mut task = None;
            wait(poll_fn(|cx| {
                wait(async {});
                task.get_or_insert_with(|| Box::pin(inner.run(|| 42)))
                    .as_mut()
                    .poll(cx)
            }))
        }));
        assert_eq!(value, 42);
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}

/// Otherwise a stream of jobs keeps the job that ends it from running. At the ceiling
/// with one permit, the first queued job must be lent. The ending job is a sibling of the
/// stream, or of the job that runs the stream.
#[test]
fn a_stream_of_jobs_does_not_overtake_the_one_that_ends_it() {
    for nested in [false, true] {
        within(move || {
            let pool = pool(1, 1);
            let (other, release) = (!nested).then(|| parked(&pool)).unzip();
            let inner = pool.clone();
            wait(pool.run(move || {
                let over = Arc::new(AtomicBool::new(false));
                let end = Arc::clone(&over);
                let end = inner.run(move || end.store(true, Ordering::SeqCst));
                let stream = async |pool: Pool| {
                    while !over.load(Ordering::SeqCst) {
                        pool.run(|| ()).await;
                    }
                };
                if nested {
                    let (stream, over) = (inner.clone(), Arc::clone(&over));
                    let stream = inner.run(move || {
                        wait(async {
                            while !over.load(Ordering::SeqCst) {
                                stream.run(|| ()).await;
                            }
                        });
                    });
                    wait(join(stream, end));
                } else {
                    wait(join(end, stream(inner.clone())));
                }
            }));
            drop(release);
            drop(other);
        });
    }
}

#[test]
fn jobs_are_lent_in_the_order_they_came() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let inner = pool.clone();
        wait(pool.run(move || {
            // This job blocks outside of any wait, and holds the only permit.
            let (send, receive) = mpsc::channel();
            let first = inner.run(move || send.send(()).unwrap());
            let second = inner.run(move || receive.recv().unwrap());
            wait(join(first, second));
        }));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}

/// Otherwise jobs that end only together hang. They come while a sleeping worker is being
/// woken: it takes the first job, and two waits take the others.
#[test]
fn as_many_are_lent_as_there_are_permits() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(3)
            .max_blocked_threads(1)
            .spin(Duration::ZERO)
            .build()
            .unwrap();
        let (other, release) = parked(&pool);
        let (first, second) = (pool.clone(), pool.clone());
        wait(pool.run(move || {
            wait(first.run(move || {
                wait(second.run(|| ()));
                eventually("the fourth thread sleeps", || second.metrics().idle == 1);
                thread::sleep(Duration::from_millis(5));
                let together = Arc::new(Barrier::new(3));
                wait(join_all((0..3).map(|_| {
                    let together = Arc::clone(&together);
                    second.run(move || together.wait().is_leader())
                })));
            }));
        }));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}

#[test]
fn a_job_withdrawn_while_it_is_lent_is_not_queued_again() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let lent = lent(&pool, drop);
        let inner = pool.clone();
        let metrics = wait(pool.run(move || {
            lent();
            inner.metrics()
        }));
        assert_eq!((metrics.queued, metrics.cancelled), (0, 1));
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}

/// Otherwise a shutdown that the lender waits for hangs. It must look again when the lent
/// job is withdrawn, although no other job ends.
#[test]
fn a_job_withdrawn_while_it_is_lent_is_not_waited_for() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let inner = pool.clone();
        let report = wait(pool.run(move || {
            let (tell, told) = mpsc::channel();
            let (mut task, mut release) = (None, Some(release));
            wait(poll_fn(|_| {
                let Some(task) = task.take() else {
                    task = Some(inner.run(|| ()).start());
                    let (ended, tell) = (inner.clone(), tell.clone());
                    let ending = async move { ended.shutdown(Duration::MAX).wait() };
                    let ending = Lineage::current().scope(ending);
                    thread::spawn(move || tell.send(wait(ending)));
                    return Poll::Pending;
                };
                // The pool still takes what this wait submits, so another thread asks.
                let is_refused = || inner.try_run(|| ()).is_err();
                eventually("the end has begun", || {
                    thread::scope(|scope| scope.spawn(is_refused).join().unwrap())
                });
                // This worker has a job of its own again, so the other job ends too.
                drop(release.take());
                eventually("the other has ended", || inner.metrics().blocked == 0);
                thread::sleep(Duration::from_millis(20));
                drop(task);
                thread::sleep(Duration::from_millis(5));
                wait(async {});
                Poll::Ready(told.recv().unwrap())
            }))
        }));
        drop(other);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise a lent job blocks on a lock that its own worker holds. The code between two
/// waits on a stack may hold such a lock, so the inner wait must not run the job.
#[test]
fn a_wait_within_the_wait_runs_nothing_that_was_lent_to_the_outer_one() {
    within(|| {
        let pool = pool(1, 1);
        let (other, release) = parked(&pool);
        let own = pool.clone();
        let value = wait(pool.run(move || {
            let lock = Arc::new(Mutex::new(42));
            let mut task: Option<Offload<i32>> = None;
            wait(poll_fn(|cx| {
                let Some(task) = &mut task else {
                    let lock = Arc::clone(&lock);
                    task = Some(own.run(move || *lock.lock().unwrap()).start());
                    return Poll::Pending;
                };
                let held = lock.lock().unwrap();
                wait(moment());
                drop(held);
                task.poll_unpin(cx)
            }))
        }));
        assert_eq!(value, 42);
        release.send(()).unwrap();
        assert_eq!(wait(other), Ok(()));
    });
}
