//! Bounds, order, panics, and workers that come and go.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Wake, Waker},
    thread,
    time::Duration,
};

use bridge_offload::{Ambient, BuildError, Config, JobState, OffloadError, Pool, Report, load};
use common::{Gauge, eventually, plug, pool, wait};
use futures::{FutureExt, channel::oneshot, future::join_all};
use testkit::within;

#[test]
fn a_job_gives_its_value() {
    within(|| assert_eq!(wait(Pool::new().run(|| 6 * 7)), 42));
}

#[test]
fn it_is_lazy_until_polled_or_started() {
    within(|| {
        let pool = Pool::new();
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        let task = pool.run(move || flag.store(true, Ordering::SeqCst));
        assert_eq!(pool.metrics().threads, 0);
        let task = task.start();
        eventually("the started job runs", || ran.load(Ordering::SeqCst));
        wait(task);
    });
}

#[test]
fn no_more_jobs_run_at_a_time_than_there_are_threads() {
    within(|| {
        let pool = pool(3, 1024);
        let gauge = Arc::new(Gauge::default());
        let tasks = (0..60).map(|_| {
            let gauge = Arc::clone(&gauge);
            pool.run(move || gauge.hold(Duration::from_millis(2)))
        });
        wait(join_all(tasks));
        assert_eq!(gauge.peak(), 3);
        assert_eq!(pool.metrics().peak_threads, 3);
    });
}

#[test]
fn the_queue_is_bounded_and_gives_the_closure_back() {
    within(|| {
        let pool = pool(1, 2);
        let (plugged, release) = plug(&pool);
        let _first = pool.try_run(|| 1).unwrap();
        let _second = pool.try_run(|| 2).unwrap();
        let rejected = pool.try_run(|| 3).unwrap_err();
        assert!(rejected.is_full(), "{rejected:?}");
        assert_eq!(rejected.into_inner()(), 3);
        assert_eq!((pool.metrics().queued, pool.metrics().rejected), (2, 1));
        drop(release);
        wait(plugged);
    });
}

#[test]
fn those_who_wait_for_room_are_served_in_order() {
    within(|| {
        let pool = pool(1, 1);
        let (plugged, release) = plug(&pool);
        let (order, served) = mpsc::channel();
        let tasks: Vec<_> = (0..50)
            .map(|n| {
                let order = order.clone();
                pool.run(move || order.send(n).unwrap()).start()
            })
            .collect();
        assert_eq!((pool.metrics().queued, pool.metrics().backlog), (1, 49));
        drop(release);
        wait(plugged);
        wait(join_all(tasks));
        drop(order);
        assert_eq!(
            served.iter().collect::<Vec<_>>(),
            (0..50).collect::<Vec<_>>()
        );
    });
}

#[test]
fn a_panic_of_any_payload_reaches_the_awaiter() {
    within(|| {
        let pool = pool(1, 8);
        let payload =
            catch_unwind(AssertUnwindSafe(|| wait(pool.run(|| panic_any(7_u8))))).unwrap_err();
        assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
        let outcome = wait(pool.run(|| panic!("text")).outcome());
        let Err(OffloadError::Panicked(panic)) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(panic.text(), "text");
        eventually("both panics are counted", || pool.metrics().panicked == 2);
        assert_eq!(wait(pool.run(|| "alive")), "alive");
        assert_eq!(pool.metrics().threads, 1);
    });
}

/// Otherwise a caller sees a result that the metrics do not count. The worker may still
/// be busy with wakers.
#[test]
fn a_result_that_can_be_seen_is_counted() {
    struct Holds(Mutex<mpsc::Receiver<()>>);
    impl Wake for Holds {
        fn wake(self: Arc<Self>) {
            let _released = self.0.lock().unwrap().recv();
        }
    }
    within(|| {
        for panics in [false, true] {
            let pool = pool(1, 8);
            let (go, start) = mpsc::channel::<()>();
            let task = pool.run(move || {
                start.recv().unwrap();
                assert!(!panics, "on purpose");
            });
            let mut task = pin!(task.outcome());
            let (release, held) = mpsc::channel();
            let waker = Waker::from(Arc::new(Holds(Mutex::new(held))));
            let mut cx = Context::from_waker(&waker);
            assert!(task.as_mut().poll(&mut cx).is_pending());
            go.send(()).unwrap();
            while task.as_mut().poll(&mut cx).is_pending() {}
            let metrics = pool.metrics();
            let ends = (u64::from(!panics), u64::from(panics));
            assert_eq!((metrics.completed, metrics.panicked), ends);
            assert_eq!((metrics.running, metrics.idle), (0, 1));
            assert_eq!(pool.report().jobs()[0].state(), JobState::Ended);
            let report = pool.shutdown(Duration::ZERO).wait();
            assert_eq!((report.completed, report.running.len()), (0, 0));
            assert_eq!((report.abandoned, report.cancelled), (0, 0));
            release.send(()).unwrap();
            let _through = pool.shutdown(Duration::MAX).wait();
            let metrics = pool.metrics();
            assert_eq!((metrics.completed, metrics.panicked), ends);
        }
    });
}

/// The waker of a job runs on its worker, and may wait there. The job has ended, so it is not
/// among the running jobs, and its worker is parked.
#[test]
fn a_job_whose_waker_waits_does_not_run() {
    struct Waits(Mutex<Option<oneshot::Receiver<()>>>);
    impl Wake for Waits {
        fn wake(self: Arc<Self>) {
            let ended = self.0.lock().unwrap().take().unwrap();
            wait(ended).unwrap();
        }
        // The caller may ask for further polls.
        fn wake_by_ref(self: &Arc<Self>) {}
    }
    within(|| {
        let pool = pool(1, 8);
        let (go, start) = mpsc::channel::<()>();
        let mut task = pin!(pool.run(move || start.recv().unwrap()));
        let (end, ended) = oneshot::channel();
        let waker = Waker::from(Arc::new(Waits(Mutex::new(Some(ended)))));
        assert!(
            task.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        go.send(()).unwrap();
        eventually("its waker waits", || pool.metrics().blocked == 1);
        let metrics = pool.metrics();
        assert_eq!((metrics.running, metrics.completed), (0, 1));
        assert_eq!((metrics.threads, metrics.idle), (1, 0));
        end.send(()).unwrap();
        eventually("it is back", || pool.metrics().idle == 1);
        wait(task);
    });
}

#[test]
fn threads_retire_and_come_back() {
    within(|| {
        let stops = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stops);
        let pool: Pool = Pool::builder()
            .keep_alive(Duration::from_millis(20))
            .on_thread_stop(move || {
                count.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        for round in 1..=3 {
            wait(pool.run(|| ()));
            eventually("the threads have retired", || pool.metrics().threads == 0);
            eventually("the hook has run", || stops.load(Ordering::SeqCst) == round);
        }
    });
}

#[test]
fn a_queued_job_gets_a_thread_while_permits_are_free() {
    within(|| {
        let pool = pool(8, 64);
        let all_in = Arc::new(std::sync::Barrier::new(8));
        // Eight jobs that end only together need eight workers.
        let tasks = (0..8).map(|_| {
            let all_in = Arc::clone(&all_in);
            pool.run(move || all_in.wait().is_leader())
        });
        wait(join_all(tasks));
    });
}

#[test]
fn a_storm_of_instant_jobs_starts_few_threads() {
    within(|| {
        let pool = pool(32, 16_384);
        let tasks: Vec<_> = (0..10_000).map(|_| pool.run(|| ()).start()).collect();
        wait(join_all(tasks));
        assert!(pool.metrics().peak_threads < 32, "{:?}", pool.metrics());
    });
}

#[test]
fn zero_is_refused_by_name() {
    for (builder, name) in [
        (
            Pool::<bridge_offload::Bare>::builder().max_threads(0),
            "max_threads",
        ),
        (
            Pool::builder().max_blocked_threads(0),
            "max_blocked_threads",
        ),
        (Pool::builder().queue_capacity(0), "queue_capacity"),
        (Pool::builder().stack_size(0), "stack_size"),
        (Pool::builder().keep_alive(Duration::ZERO), "keep_alive"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(
            matches!(error, BuildError::Zero { setting, .. } if setting == name),
            "{error}"
        );
    }
}

/// Otherwise a caller burns its executor's time, although the pool's jobs turn out to be
/// long.
#[test]
fn polling_on_is_bounded_and_given_up_where_it_does_not_pay() {
    struct Again(AtomicBool);
    impl Wake for Again {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    within(|| {
        let pool = pool(1, 64);
        let (plugged, release) = plug(&pool);
        let mut tasks: Vec<_> = (0..6).map(|n| pool.run(move || n).start()).collect();
        // The pool asks for further polls for four jobs, and for none beside busy
        // processes.
        let mut credit = 4;
        for task in &mut tasks {
            let was_busy = load::was_busy();
            let again = Arc::new(Again(AtomicBool::new(true)));
            let waker = Waker::from(Arc::clone(&again));
            let mut polls = 0;
            while again.0.swap(false, Ordering::SeqCst) {
                polls += 1;
                assert!(
                    task.poll_unpin(&mut Context::from_waker(&waker))
                        .is_pending()
                );
            }
            let expected = if was_busy || credit == 0 { 1 } else { 49 };
            if load::was_busy() == was_busy {
                assert_eq!(polls, expected);
            }
            credit -= u32::from(polls == 49);
        }
        drop(release);
        wait(plugged);
        assert!(wait(join_all(tasks)).into_iter().eq(0..6));
    });
}

#[test]
fn a_report_that_panics_reaches_nobody() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    struct Loud;
    impl Ambient for Loud {
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
            panic!("a report")
        }
    }
    within(|| {
        let pool: Pool<Loud> = Pool::builder().max_threads(1).build().unwrap();
        // In the first round a further job is submitted after the report. In the second round
        // the same monitor reports again.
        for (submits, round) in [(true, 1), (false, 2)] {
            let (started, running) = mpsc::channel();
            let (release, held) = mpsc::channel::<()>();
            let plugged = move || {
                started.send(()).unwrap();
                let _released = held.recv();
            };
            let plugged = pool.try_run(plugged).unwrap();
            running.recv().unwrap();
            let queued = pool.try_run(|| 1).unwrap();
            eventually("told", || TOLD.load(Ordering::SeqCst) == round);
            let late = submits.then(|| pool.try_run(|| 2).unwrap());
            drop(release);
            wait(plugged);
            assert_eq!(wait(queued), 1);
            assert_eq!(late.map(wait), submits.then_some(2));
            // The next stall is a new one once the monitor has found the pool at rest. It looks each
            // 50 ms, for a second.
            thread::sleep(Duration::from_millis(400));
        }
        assert_eq!(TOLD.load(Ordering::SeqCst), 2);
    });
}

/// Otherwise workers that are not needed never retire. The pool must call the worker that
/// fell asleep last.
#[test]
fn threads_that_are_not_needed_retire_beside_one_that_is() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .spin(Duration::ZERO)
            .keep_alive(Duration::from_millis(200))
            .build()
            .unwrap();
        let together = Arc::new(std::sync::Barrier::new(2));
        let both = [(); 2].map(|()| {
            let together = Arc::clone(&together);
            pool.run(move || together.wait().is_leader()).start()
        });
        wait(join_all(both));
        assert_eq!(pool.metrics().threads, 2);
        eventually("one has retired", || {
            wait(pool.run(|| ()));
            pool.metrics().threads < 2
        });
    });
}

/// Otherwise a stop hook that waits is taken for a job. A worker that ends no longer
/// counts as one.
#[test]
fn a_stop_hook_may_wait() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .keep_alive(Duration::from_millis(5))
            .on_thread_stop(move || {
                wait(common::moment());
                tell.send(()).unwrap();
            })
            .build()
            .unwrap();
        for round in 0..3 {
            assert_eq!(wait(pool.run(move || round)), round);
            assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(()));
            let metrics = pool.metrics();
            assert_eq!((metrics.running, metrics.peak_blocked), (0, 0));
        }
    });
}
