//! A parked wait watches its runtime: it is told of the end at once, and costs little.

use std::sync::{
    Barrier,
    atomic::{AtomicUsize, Ordering},
};

use super::*;

fn is_gone<T>(outcome: &Result<T, WaitError>) -> bool {
    matches!(outcome, Err(WaitError::RuntimeGone { .. }))
}

/// A parked wait looks after its runtime 700 ms after its first poll, and 1500 ms
/// after it. In between, only the sentinel can tell.
#[test]
fn a_parked_wait_is_told_at_once() {
    within(|| {
        let is_told_at_once = |_| {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            let (polled, first) = mpsc::channel();
            let waiter = thread::spawn(move || {
                let _guard = handle.enter();
                let start = Instant::now();
                let outcome = try_wait(async {
                    polled.send(()).unwrap();
                    std::future::pending::<()>().await;
                });
                assert!(is_gone(&outcome), "{outcome:?}");
                start.elapsed()
            });
            first.recv().unwrap();
            thread::sleep(Duration::from_millis(900));
            runtime.shutdown_background();
            waiter.join().unwrap() < Duration::from_millis(1250)
        };
        // A busy machine may be late, but not each time.
        assert!((0..5).any(is_told_at_once));
    });
}

/// The wait that the end wakes returns at once.
#[test]
fn the_future_is_not_polled_once_more() {
    within(|| {
        let is_polled_no_more = |_| {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            let (polled, first) = mpsc::channel();
            let waiter = thread::spawn(move || {
                let _guard = handle.enter();
                let mut polls_after = 0;
                let outcome: Result<(), _> = try_wait(std::future::poll_fn(|_| {
                    polls_after += u32::from(has_ended(&handle));
                    let _unheard = polled.send(());
                    std::task::Poll::Pending
                }));
                assert!(is_gone(&outcome), "{outcome:?}");
                polls_after
            });
            first.recv().unwrap();
            // So that it is parked.
            thread::sleep(Duration::from_millis(20));
            runtime.shutdown_background();
            waiter.join().unwrap() == 0
        };
        // On a busy machine the runtime may end just before a poll, but not each time.
        assert!((0..5).any(is_polled_no_more));
    });
}

/// Whether a runtime drops what is spawned on it.
fn has_ended(runtime: &Handle) -> bool {
    let held = Arc::new(());
    let kept = Arc::downgrade(&held);
    drop(runtime.spawn(async move {
        std::future::pending::<()>().await;
        drop(held);
    }));
    kept.strong_count() == 0
}

/// Otherwise some of these waits panic with a text of Tokio.
#[test]
fn many_waits_at_once_are_told_of_a_runtime_that_has_ended() {
    within(|| {
        let runtime = one_worker();
        let handle = runtime.handle().clone();
        drop(runtime);
        let together = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let _guard = handle.enter();
                    together.wait();
                    for _ in 0..2000 {
                        let outcome = async { sleep(Duration::ZERO).await }.try_wait();
                        assert!(is_gone(&outcome), "{outcome:?}");
                    }
                });
            }
        });
    });
}

/// Only a task may hold a core back, so only its wait asks for a blocking thread.
#[test]
fn a_wait_outside_a_task_tries_no_blocking_thread() {
    within(|| {
        let started = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&started);
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .on_thread_start(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        let waits = || {
            let outcome = std::future::pending::<()>().wait_timeout(Duration::from_millis(250));
            assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
        };
        {
            let _guard = runtime.enter();
            waits();
        }
        runtime.block_on(async { waits() });
        runtime.shutdown_timeout(Duration::from_secs(20));
        assert_eq!(started.load(Ordering::SeqCst), 1, "the worker alone");
    });
}
