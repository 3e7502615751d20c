//! Pools that stand still: a pool whose size nobody set grows, and every other pool
//! reports it.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::pending,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::{Ambient, Builder, Config, Pool, Report, WorkerState};
use common::{WaitError, eventually, pool_with_blocked, try_wait, wait};
use futures::{
    channel::oneshot,
    future::{self, join_all},
    stream::{self, StreamExt},
};
use testkit::within;

#[test]
fn a_barrier_wider_than_the_pool_that_nobody_sized() {
    within(|| {
        let pool: Pool = Pool::builder()
            .keep_alive(Duration::from_millis(100))
            .build()
            .unwrap();
        let barrier = Arc::new(Barrier::new(100));
        let jobs = (0..100).map(|_| {
            let barrier = Arc::clone(&barrier);
            pool.run(move || barrier.wait().is_leader())
        });
        let leaders = wait(join_all(jobs));
        assert_eq!(leaders.into_iter().filter(|leads| *leads).count(), 1);
        assert!(pool.metrics().peak_threads >= 100);
        eventually("the threads have retired", || pool.metrics().threads == 0);
    });
}

/// Otherwise each request of a service that waits for a slow answer waits for its turn first,
/// although nothing else uses the processors.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
#[test]
fn a_pool_that_nobody_sized_grows_while_jobs_that_sleep_end_one_after_the_other() {
    within(|| {
        let burst = |pool: &Pool| {
            // Some job ends in each millisecond. So the pool never stands still.
            let times = (0..400).map(|number| Duration::from_millis(20 + number % 10));
            let jobs = times.map(|time| pool.run(move || thread::sleep(time)));
            wait(join_all(jobs));
            pool.metrics().peak_threads
        };
        let pool = Pool::new();
        // On a busy machine, it may take another burst.
        while burst(&pool) < 200 {}
        let sized = Pool::builder().max_threads(32).build().unwrap();
        assert_eq!(burst(&sized), 32);
    });
}

#[test]
fn jobs_that_block_until_jobs_behind_them_have_run() {
    within(|| {
        let pool = Pool::new();
        let (ends, starts): (Vec<_>, Vec<_>) = (0..200).map(|_| mpsc::channel::<()>()).unzip();
        let blocked = starts
            .into_iter()
            .map(|start| pool.run(move || start.recv().unwrap()).start());
        let blocked: Vec<_> = blocked.collect();
        let behind = ends
            .into_iter()
            .map(|end| pool.run(move || end.send(()).unwrap()).start());
        let behind: Vec<_> = behind.collect();
        blocked.into_iter().chain(behind).for_each(wait);
    });
}

/// Otherwise jobs stay queued beside one that blocks, although permits are free and the parked
/// jobs wait for them.
#[test]
fn more_jobs_are_parked_than_the_limit_allows_beside_one_that_blocks() {
    within(|| {
        for limit in [None, Some(4)] {
            let builder = Pool::builder();
            let pool: Pool = match limit {
                Some(limit) => builder.max_blocked_threads(limit).build().unwrap(),
                None => builder.build().unwrap(),
            };
            let cores = thread::available_parallelism().map_or(1, usize::from);
            let parked = (4 * cores).max(32) + limit.unwrap_or(64) + 8;
            let (note, notes) = mpsc::channel();
            let blocks = pool.run(move || notes.iter().count()).start();
            let (answers, questions): (Vec<_>, Vec<_>) =
                (0..parked).map(|_| oneshot::channel::<()>()).unzip();
            let ask = questions.into_iter().map(|question| {
                let note = note.clone();
                let job = move || note.send(wait(question)).unwrap();
                pool.run(job).start()
            });
            let asking: Vec<_> = ask.collect();
            drop(note);
            let answer = answers
                .into_iter()
                .map(|answer| pool.run(move || answer.send(()).unwrap()).start());
            let answering: Vec<_> = answer.collect();
            asking.into_iter().chain(answering).for_each(wait);
            assert_eq!(wait(blocks), parked);
        }
    });
}

/// Otherwise a wait that submits job after job keeps all other callers waiting.
#[test]
fn an_endless_stream_of_descendants_lets_an_unrelated_job_run() {
    within(|| {
        let pool: Pool = Pool::builder().max_threads(2).build().unwrap();
        let inner = pool.clone();
        let (end, is_over) = mpsc::channel::<()>();
        let streams = pool.run(move || {
            let jobs =
                stream::repeat_with(|| inner.run(|| thread::sleep(Duration::from_millis(1))));
            let goes_on = |(): &()| future::ready(is_over.try_recv().is_err());
            wait(jobs.buffer_unordered(64).take_while(goes_on).count())
        });
        let streams = streams.start();
        eventually("it streams", || pool.metrics().completed > 10);
        wait(pool.run(move || end.send(()).unwrap()));
        assert!(wait(streams) > 0);
    });
}

/// Counts the reports of stalls.
struct Told;

static TOLD: AtomicUsize = AtomicUsize::new(0);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

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

    fn stalled(report: &Report) {
        assert!(report.stalled_for() >= Some(Duration::from_millis(500)));
        assert!(report.metrics().queued > 0);
        assert!(report.jobs().len() > report.workers().len(), "{report}");
        TOLD.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_sized_pool_that_stands_still_says_so_although_nobody_submits() {
    let _alone = ONE_AT_A_TIME.lock();
    within(|| {
        let before = TOLD.load(Ordering::SeqCst);
        for told in [before + 1, before + 2] {
            let pool = Builder::<Told>::default().max_threads(2).build().unwrap();
            let (send, receive) = mpsc::channel();
            let receive = Arc::new(Mutex::new(receive));
            let (start, started) = mpsc::channel();
            let blocked: Vec<_> = (0..2)
                .map(|_| {
                    let (receive, start) = (Arc::clone(&receive), start.clone());
                    let job = move || {
                        start.send(()).unwrap();
                        receive.lock().unwrap().recv().unwrap();
                    };
                    pool.run(job).start()
                })
                .collect();
            // Both permits are taken, so the next job is left in the inbox.
            assert_eq!(started.iter().take(2).count(), 2);
            let queued = pool.run(|| ()).start();
            eventually("told", || TOLD.load(Ordering::SeqCst) == told);
            thread::sleep(Duration::from_millis(300));
            assert_eq!(TOLD.load(Ordering::SeqCst), told, "told once");
            for _ in 0..2 {
                send.send(()).unwrap();
            }
            blocked.into_iter().chain([queued]).for_each(wait);
            assert_eq!(pool.metrics().peak_threads, 2, "it does not grow");
        }
    });
}

/// Otherwise a push that finds every permit taken starts no monitor, once the monitor has
/// stopped. Then the pool neither grows nor reports that it stands still.
#[test]
fn a_job_that_comes_late_to_a_full_pool_starts_the_monitor() {
    let _alone = ONE_AT_A_TIME.lock();
    within(|| {
        let before = TOLD.load(Ordering::SeqCst);
        let pool = Builder::<Told>::default().max_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let blocked = pool.run(move || held.recv().is_err()).start();
        // The monitor that the start of this job has started stops after a second.
        thread::sleep(Duration::from_secs(2));
        let queued = pool.run(|| ()).start();
        eventually("told", || TOLD.load(Ordering::SeqCst) == before + 1);
        drop(release);
        assert!(wait(blocked));
        wait(queued);
    });
}

/// Otherwise a pool reports only the first of several stalls, if they follow each other soon.
#[test]
fn a_stall_behind_an_empty_queue_is_a_new_one() {
    let _alone = ONE_AT_A_TIME.lock();
    within(|| {
        let before = TOLD.load(Ordering::SeqCst);
        let builder = Builder::<Told>::default().max_threads(1);
        let pool = builder.spin(Duration::ZERO).build().unwrap();
        // The monitor may look at the pool while it is idle, so there are several rounds.
        for round in 1..=3 {
            let (release, held) = mpsc::channel::<()>();
            let blocked = pool.run(move || held.recv().is_err()).start();
            let queued = pool.run(|| ()).start();
            eventually("told", || TOLD.load(Ordering::SeqCst) == before + round);
            drop(release);
            assert!(wait(blocked));
            wait(queued);
            eventually("idle", || {
                pool.report().workers()[0].state == WorkerState::Idle
            });
        }
    });
}

/// Otherwise nobody hears of a start hook that blocks. Queued jobs wait for its worker, although
/// permits are free.
#[test]
fn a_start_hook_that_blocks_is_reported() {
    let _alone = ONE_AT_A_TIME.lock();
    within(|| {
        let before = TOLD.load(Ordering::SeqCst);
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let pool = Builder::<Told>::default()
            .max_threads(4)
            .on_thread_start(move || {
                let _released = held.lock().unwrap().recv();
            })
            .build()
            .unwrap();
        let queued = pool.run(|| ()).start();
        eventually("told", || TOLD.load(Ordering::SeqCst) == before + 1);
        drop(queued);
        // The monitor stops after a second in which nothing is queued.
        thread::sleep(Duration::from_secs(2));
        let late = pool.run(|| ()).start();
        eventually("told again", || TOLD.load(Ordering::SeqCst) == before + 2);
        drop(release);
        wait(late);
        assert_eq!(pool.metrics().peak_threads, 1);
    });
}

#[test]
fn a_pool_that_is_busy_says_nothing() {
    let _alone = ONE_AT_A_TIME.lock();
    within(|| {
        let before = TOLD.load(Ordering::SeqCst);
        let pool = Builder::<Told>::default().max_threads(2).build().unwrap();
        // The jobs take four seconds of work in all, and each job takes a tenth of a
        // second.
        let jobs = (0..40).map(|_| pool.run(|| thread::sleep(Duration::from_millis(100))));
        wait(join_all(jobs));
        assert_eq!(TOLD.load(Ordering::SeqCst), before);
    });
}

/// Otherwise a wait is refused although its descendants are only slow. A descendant runs
/// on its job's account here.
#[test]
fn a_wait_for_slow_jobs_is_not_given_up() {
    within(|| {
        let pool = pool_with_blocked(2, 64);
        let inner = pool.clone();
        let outcome = wait(pool.run(move || {
            let slow = || thread::sleep(Duration::from_millis(3800));
            try_wait(join_all((0..40).map(|_| inner.run(slow)))).map(|all| all.len())
        }));
        assert_eq!(outcome, Ok(40));
    });
}

/// Otherwise a park that leaves no worker awake starts no monitor. Then nobody ever refuses
/// a wait, because no job is queued and nobody submits one.
#[test]
fn the_last_worker_that_parks_starts_the_monitor() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (release, held) = oneshot::channel::<()>();
        let first = pool.run(|| try_wait(held)).start();
        eventually("the first job parks", || pool.metrics().blocked == 1);
        let last = pool.run(|| {
            // The monitor that the start of this job has started stops after a second.
            thread::sleep(Duration::from_secs(2));
            try_wait(pending::<()>())
        });
        let last = last.start();
        assert_eq!(wait(last), Err(WaitError::Exhausted));
        drop(release);
        assert!(wait(first).is_ok());
    });
}

static HELD: Mutex<()> = Mutex::new(());

/// Needs a lock that a parked job holds, to report a stall.
struct NeedsLock;

impl Ambient for NeedsLock {
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
        drop(HELD.lock());
    }
}

/// Otherwise a pool hangs whose report blocks. The subscriber of a log may need the lock of
/// standard output, which a parked job holds.
#[test]
fn a_report_that_blocks_keeps_no_wait_from_being_refused() {
    within(|| {
        let builder = Builder::<NeedsLock>::default().max_threads(1);
        let pool = builder.max_blocked_threads(1).build().unwrap();
        let (first_sends, first_waits) = oneshot::channel();
        let (second_sends, second_waits) = oneshot::channel();
        let holds = pool.run(move || {
            let _held = HELD.lock();
            try_wait(first_waits)
        });
        let holds = holds.start();
        eventually("it holds the lock", || pool.metrics().blocked == 1);
        let refused = pool.run(move || try_wait(second_waits)).start();
        eventually("it parks", || pool.metrics().blocked == 2);
        let first = pool.run(move || first_sends.send(7)).start();
        let second = pool.run(move || second_sends.send(8)).start();
        assert_eq!(wait(refused), Err(WaitError::Exhausted));
        assert_eq!(wait(holds), Ok(Ok(7)));
        assert_eq!((wait(first), wait(second)), (Ok(()), Err(8)));
    });
}
