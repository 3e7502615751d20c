//! Checks that a destructor that a panic runs may wait.
//!
//! The pool lends no job to a thread that unwinds. On that thread, the panic of
//! a lent job would not poison the locks that the job holds.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use bridge::{Bridge, Offload, OffloadError, WaitError, wait};
use testkit::within;
use tokio::sync::oneshot;

/// The result of the wait, and inside it the result of its job.
type Outcome = Result<Result<bool, OffloadError>, WaitError>;

/// Waits for a job when it is dropped.
struct WaitsInDrop {
    bridge: Bridge,
    job: Option<Box<dyn FnOnce() -> bool + Send>>,
    told: mpsc::Sender<Outcome>,
}

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        let job = self.job.take().unwrap();
        let outcome = self.bridge.try_wait(self.bridge.offload(job).outcome());
        self.told.send(outcome).unwrap();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Returns,
    Panics,
}

/// Runs a job that drops a value whose destructor waits for `job`. Returns what
/// that wait returned.
fn drop_in_a_job(
    bridge: &Bridge,
    end: End,
    job: impl FnOnce() -> bool + Send + 'static,
) -> Outcome {
    let (told, outcome) = mpsc::channel();
    let waits_in_drop = WaitsInDrop {
        bridge: bridge.clone(),
        job: Some(Box::new(job)),
        told,
    };
    let ended = wait(
        bridge
            .offload(move || {
                let _dropped_at_the_end = waits_in_drop;
                assert!(end == End::Returns, "on purpose");
            })
            .outcome(),
    );
    assert_eq!(ended.is_err(), end == End::Panics, "{ended:?}");
    outcome.recv().unwrap()
}

/// Returns a bridge whose pool has two threads, one of them parked until the
/// sender is used. So a wait on the other thread is at the ceiling.
fn at_the_ceiling() -> (Bridge, Offload<()>, oneshot::Sender<()>) {
    let builder = Bridge::builder().max_threads(1).max_blocked_threads(1);
    let bridge = builder.build().unwrap();
    let (release, held) = oneshot::channel();
    let inner = bridge.clone();
    let parked = bridge.offload(move || inner.wait(held).unwrap()).start();
    while bridge.metrics().blocked == 0 {
        thread::yield_now();
    }
    (bridge, parked, release)
}

/// The control: without a panic, the thread that waits runs the job.
#[test]
fn a_destructor_at_the_ceiling_is_lent_its_job() {
    within(|| {
        let (bridge, parked, release) = at_the_ceiling();
        let outcome = drop_in_a_job(&bridge, End::Returns, thread::panicking);
        assert!(matches!(outcome, Ok(Ok(false))), "{outcome:?}");
        release.send(()).unwrap();
        wait(parked);
    });
}

#[test]
fn during_a_panic_the_job_runs_elsewhere_or_the_wait_is_told() {
    within(|| {
        let (bridge, parked, release) = at_the_ceiling();
        let runs = Arc::new(AtomicUsize::new(0));
        let ran = Arc::clone(&runs);
        let outcome = drop_in_a_job(&bridge, End::Panics, move || {
            ran.fetch_add(1, Ordering::SeqCst);
            thread::panicking()
        });
        match outcome {
            Ok(Ok(panicking)) => assert!(!panicking, "the job saw its thread panic"),
            Err(WaitError::PoolExhausted { .. }) => {
                assert_eq!(runs.load(Ordering::SeqCst), 0, "it ran, and was refused");
            }
            other => panic!("{other:?}"),
        }
        release.send(()).unwrap();
        wait(parked);
        assert_eq!(bridge.wait(bridge.offload(|| 7)), 7, "the pool serves on");
    });
}

#[test]
fn a_panic_of_the_job_poisons_its_lock() {
    within(|| {
        let (bridge, parked, release) = at_the_ceiling();
        let lock = Arc::new(Mutex::new(()));
        let held = Arc::clone(&lock);
        let outcome = drop_in_a_job(&bridge, End::Panics, move || {
            let _held = held.lock().unwrap();
            panic!("the job's own")
        });
        match outcome {
            Ok(Err(OffloadError::Panicked(_))) => assert!(lock.is_poisoned()),
            Err(WaitError::PoolExhausted { .. }) => assert!(!lock.is_poisoned(), "it ran"),
            other => panic!("{other:?}"),
        }
        release.send(()).unwrap();
        wait(parked);
    });
}

/// Below the ceiling, another thread runs the job.
#[test]
fn below_the_ceiling_the_wait_gets_its_value() {
    within(|| {
        for max_threads in [1, 2] {
            let builder = Bridge::builder().max_threads(max_threads);
            let bridge = builder.build().unwrap();
            let outcome = drop_in_a_job(&bridge, End::Panics, thread::panicking);
            assert!(matches!(outcome, Ok(Ok(false))), "{outcome:?}");
        }
    });
}
