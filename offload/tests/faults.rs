//! Hooks, destructors and payloads that panic, shutdowns that race, and waits that don't
//! sleep. No job is lost, and nobody waits for ever.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    panic::panic_any,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{Bare, BuildError, Lineage, OffloadError, Pool};
use common::{eventually, plug, pool_with_a_slow_second_start, pool_with_blocked, try_wait, wait};
use futures::{StreamExt, channel::mpsc::unbounded, future::join_all};
use testkit::within;

/// A value that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(thread::panicking(), "bomb");
    }
}

#[test]
fn a_thread_called_as_it_retires_is_called_once() {
    within(|| {
        let keep_alive = Duration::from_micros(300);
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .keep_alive(keep_alive)
            .spin(Duration::ZERO)
            .build()
            .unwrap();
        for round in 0..3000_u32 {
            wait(pool.run(|| ()));
            let start = Instant::now();
            while start.elapsed() < keep_alive + Duration::from_micros(1) * (round % 128) {
                std::hint::spin_loop();
            }
            // These two jobs end only together. If a sleeping worker were called twice,
            // the worker that runs the first job would be called for the second.
            let (send, receive) = mpsc::channel();
            let first = pool.try_run(move || receive.recv().unwrap()).unwrap();
            let second = pool.try_run(move || send.send(round).unwrap()).unwrap();
            assert_eq!(wait(first), round);
            wait(second);
        }
    });
}

#[test]
fn a_slow_start_hook_keeps_no_idle_thread_from_work() {
    within(|| {
        let (pool, release) = pool_with_a_slow_second_start(2);
        let (plugged, unplug) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        drop(unplug);
        wait(plugged);
        wait(queued);
        // The second worker is still in its hook, and the first one sleeps.
        eventually("the first thread sleeps", || pool.metrics().running == 0);
        thread::sleep(Duration::from_millis(5));
        wait(pool.run(|| ()));
        drop(release);
    });
}

#[test]
fn hooks_and_payloads_that_panic_take_no_thread() {
    within(|| {
        let stops = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stops);
        let pool: Pool = Pool::builder()
            .keep_alive(Duration::from_millis(5))
            .on_thread_start(|| panic_any(Bomb))
            .on_thread_stop(move || {
                count.fetch_add(1, Ordering::SeqCst);
                panic_any(Bomb)
            })
            .build()
            .unwrap();
        for round in 1..=3 {
            assert_eq!(wait(pool.run(move || round)), round);
            let outcome = wait(pool.run(|| panic_any(Bomb)).outcome());
            let Err(OffloadError::Panicked(panic)) = outcome else {
                panic!("{outcome:?}")
            };
            std::mem::forget(panic);
            eventually("all threads have stopped", || pool.metrics().threads == 0);
        }
        eventually("the hooks have run", || stops.load(Ordering::SeqCst) >= 3);
    });
}

#[test]
fn a_name_that_no_thread_can_have_is_refused() {
    let error = Pool::<Bare>::builder()
        .thread_name("a\0b")
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::ThreadName), "{error}");
}

#[test]
fn the_longest_spin_overflows_nothing() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .spin(Duration::MAX)
            .build()
            .unwrap();
        for round in 0..20 {
            assert_eq!(wait(pool.run(move || round)), round);
        }
    });
}

#[test]
fn a_pool_without_handles_ends_all_of_its_threads() {
    within(|| {
        let stops = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stops);
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .max_blocked_threads(1)
            .keep_alive(Duration::MAX)
            .on_thread_stop(move || {
                count.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (back, returned) = mpsc::channel();
        let inner = pool.clone();
        let root = pool
            .try_run(move || {
                wait(inner.run(|| ()));
                drop(inner);
                back.send(()).unwrap();
                let _released = held.recv();
            })
            .unwrap();
        returned.recv().unwrap();
        // The added worker sleeps, and the only permit is taken.
        let last = pool.try_run(|| ()).unwrap();
        thread::sleep(Duration::from_millis(20));
        drop(pool);
        drop(release);
        wait(root);
        wait(last);
        eventually("both threads have ended", || {
            stops.load(Ordering::SeqCst) == 2
        });
    });
}

#[test]
fn a_shutdown_ends_though_its_last_job_was_withdrawn() {
    within(|| {
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let pool: Pool = Pool::builder()
            .on_thread_start(move || {
                let _released = held.lock().unwrap().recv();
            })
            .build()
            .unwrap();
        let queued = pool.try_run(|| ()).unwrap();
        let shutdown = thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown(Duration::MAX).wait()
        });
        eventually("the shutdown has begun", || {
            pool.try_run(|| ())
                .is_err_and(|refused| refused.is_shut_down())
        });
        thread::sleep(Duration::from_millis(20));
        drop(queued);
        let report = shutdown.join().unwrap();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        drop(release);
    });
}

#[test]
fn captures_that_panic_keep_nobody_from_hearing_of_the_shutdown() {
    within(|| {
        let pool: Pool = Pool::builder().max_threads(1).build().unwrap();
        let (plugged, release) = plug(&pool);
        let bomb = Bomb;
        let first = pool
            .try_run(move || {
                let _bomb = &bomb;
            })
            .unwrap();
        let second = pool.try_run(|| ()).unwrap();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.running.len()), (2, 1));
        for task in [first, second, plugged] {
            let outcome = wait(task.outcome());
            assert!(
                matches!(outcome, Err(OffloadError::ShutDown { .. })),
                "{outcome:?}"
            );
        }
        drop(release);
    });
}

#[test]
fn a_root_is_served_beside_an_endless_stream_of_kin() {
    within(|| {
        let pool: Pool = Pool::builder().max_threads(8).build().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let ran = Arc::new(AtomicUsize::new(0));
        let parent = {
            let (inner, over, ran) = (pool.clone(), Arc::clone(&over), Arc::clone(&ran));
            let stream = move || {
                let (inner, over, ran) = (inner.clone(), Arc::clone(&over), Arc::clone(&ran));
                async move {
                    while !over.load(Ordering::SeqCst) {
                        let ran = Arc::clone(&ran);
                        inner.run(move || ran.fetch_add(1, Ordering::SeqCst)).await;
                    }
                }
            };
            pool.try_run(move || {
                wait(join_all((0..4).map(|_| stream())));
            })
            .unwrap()
        };
        eventually("descendants run", || ran.load(Ordering::SeqCst) > 100);
        for _ in 0..100 {
            wait(pool.run(|| ()));
        }
        over.store(true, Ordering::SeqCst);
        wait(parent);
    });
}

#[test]
fn a_wait_that_never_sleeps_lets_its_job_run() {
    within(|| {
        let pool: Pool = Pool::builder().max_threads(1).build().unwrap();
        for threads in 0..20 {
            let inner = pool.clone();
            let value = wait(pool.run(move || {
                let mut job = pin!(inner.run(move || threads));
                wait(poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    match job.as_mut().poll(cx) {
                        Poll::Ready(value) => Poll::Ready(value),
                        Poll::Pending => Poll::Pending,
                    }
                }))
            }));
            assert_eq!(value, threads);
        }
    });
}

#[test]
fn a_relay_of_waits_keeps_its_chain_short() {
    /// Opens a wait while the wait before it is still open, and ends after the wait that
    /// comes after it.
    fn relay(pool: &Pool, left: usize, opened: &mpsc::Sender<()>, end: mpsc::Sender<String>) {
        let (send, receive) = mpsc::channel();
        let deeper = pool.clone();
        wait(async {
            let depth = format!("{:?}", Lineage::current());
            opened.send(()).unwrap();
            if left == 0 {
                end.send(depth).unwrap();
                return;
            }
            let next = pool.try_run(move || relay(&deeper, left - 1, &send, end));
            receive.recv().unwrap();
            // The job is running, so this withdraws nothing.
            drop(next.unwrap());
        });
    }
    within(|| {
        let pool: Pool = Pool::builder().max_threads(8).build().unwrap();
        let (end, ended) = mpsc::channel();
        let (opened, _first) = mpsc::channel();
        let inner = pool.clone();
        let first = pool
            .try_run(move || relay(&inner, 2000, &opened, end))
            .unwrap();
        let depth = ended.recv().unwrap();
        wait(first);
        let depth: usize = depth
            .matches(char::is_numeric)
            .collect::<String>()
            .parse()
            .unwrap();
        // Two waits are open at a time, and each worker may hold a wait that is about to
        // close. If the pool did not cut the chain, it would have 2000 links.
        assert!(depth <= 160, "{depth}");
    });
}

#[test]
fn a_thread_that_has_been_woken_counts_as_awake() {
    within(|| {
        // Two workers, both in waits, wake each other. The one that goes to sleep has
        // just woken the other, so one is always awake.
        let pool = pool_with_blocked(1, 1);
        let (ask, mut questions) = unbounded();
        let (answer, mut answers) = unbounded();
        let inner = pool.clone();
        let first = pool
            .try_run(move || {
                try_wait(async {
                    for round in 0..5000 {
                        let ask = ask.clone();
                        let send = move || ask.unbounded_send(round).unwrap();
                        inner.run(send).await;
                        assert_eq!(answers.next().await, Some(round));
                    }
                })
            })
            .unwrap();
        let second = pool
            .try_run(move || {
                try_wait(async {
                    while let Some(round) = questions.next().await {
                        answer.unbounded_send(round).unwrap();
                    }
                })
            })
            .unwrap();
        assert_eq!(wait(first), Ok(()));
        assert_eq!(wait(second), Ok(()));
    });
}

/// Otherwise a shutdown miscounts a job that ends while the callers of the backlog are
/// told.
#[test]
fn a_job_that_ends_as_the_end_begins_is_counted() {
    struct LetGo {
        pool: Pool,
        release: mpsc::Sender<()>,
    }
    impl Wake for LetGo {
        fn wake(self: Arc<Self>) {
            self.release.send(()).unwrap();
            eventually("both have run", || self.pool.metrics().completed == 2);
        }
    }
    within(|| {
        let pool = common::pool(1, 1);
        let (_plug, release) = plug(&pool);
        let _queued = pool.try_run(|| ()).unwrap();
        let mut waiting = pin!(pool.run(|| ()).outcome());
        let pool = pool.clone();
        let told = Waker::from(Arc::new(LetGo {
            pool: pool.clone(),
            release,
        }));
        assert!(
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(&told))
                .is_pending()
        );
        assert_eq!(pool.shutdown(Duration::MAX).wait().completed, 2);
    });
}
