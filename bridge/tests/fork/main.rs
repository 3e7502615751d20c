//! Checks that a wait in a fork's child returns an error and never hangs.
#![cfg(unix)]

mod known;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge::{Bridge, Pool, WaitError, try_wait, wait};
use testkit::within;
use tokio::{
    runtime::{Builder, Runtime},
    task::block_in_place,
    time::sleep,
};

/// Runs `test` while no other test runs. With its feature `parking_lot`, Tokio
/// has global locks, and a thread of another test may hold one at the fork.
fn alone(test: impl FnOnce()) {
    static ALONE: Mutex<()> = Mutex::new(());
    within(|| {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        test();
    });
}

/// Runs `child` in a fork. Returns whether `child` returned true in time.
fn in_fork(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child touches only what this test is about, and leaves by
    // `_exit`, so nothing of the test runner runs twice.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        // SAFETY: `alarm` sets a timer whose signal ends this process.
        unsafe { libc::alarm(10) };
        let ok = catch_unwind(AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(i32::from(!ok)) }
    }
    let mut status = 0;
    // SAFETY: `status` is a valid place for the child's status.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    waited == pid && status == 0
}

/// Returns a runtime made while a bridge exists, because a bridge notices only
/// forks that happen after it was made.
fn runtime() -> Runtime {
    let _noticing = Bridge::global();
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

async fn pending_once() -> u32 {
    sleep(Duration::from_millis(1)).await;
    7
}

/// Returns whether a wait here fails because of the fork.
fn is_told() -> bool {
    matches!(try_wait(pending_once()), Err(WaitError::Forked { at, .. }) if at.file() == file!())
}

/// Returns whether a bridge and a runtime of the child's own work.
fn own_works() -> bool {
    let bridge = Bridge::builder().worker_threads(1).build().unwrap();
    let on_home = bridge.wait(pending_once());
    let runtime = runtime();
    let _guard = runtime.enter();
    on_home == 7 && bridge.wait(pending_once()) == 7
}

/// Otherwise entering home would reach threads that stayed in the parent.
#[test]
fn home_can_be_entered_by_a_bridge_of_the_child_alone() {
    alone(|| {
        let before = Bridge::builder().worker_threads(1).build().unwrap();
        assert_eq!(before.wait(async { 7 }), 7);
        let is_told = in_fork(|| {
            let handle = before.handle().map(drop);
            let entered = before.try_enter().map(drop);
            let frozen = before.try_wait_frozen(async { 7 });
            let own = Bridge::builder().worker_threads(1).build().unwrap();
            let _entered = own.enter();
            matches!(handle, Err(WaitError::Forked { .. }))
                && matches!(entered, Err(WaitError::Forked { .. }))
                && matches!(frozen, Err(WaitError::Forked { .. }))
                && own
                    .wait_frozen(tokio::spawn(async { 7 }))
                    .is_ok_and(|value| value == 7)
        });
        assert!(is_told);
    });
}

#[test]
fn on_home() {
    alone(|| {
        for used in [false, true] {
            let bridge = Bridge::builder().worker_threads(1).build().unwrap();
            if used {
                assert_eq!(bridge.wait(pending_once()), 7);
            }
            let told = in_fork(|| {
                let refused = matches!(bridge.try_wait(async {}), Err(WaitError::Forked { .. }));
                refused && own_works()
            });
            assert!(told, "used before: {used}");
            assert_eq!(bridge.wait(pending_once()), 7, "the parent is untouched");
        }
    });
}

#[test]
fn inside_an_inherited_runtime() {
    alone(|| {
        let runtime = runtime();
        {
            let _guard = runtime.enter();
            assert!(in_fork(|| is_told() && own_works()), "under a guard");
        }
        assert!(runtime.block_on(async { in_fork(is_told) }), "in its root");
        let in_task = async { tokio::spawn(async { in_fork(is_told) }).await.unwrap() };
        assert!(runtime.block_on(in_task), "in its task");
        let in_place = async { block_in_place(|| in_fork(is_told)) };
        assert!(runtime.block_on(in_place), "in a blocking section");
        let grandchild = || {
            let _guard = runtime.enter();
            in_fork(|| in_fork(is_told))
        };
        assert!(grandchild(), "two forks later");
    });
}

/// A builder whose future has a timer, which needs a runtime that is driven.
struct Timer;

impl IntoFuture for Timer {
    type Output = u32;
    type IntoFuture = Pin<Box<dyn Future<Output = u32>>>;

    fn into_future(self) -> Self::IntoFuture {
        let timer = sleep(Duration::from_millis(1));
        Box::pin(async move {
            timer.await;
            7
        })
    }
}

/// Otherwise the timer belongs to the parent's runtime, and the wait hangs.
#[test]
fn a_builder_under_an_inherited_guard_becomes_a_future_at_home() {
    alone(|| {
        let runtime = runtime();
        let _guard = runtime.enter();
        assert!(in_fork(|| {
            let own = Bridge::builder().worker_threads(1).build().unwrap();
            own.wait(Timer) == 7
        }));
    });
}

#[test]
fn inside_a_runtime_that_a_wait_used_before_and_the_child_enters() {
    alone(|| {
        let runtime = runtime();
        {
            let _guard = runtime.enter();
            assert_eq!(wait(sleep(Duration::from_millis(20))), ());
        }
        let entered_there = || {
            let _guard = runtime.enter();
            is_told()
        };
        assert!(in_fork(entered_there));
    });
}

/// The wait is in its first poll, so only its hand-over tells of the runtime.
#[test]
fn inside_a_runtime_whose_worker_is_in_a_wait() {
    alone(|| {
        let runtime = runtime();
        let (polled, first) = mpsc::channel();
        let (go, held) = mpsc::channel::<()>();
        let waits = runtime.spawn(async move {
            wait(async {
                polled.send(()).unwrap();
                held.recv().unwrap_err();
            });
        });
        first.recv().unwrap();
        let entered_there = || {
            let _guard = runtime.enter();
            is_told()
        };
        assert!(in_fork(entered_there));
        drop(go);
        runtime.block_on(waits).unwrap();
    });
}

#[test]
fn a_task_spawned_under_an_inherited_guard() {
    alone(|| {
        let runtime = runtime();
        let _guard = runtime.enter();
        let runs_at_home = || {
            let bridge = Bridge::builder().worker_threads(1).build().unwrap();
            let task = bridge.spawn(pending_once());
            bridge.wait(task).unwrap() == 7
        };
        assert!(in_fork(runs_at_home));
    });
}

/// The runtime's one thread exists in the child too, so a wait there is refused
/// as usual.
#[test]
fn in_the_root_of_a_current_thread_runtime() {
    alone(|| {
        let _noticing = Bridge::global();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let would_freeze = || matches!(try_wait(async {}), Err(WaitError::WouldFreeze { .. }));
        assert!(runtime.block_on(async { in_fork(would_freeze) }));
    });
}

/// Runs `last` in a chain of processes, each forked by the one before.
fn down_the_line(forks: usize, last: &dyn Fn() -> bool) -> bool {
    if forks == 0 {
        return last();
    }
    in_fork(|| down_the_line(forks - 1, last))
}

#[test]
fn at_the_end_of_a_long_line() {
    alone(|| {
        let runtime = runtime();
        let _guard = runtime.enter();
        assert!(down_the_line(20, &|| is_told() && own_works()));
        assert!(down_the_line(20, &|| {
            let own = Bridge::builder().worker_threads(1).build().unwrap();
            let runtime = self::runtime();
            let _guard = runtime.enter();
            own.wait(pending_once()) == 7 && in_fork(is_told)
        }));
        // Only 64 processes in a line of forks have tables of their own, so
        // every wait is refused here.
        assert!(down_the_line(64, &|| {
            let own = Bridge::builder().worker_threads(1).build().unwrap();
            let on_home = thread::spawn(move || own.try_wait(pending_once()));
            let on_home = on_home.join().unwrap();
            is_told() && matches!(on_home, Err(WaitError::Forked { .. }))
        }));
        // No table of the last child says that this runtime has no threads there.
        assert!(down_the_line(64, &|| {
            let runtime = self::runtime();
            let _guard = runtime.enter();
            in_fork(is_told)
        }));
    });
}

/// The last process with a table starts the clock, whose thread stays there. Otherwise the
/// limit of its child is never reached.
#[test]
fn a_time_limit_at_the_end_of_a_long_line() {
    fn is_reached() -> bool {
        let pool = Pool::builder().max_threads(1).queue_capacity(1);
        let pool = pool.build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let _plug = pool.try_run(move || held.recv().is_err()).unwrap();
        while pool.metrics().running == 0 {
            thread::yield_now();
        }
        let _queued = pool.try_run(|| ()).unwrap();
        let limited = pool.run_timeout(|| (), Duration::from_millis(1));
        let is_late = futures::executor::block_on(limited).is_err();
        drop(release);
        is_late
    }
    alone(|| {
        let _noticing = Bridge::global();
        assert!(down_the_line(63, &|| is_reached() && in_fork(is_reached)));
    });
}

#[test]
fn in_the_middle_of_a_wait() {
    alone(|| {
        let runtime = runtime();
        for guarded in [false, true] {
            let _guard = guarded.then(|| runtime.enter());
            let mut told = false;
            // The child goes on inside this poll, and then has to park.
            let outcome = try_wait(async {
                let is_child = AtomicBool::new(false);
                told = in_fork(|| {
                    is_child.store(true, Ordering::Relaxed);
                    let inner = async {
                        sleep(Duration::from_millis(1)).await;
                    };
                    matches!(try_wait(inner), Err(WaitError::Forked { .. }))
                });
                assert!(!is_child.load(Ordering::Relaxed));
                pending_once().await
            });
            assert_eq!(outcome.unwrap(), 7);
            assert!(told, "guarded: {guarded}");
        }
    });
}

/// Otherwise the wait that was open at the fork would hang in the child.
#[test]
fn the_wait_that_forked() {
    alone(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        // The wait has parked before the fork, so it is registered with its
        // runtime.
        let told = in_fork_from(&bridge);
        assert!(told);
    });
}

/// Forks in the second poll of a wait. The child exits when that wait ends.
fn in_fork_from(bridge: &Bridge) -> bool {
    let mut status = None;
    let outcome = bridge.try_wait(async {
        sleep(Duration::from_millis(20)).await;
        // SAFETY: the child goes on with this wait, which ends at once, and
        // leaves by `_exit`.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: `alarm` sets a timer whose signal ends this process.
            unsafe { libc::alarm(10) };
            std::future::pending::<()>().await;
        }
        let mut code = 0;
        // SAFETY: `code` is a valid place for the child's status.
        let waited = unsafe { libc::waitpid(pid, &raw mut code, 0) };
        status = Some((waited == pid, code));
    });
    if let Err(error) = outcome {
        let ok = matches!(error, WaitError::Forked { .. });
        // SAFETY: this is the child; ends it at once.
        unsafe { libc::_exit(i32::from(!ok)) }
    }
    status == Some((true, 0))
}

/// Otherwise the child would block on a lock that a thread of the parent holds.
#[test]
fn while_other_threads_wait() {
    alone(|| {
        let over = Arc::new(AtomicBool::new(false));
        let runtime = Arc::new(runtime());
        let busy: Vec<_> = (0..3)
            .map(|_| {
                let (over, runtime) = (Arc::clone(&over), Arc::clone(&runtime));
                thread::spawn(move || {
                    let bridge = Bridge::builder()
                        .spin(Duration::ZERO)
                        .worker_threads(1)
                        .build()
                        .unwrap();
                    while !over.load(Ordering::Relaxed) {
                        let task = runtime.spawn(async {});
                        let _guard = runtime.enter();
                        bridge.wait(task).unwrap();
                    }
                })
            })
            .collect();
        let _guard = runtime.enter();
        for _ in 0..30 {
            assert!(in_fork(|| is_told() && own_works()));
        }
        over.store(true, Ordering::Relaxed);
        for thread in busy {
            thread.join().unwrap();
        }
    });
}
