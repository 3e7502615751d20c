//! Checks waits under bad conditions: futures that never sleep, runtimes that
//! end, unreasonable limits, and panics.
#![allow(
    clippy::items_after_statements,
    reason = "a recursive helper stands beside its only use"
)]

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    task::Poll,
    thread,
    time::Duration,
};

use bridge::{Bridge, BuildError, WaitError, try_wait, wait};
use testkit::{panic_text, within};
use tokio::{
    runtime::{Builder, Runtime},
    time::sleep,
};

fn one_worker() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn a_wait_that_never_sleeps_lets_its_job_run() {
    within(|| {
        for spin in [Duration::ZERO, Duration::from_micros(50)] {
            let bridge = Bridge::builder().max_threads(1).spin(spin).build().unwrap();
            let inner = bridge.clone();
            let job = bridge.offload(move || {
                let done = Arc::new(AtomicBool::new(false));
                let flag = Arc::clone(&done);
                let job = inner.offload(move || flag.store(true, Ordering::SeqCst));
                inner.wait(async {
                    let _job = job.start();
                    while !done.load(Ordering::SeqCst) {
                        tokio::task::yield_now().await;
                    }
                });
            });
            bridge.wait(job);
        }
    });
}

#[test]
fn a_wait_that_never_sleeps_is_told_that_its_runtime_has_gone() {
    within(|| {
        let runtime = one_worker();
        let handle = runtime.handle().clone();
        let (polled, first) = mpsc::channel();
        let waiter = thread::spawn(move || {
            let _guard = handle.enter();
            try_wait(poll_fn(|cx| {
                let _unheard = polled.send(());
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            }))
        });
        first.recv().unwrap();
        runtime.shutdown_background();
        let outcome = waiter.join().unwrap();
        assert!(
            matches!(outcome, Err(WaitError::RuntimeGone { .. })),
            "{outcome:?}"
        );
    });
}

#[test]
fn limits_that_tokio_cannot_count_are_refused_by_name() {
    let too_many = usize::MAX;
    let (most, many) = (usize::from(u16::MAX), i32::MAX.unsigned_abs() as usize);
    for (builder, name, most) in [
        (
            Bridge::builder().max_nested_waits(too_many),
            "max_nested_waits",
            many,
        ),
        (
            Bridge::builder().worker_threads(too_many),
            "worker_threads",
            most,
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert!(
            matches!(error, BuildError::TooLarge { setting, limit, .. } if (setting, limit) == (name, most)),
            "{error}"
        );
    }
    // Nothing starts before it is needed, so this costs nothing.
    assert!(Bridge::builder().worker_threads(most).build().is_ok());
    let error = Bridge::builder().worker_threads(most + 1).build();
    assert!(error.is_err(), "Tokio would panic");
    within(|| {
        let bridge = Bridge::builder().max_nested_waits(many).build().unwrap();
        let value = bridge.wait(async { tokio::task::spawn_blocking(|| 1).await });
        assert_eq!(value.unwrap(), 1);
    });
}

#[test]
fn runtimes_come_and_go_by_the_hundred() {
    within(|| {
        for _ in 0..200 {
            let runtime = one_worker();
            let _guard = runtime.enter();
            wait(sleep(Duration::from_micros(1)));
        }
    });
}

/// Waits for real work when it is dropped.
struct Waits(Bridge, Arc<AtomicUsize>);

impl Drop for Waits {
    fn drop(&mut self) {
        let value = self.0.wait(async {
            sleep(Duration::from_micros(100)).await;
            self.0.offload(|| 1).await
        });
        self.1.fetch_add(value, Ordering::SeqCst);
    }
}

#[test]
fn destructors_may_wait_while_a_panic_unwinds() {
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let sum = Arc::new(AtomicUsize::new(0));
        let runtime = one_worker();
        for _ in 0..20 {
            let waits = Waits(bridge.clone(), Arc::clone(&sum));
            let job = bridge.offload(move || {
                let _waits = waits;
                panic!("a job")
            });
            let outcome: Result<(), _> = catch_unwind(AssertUnwindSafe(|| bridge.wait(job)));
            assert_eq!(panic_text(&*outcome.unwrap_err()), "a job");
            let waits = Waits(bridge.clone(), Arc::clone(&sum));
            let task = runtime.spawn(async move {
                let _waits = waits;
                panic!("a task")
            });
            let outcome: Result<(), _> = runtime.block_on(task);
            assert!(outcome.unwrap_err().is_panic());
        }
        assert_eq!(sum.load(Ordering::SeqCst), 40);
    });
}

#[test]
fn two_bridges_wait_for_each_other_in_turn() {
    within(|| {
        let one = || {
            Bridge::builder()
                .max_threads(1)
                .worker_threads(1)
                .build()
                .unwrap()
        };
        fn descend(here: &Bridge, there: &Bridge, depth: usize) -> usize {
            if depth == 0 {
                return 0;
            }
            let (ours, theirs) = (here.clone(), there.clone());
            let job = there.offload(move || descend(&theirs, &ours, depth - 1));
            here.wait(async { there.wait(job) }) + 1
        }
        assert_eq!(descend(&one(), &one(), 60), 60);
    });
}
