//! Permits and credit: which job may start, and on whose account, when other jobs come
//! back from their waits.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::Duration,
};

use bridge_offload::{Ambient, Builder, Config, Offload, Pool, Report};
use common::{eventually, moment, pool_with_blocked as pool, try_wait, wait};
use futures::{StreamExt, channel::oneshot};
use testkit::within;

/// Long enough for a worker to start a job that it must not start.
const WHILE: Duration = Duration::from_millis(20);

/// Returns a job that blocks outside of any wait, and the sender that releases it.
fn block() -> (impl FnOnce() + Send + 'static, mpsc::Sender<()>) {
    let (release, held) = mpsc::channel::<()>();
    let job = move || {
        let _released = held.recv();
    };
    (job, release)
}

/// Counts the reports of stalls.
struct Told;

static TOLD: AtomicUsize = AtomicUsize::new(0);

impl Ambient for Told {
    type Context = ();

    fn context(_config: &Config) -> Option<()> {
        None
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&()>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn stalled(_: &Report) {
        TOLD.fetch_add(1, Ordering::SeqCst);
    }
}

/// Returns a pool that counts its stalls.
fn telling(threads: usize, blocked: usize) -> Pool<Told> {
    let builder = Builder::<Told>::default().max_threads(threads);
    builder.max_blocked_threads(blocked).build().unwrap()
}

fn has_stood_still() -> bool {
    TOLD.load(Ordering::SeqCst) > 0
}

/// Otherwise a pool runs more unrelated jobs than it has permits. Two jobs run on one
/// permit here: one is back from its wait, and the other is its descendant. The end of
/// one of them frees no permit.
#[test]
fn no_stranger_starts_beside_a_job_that_is_back_and_its_descendant() {
    within(|| {
        let pool = pool(1, 8);
        // The pool has a third worker, which sleeps.
        let (first, second) = (pool.clone(), pool.clone());
        wait(pool.run(move || wait(first.run(move || wait(second.run(|| ()))))));
        assert_eq!(pool.metrics().threads, 3);
        let (inner, release_inner) = block();
        let (outer, release_outer) = block();
        let (starts, started) = oneshot::channel();
        let own = pool.clone();
        let job = pool.run(move || {
            let inner = own.run(move || {
                starts.send(()).unwrap();
                inner();
            });
            let inner = inner.start();
            wait(started).unwrap();
            outer();
            inner
        });
        let job = job.start();
        eventually("both run", || {
            (pool.metrics().running, pool.metrics().blocked) == (2, 0)
        });
        let unrelated = pool.run(|| ()).start();
        thread::sleep(WHILE);
        assert_eq!((pool.metrics().running, pool.metrics().queued), (2, 1));
        drop(release_inner);
        eventually("the inner one has ended", || pool.metrics().completed == 4);
        thread::sleep(WHILE);
        assert_eq!((pool.metrics().completed, pool.metrics().queued), (4, 1));
        drop(release_outer);
        wait(wait(job));
        wait(unrelated);
    });
}

/// Otherwise a job that is back from its wait gives credit. Only a parked job has credit.
#[test]
fn a_job_that_is_back_from_its_wait_gives_no_credit() {
    within(|| {
        let pool = pool(1, 8);
        let own = pool.clone();
        let metrics = wait(pool.run(move || {
            wait(moment());
            let child = own.run(|| ()).start();
            thread::sleep(WHILE);
            let metrics = own.metrics();
            wait(child);
            metrics
        }));
        assert_eq!((metrics.running, metrics.queued), (1, 1));
    });
}

/// Otherwise a job that was lent and given back waits for ever. Its own parent blocks on
/// it, so the sleeping worker must be called.
#[test]
fn a_job_that_is_given_back_is_run_by_a_thread_that_sleeps() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .max_blocked_threads(1)
            .spin(Duration::ZERO)
            .build()
            .unwrap();
        let others = [(); 2].map(|()| {
            let before = pool.metrics().blocked;
            let (release, released) = oneshot::channel::<()>();
            let task = pool.run(|| try_wait(released).is_ok()).start();
            eventually("parked", || pool.metrics().blocked == before + 1);
            (task, release)
        });
        let [(first, release_first), (second, release_second)] = others;
        let own = pool.clone();
        let (tell, told) = mpsc::channel();
        let mut release_first = Some(release_first);
        let job = pool.run(move || {
            let mut task: Option<Offload<()>> = None;
            let task = wait(poll_fn(move |_| {
                let Some(task) = task.take() else {
                    let tell = tell.clone();
                    task = Some(own.run(move || tell.send(7).unwrap()).start());
                    return Poll::Pending;
                };
                // The job is lent to this worker, which polls once more before it runs
                // it.
                assert_eq!((own.metrics().running, own.metrics().queued), (1, 0));
                release_first.take().unwrap().send(()).unwrap();
                eventually("one sleeps", || own.metrics().idle == 1);
                thread::sleep(WHILE);
                Poll::Ready(task)
            }));
            let seven = told.recv().unwrap();
            wait(task);
            seven
        });
        assert_eq!(wait(job), 7);
        assert!(wait(first));
        release_second.send(()).unwrap();
        assert!(wait(second));
    });
}

/// Otherwise a job hangs whose wait polls for a job that somebody else submitted. Other
/// jobs have all permits, and block on what the waiting job holds.
#[test]
fn a_job_that_a_wait_polls_for_and_others_submitted() {
    within(|| {
        let pool = telling(1, 8);
        let lock = Arc::new(Mutex::new(()));
        let held = Arc::clone(&lock);
        let (give, given) = mpsc::channel::<Offload<i32>>();
        let job = pool.run(move || {
            let task = given.recv().unwrap();
            let _held = held.lock().unwrap();
            wait(async {
                moment().await;
                task.await
            })
        });
        let job = job.start();
        let unrelated_jobs = |count| {
            let locks = (0..count).map(|_| Arc::clone(&lock));
            locks
                .map(|lock| pool.run(move || drop(lock.lock().unwrap())).start())
                .collect::<Vec<_>>()
        };
        let before = unrelated_jobs(3);
        let task = pool.run(|| 7).start();
        let after = unrelated_jobs(3);
        give.send(task).unwrap();
        assert_eq!(wait(job), 7);
        before.into_iter().chain(after).for_each(wait);
        assert!(!has_stood_still());
    });
}

/// Otherwise a wait that polls for the last job in the queue hangs.
#[test]
fn the_last_job_that_was_submitted_is_found_by_the_wait_that_polls_for_it() {
    within(|| {
        let pool = telling(1, 8);
        let lock = Arc::new(Mutex::new(()));
        let held = Arc::clone(&lock);
        let (give, given) = mpsc::channel::<Offload<i32>>();
        let job = pool.run(move || {
            let task = given.recv().unwrap();
            let _held = held.lock().unwrap();
            wait(async {
                moment().await;
                task.await
            })
        });
        let job = job.start();
        eventually("it runs", || pool.metrics().running == 1);
        let unrelated = pool.run(move || drop(lock.lock().unwrap())).start();
        let task = pool.run(|| 7).start(); // the next look gives it its place in the queue
        assert_eq!(pool.metrics().queued, 2);
        give.send(task).unwrap();
        assert_eq!(wait(job), 7);
        wait(unrelated);
        assert!(!has_stood_still());
    });
}

/// Otherwise a job deadlocks with itself. It holds a lock over its wait, and submitted
/// before it a job that takes the lock. No worker can be added, but that job must not run
/// on top of this worker's stack.
#[test]
fn what_was_submitted_before_the_wait_is_not_lent_to_it_at_once() {
    within(|| {
        let pool = pool(1, 1);
        let (release, released) = oneshot::channel::<()>();
        let parked = pool.run(|| try_wait(released).is_ok()).start();
        eventually("parked", || pool.metrics().blocked == 1);
        let lock = Arc::new(Mutex::new(()));
        let own = pool.clone();
        let (let_go, waited) = oneshot::channel::<()>();
        let job = pool.run(move || {
            let held = lock.lock().unwrap();
            let takes = Arc::clone(&lock);
            let child = own.run(move || drop(takes.lock().unwrap())).start();
            wait(waited).unwrap();
            drop(held);
            child
        });
        let job = job.start();
        eventually("both are parked", || pool.metrics().blocked == 2);
        thread::sleep(WHILE);
        let_go.send(()).unwrap();
        let child = wait(job);
        release.send(()).unwrap();
        wait(child);
        assert!(wait(parked));
    });
}

/// Otherwise a pool stands still between descendants. An unrelated job has the only
/// permit and blocks on what the parked job holds. The parked job has submitted others
/// before its wait, which does not poll for them. They start on its account, one after
/// the other.
#[test]
fn what_was_submitted_before_the_wait_runs_one_after_the_other() {
    within(|| {
        let pool = telling(1, 8);
        let lock = Arc::new(Mutex::new(()));
        let (own, held) = (pool.clone(), Arc::clone(&lock));
        let (go, start) = mpsc::channel::<()>();
        let (starts, started) = oneshot::channel();
        let job = pool.run(move || {
            start.recv().unwrap();
            let _held = held.lock().unwrap();
            wait(started).unwrap();
            let (tell, told) = futures::channel::mpsc::unbounded();
            let tasks = (0..8).map(|number| {
                let tell = tell.clone();
                own.run(move || tell.unbounded_send(number).unwrap())
                    .start()
            });
            let tasks: Vec<_> = tasks.collect();
            let mut numbers: Vec<i32> = wait(told.take(tasks.len()).collect());
            numbers.sort_unstable();
            tasks.into_iter().for_each(Offload::detach);
            numbers
        });
        let job = job.start();
        let unrelated = pool.run(move || {
            starts.send(()).unwrap();
            drop(lock.lock().unwrap());
        });
        let unrelated = unrelated.start();
        go.send(()).unwrap();
        assert!(wait(job).into_iter().eq(0..8));
        wait(unrelated);
        assert!(!has_stood_still());
    });
}

/// Otherwise two descendants that block keep a third one back for ever. The pool does not
/// see that the parked job waits for the third. It must start that job once it has stood
/// still.
#[test]
fn descendants_that_block_keep_no_other_back_for_ever() {
    within(|| {
        let pool = pool(1, 8);
        let own = pool.clone();
        let outcome = wait(pool.run(move || {
            let lock = Arc::new(Mutex::new(()));
            let held = lock.lock().unwrap();
            let blocked = [(); 2].map(|()| {
                let lock = Arc::clone(&lock);
                own.run(move || drop(lock.lock().unwrap())).start()
            });
            let (tell, told) = oneshot::channel();
            let third = own.run(move || tell.send(7).unwrap()).start();
            let outcome = try_wait(told).map(Result::unwrap);
            drop(held);
            blocked.into_iter().for_each(wait);
            wait(third);
            outcome
        }));
        assert_eq!(outcome, Ok(7));
    });
}

/// Otherwise unrelated jobs that block keep a descendant back for ever. It is queued
/// behind them, and must go before them when its ancestor parks.
#[test]
fn what_a_job_submits_goes_before_strangers_when_the_job_parks() {
    within(|| {
        // More than once: the monitor may look just then, and empties the inbox.
        for _ in 0..8 {
            let pool = pool(1, 8);
            let lock = Arc::new(Mutex::new(()));
            let (own, held) = (pool.clone(), Arc::clone(&lock));
            let (go, start) = mpsc::channel::<()>();
            let job = pool.run(move || {
                start.recv().unwrap();
                let _held = held.lock().unwrap();
                let (tell, told) = oneshot::channel();
                own.run(move || tell.send(7).unwrap()).detach();
                wait(told).unwrap()
            });
            let job = job.start();
            let unrelated_jobs = [(); 3].map(|()| {
                let lock = Arc::clone(&lock);
                pool.run(move || drop(lock.lock().unwrap())).start()
            });
            go.send(()).unwrap();
            assert_eq!(wait(job), 7);
            unrelated_jobs.into_iter().for_each(wait);
        }
    });
}

/// Otherwise a job hangs that waits for a job submitted in an earlier wait. That job must
/// start on the account of the waiting job.
#[test]
fn what_was_submitted_in_a_wait_that_is_over_descends_from_the_job() {
    within(|| {
        let pool = pool(1, 8);
        let lock = Arc::new(Mutex::new(()));
        let (own, held) = (pool.clone(), Arc::clone(&lock));
        let (go, start) = mpsc::channel::<()>();
        let (starts, started) = oneshot::channel();
        let job = pool.run(move || {
            start.recv().unwrap();
            let _held = held.lock().unwrap();
            wait(started).unwrap();
            let (tell, told) = oneshot::channel();
            wait(async { own.run(move || tell.send(7).unwrap()).detach() });
            wait(told).unwrap()
        });
        let job = job.start();
        let unrelated = pool.run(move || {
            starts.send(()).unwrap();
            drop(lock.lock().unwrap());
        });
        let unrelated = unrelated.start();
        go.send(()).unwrap();
        assert_eq!(wait(job), 7);
        wait(unrelated);
    });
}
