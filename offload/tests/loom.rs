//! The pool's protocols in every order of steps, on the code that ships.
//!
//! `cargo xtask loom` runs these tests. The name of each test says which race it rules
//! out, and its comment says what a user would see.
#![cfg(bridge_loom)]

mod common;

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bridge_offload::{Pool, park::Parker};
use common::{
    WaitError,
    exploring::{LONG, explore, submit_while_shutting_down},
    try_wait, wait,
};
use futures::{channel::oneshot, future::join};
use loom::thread;

/// Returns a pool as small as the race allows, whose workers never spin.
fn pool(threads: usize, blocked: usize, capacity: usize) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .max_blocked_threads(blocked)
        .queue_capacity(capacity)
        .spin(Duration::ZERO)
        .build()
        .unwrap()
}

/// Otherwise a thread that is told to go on sleeps for ever.
#[test]
fn loom_a_token_left_before_or_during_the_park_is_taken() {
    explore(|| {
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let other = thread::spawn(move || unparker.unpark());
        assert!(parker.park(None));
        other.join().unwrap();
        assert!(!parker.take());
    });
}

/// Otherwise an offload hangs whose job came just as the worker went to sleep.
#[test]
fn loom_a_submission_finds_the_thread_that_goes_to_sleep() {
    explore(|| {
        let pool = pool(1, 1, 2);
        assert_eq!(wait(pool.run(|| 1)), 1);
        assert_eq!(wait(pool.run(|| 2)), 2);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise an offload hangs whose job was given to a worker that had just ended.
#[test]
fn loom_a_thread_that_retires_is_not_called() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .spin(Duration::ZERO)
            .keep_alive(Duration::from_nanos(1))
            .build()
            .unwrap();
        assert_eq!(wait(pool.run(|| 1)), 1);
        assert_eq!(wait(pool.run(|| 2)), 2);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise an offload hangs whose job came as the worker stopped spinning.
#[test]
fn loom_a_submission_finds_the_thread_that_spins() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .spin(Duration::from_nanos(1))
            .build()
            .unwrap();
        assert_eq!(wait(pool.run(|| 1)), 1);
        assert_eq!(wait(pool.run(|| 2)), 2);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise jobs wait for a worker that watches, although no other worker runs a job.
#[test]
fn loom_a_thread_that_watches_is_called_when_nobody_works() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .spin(Duration::ZERO)
            .watchful()
            .build()
            .unwrap();
        let first: Vec<_> = (0..2).map(|n| pool.run(move || n).start()).collect();
        for (n, task) in first.into_iter().enumerate() {
            assert_eq!(wait(task), n);
        }
        assert_eq!(wait(pool.run(|| 2)), 2);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job hangs when it parks as the last running job while another worker
/// watches.
#[test]
fn loom_a_thread_that_watches_is_called_when_the_last_at_work_parks() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .max_blocked_threads(1)
            .spin(Duration::ZERO)
            .watchful()
            .build()
            .unwrap();
        let inner = pool.clone();
        let outer = pool.run(move || wait(inner.run(|| 7))).start();
        let other = pool.run(|| 8).start();
        assert_eq!((wait(outer), wait(other)), (7, 8));
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job hangs that blocks until another has run, because the worker that was called for
/// the other does not come.
#[test]
fn loom_a_thread_that_is_called_beside_another_takes_a_job_or_sleeps() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .spin(Duration::ZERO)
            .calling()
            .build()
            .unwrap();
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let first = pool.run(move || parker.park(None)).start();
        let second = pool.run(move || {
            unparker.unpark();
            2
        });
        let second = second.start();
        assert!(wait(first));
        assert_eq!(wait(second), 2);
        assert_eq!(wait(pool.run(|| 3)), 3);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job waits for a worker that was being added as another ended.
#[test]
fn loom_a_thread_is_added_while_another_retires() {
    explore(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .spin(Duration::ZERO)
            .keep_alive(Duration::from_nanos(1))
            .build()
            .unwrap();
        assert_eq!(wait(pool.run(|| 1)), 1);
        let both: Vec<_> = (2..4).map(|n| pool.run(move || n).start()).collect();
        assert_eq!(both.into_iter().map(wait).collect::<Vec<_>>(), [2, 3]);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a cancelled job runs, or a job is lost and its caller is never told.
#[test]
fn loom_a_job_is_claimed_or_withdrawn_never_both() {
    explore(|| {
        let pool = pool(1, 1, 2);
        let ran = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&ran);
        let task = pool
            .try_run(move || count.fetch_add(1, Ordering::Relaxed))
            .unwrap();
        drop(task);
        let report = pool.shutdown(LONG).wait();
        let metrics = pool.metrics();
        assert_eq!(metrics.completed + metrics.cancelled, 1, "{metrics:?}");
        assert_eq!(ran.load(Ordering::Relaxed) as u64, metrics.completed);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise a caller hangs whose offload raced the end of its pool.
#[test]
fn loom_a_submission_that_races_the_shutdown_is_answered() {
    explore(|| {
        submit_while_shutting_down(&pool(1, 1, 2));
    });
}

/// Otherwise a caller sees that its job was refused or abandoned, but the metrics do not
/// count it yet.
#[test]
fn loom_a_job_that_will_not_run_is_counted_when_its_caller_can_see_it() {
    explore(|| {
        let pool = pool(1, 1, 1);
        let parker = Parker::new();
        let unparker = parker.unparker().clone();
        let plug = pool.run(move || assert!(parker.park(None))).start();
        let left = [(); 2].map(|()| pool.run(|| ()).start().outcome());
        let other = pool.clone();
        let end = thread::spawn(move || other.shutdown(Duration::ZERO).wait());
        let mut cx = Context::from_waker(Waker::noop());
        for task in left {
            if pin!(task).poll(&mut cx).is_ready() {
                let metrics = pool.metrics();
                assert!(metrics.cancelled + metrics.rejected > 0, "{metrics:?}");
            }
        }
        let _report = end.join().unwrap();
        unparker.unpark();
        drop(plug);
    });
}

/// Otherwise a job that waits for another hangs on a pool with one permit.
#[test]
fn loom_a_thread_that_parks_is_compensated() {
    explore(|| {
        let pool = pool(1, 1, 2);
        let inner = pool.clone();
        let value = wait(pool.run(move || wait(inner.run(|| 7))));
        assert_eq!(value, 7);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise nesting past the ceiling hangs, or ends in an error although a descendant
/// could have been lent.
#[test]
fn loom_at_the_ceiling_a_descendant_is_lent() {
    explore(|| {
        let pool = pool(1, 1, 4);
        let (second, third) = (pool.clone(), pool.clone());
        let value = wait(pool.run(move || wait(second.run(move || try_wait(third.run(|| 9))))));
        assert_eq!(value, Ok::<_, WaitError>(9));
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Runs a job that parks twice. In between, an unrelated job takes its permit and blocks
/// until the first job is over. Then the first job waits for `last`.
fn wait_while_an_unrelated_job_blocks(
    blocked: usize,
    last: impl Fn(Pool) -> i32 + Clone + Send + Sync + 'static,
) {
    explore(move || {
        let pool = pool(1, blocked, 4);
        let (started, unrelated_runs) = oneshot::channel();
        let lock = Parker::new();
        let unlock = lock.unparker().clone();
        let (inner, last) = (pool.clone(), last.clone());
        let job = pool.run(move || {
            wait(unrelated_runs).unwrap();
            let value = last(inner);
            unlock.unpark();
            value
        });
        let job = job.start();
        let unrelated = pool.run(move || {
            started.send(()).unwrap();
            assert!(lock.park(None));
        });
        let unrelated = unrelated.start();
        assert_eq!(wait(job), 7);
        wait(unrelated);
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job that holds a lock over its wait hangs, because jobs that block on the
/// lock have all permits.
#[test]
fn loom_a_descendant_starts_on_a_thread_more_although_no_permit_is_free() {
    wait_while_an_unrelated_job_blocks(2, |pool| wait(pool.run(|| 7)));
}

/// Otherwise the same happens where no worker can be added.
#[test]
fn loom_a_descendant_is_lent_although_no_permit_is_free() {
    wait_while_an_unrelated_job_blocks(1, |pool| wait(pool.run(|| 7)));
}

/// Otherwise only the first descendant of such a wait runs.
#[test]
fn loom_descendants_run_one_after_the_other_although_no_permit_is_free() {
    wait_while_an_unrelated_job_blocks(2, |pool| {
        let both = join(pool.run(|| 3), pool.run(|| 4));
        let (first, second) = wait(both);
        first + second
    });
}

/// Otherwise a job that starts work before it waits hangs, because its own work counts as
/// unrelated.
#[test]
fn loom_what_was_started_before_the_wait_starts_although_no_permit_is_free() {
    wait_while_an_unrelated_job_blocks(1, |pool| {
        let task = pool.run(|| 7).start();
        wait(task)
    });
}

/// Otherwise a wait within the poll that follows a loan hangs, because its worker keeps
/// the job that it needs.
#[test]
fn loom_what_is_lent_is_given_back_to_a_wait_within() {
    explore(|| {
        let pool = pool(1, 1, 4);
        let (second, third) = (pool.clone(), pool.clone());
        let value = wait(pool.run(move || {
            wait(second.run(move || {
                let mut task = None;
                wait(poll_fn(|cx| match task.take() {
                    None => {
                        let mut first = Box::pin(third.run(|| 9));
                        let poll = first.as_mut().poll(cx).map(Ok);
                        task = Some(first);
                        poll
                    }
                    Some(task) => Poll::Ready(try_wait(task)),
                }))
            }))
        }));
        assert_eq!(value, Ok::<_, WaitError>(9));
        let _report = pool.shutdown(LONG).wait();
    });
}

/// Otherwise a job that shuts its own pool down waits for itself, or for a queued job
/// that nobody runs.
#[test]
fn loom_a_job_that_shuts_its_pool_down_is_compensated() {
    explore(|| {
        let pool = pool(1, 1, 2);
        let own = pool.clone();
        let value = wait(pool.run(move || {
            let queued = own.run(|| 7).start();
            let report = own.shutdown(LONG).wait();
            assert_eq!((report.abandoned, report.running.len()), (0, 0));
            wait(queued)
        }));
        assert_eq!(value, 7);
        assert_eq!(pool.shutdown(LONG).wait().abandoned, 0);
    });
}

/// Otherwise a caller that waits for room in the queue waits for ever.
#[test]
fn loom_whoever_waits_for_room_is_admitted() {
    explore(|| {
        let pool = pool(1, 1, 1);
        let tasks: Vec<_> = (0..3).map(|n| pool.run(move || n).start()).collect();
        let values: Vec<_> = tasks.into_iter().map(wait).collect();
        assert_eq!(values, [0, 1, 2]);
        let _report = pool.shutdown(LONG).wait();
    });
}
