//! Checks `SyncCall::offload` and `try_offload`, which give the job of a smart
//! `fn`.
#![deny(warnings)]

use std::{
    error::Error as _,
    panic::{self, Location},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge::{
    BoxCall, Bridge, OffloadError, Rejected, Wait, WaitError, offload::Cancelled, smart_fn,
    smartasync,
};
use testkit::{panic_text, within};
use tokio::runtime::{Handle, Id};

/// The type of the output has no name.
#[smartasync]
fn up_to(end: u32) -> impl Iterator<Item = u32> + Send {
    0..end
}

#[smartasync]
fn length(text: &str) -> usize {
    text.len()
}

#[smartasync]
fn count(runs: &Arc<AtomicUsize>) -> usize {
    runs.fetch_add(1, Ordering::SeqCst) + 1
}

#[smartasync]
fn thread_id(_: &str) -> thread::ThreadId {
    thread::current().id()
}

#[smartasync]
async fn answer() -> usize {
    42
}

/// Runs a future on a new runtime.
fn run<F: Future>(future: F) -> F::Output {
    within(|| tokio::runtime::Runtime::new().unwrap().block_on(future))
}

fn closed() -> Bridge {
    let bridge = Bridge::builder().build().unwrap();
    let _report = bridge.shutdown(Duration::ZERO).wait();
    bridge
}

/// A bridge whose only thread is busy until this is dropped.
struct Busy {
    bridge: Bridge,
    _go: mpsc::Sender<()>,
    _running: bridge::Offload<()>,
}

impl Busy {
    /// Returns a busy bridge with room for one job in its queue.
    async fn new() -> Self {
        let builder = Bridge::builder().max_threads(1).queue_capacity(1);
        let bridge = builder.build().unwrap();
        let (go, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let job = move || {
            started.send(()).unwrap();
            let _dropped = gate.recv();
        };
        let running = bridge.offload(job).start();
        has_started.await.unwrap();
        Self {
            bridge,
            _go: go,
            _running: running,
        }
    }
}

#[test]
fn a_shut_down_pool_is_an_error_at_the_place_of_the_call() {
    run(async {
        let bridge = closed();
        let value = smart_fn(|text: &str| text.len());
        let (call, line) = (length("four").on(&bridge), Location::caller().line());
        let (closure, next) = (value.call("four").on(&bridge), Location::caller().line());
        let (unnamed, last) = (up_to(4).on(&bridge), Location::caller().line());
        let unnamed = unnamed.offload().outcome().await.map(Iterator::count);
        for (outcome, line) in [
            (call.offload().outcome().await, line),
            (closure.offload().outcome().await, next),
            (unnamed, last),
        ] {
            match outcome {
                Err(OffloadError::ShutDown { at, .. }) => {
                    assert_eq!((at.file(), at.line()), (file!(), line));
                }
                other => panic!("{other:?}"),
            }
        }
        let boxed = BoxCall::new(length("four")).on(&bridge);
        let outcome = boxed.offload().unwrap().outcome().await;
        assert!(matches!(outcome, Err(OffloadError::ShutDown { .. })));
        let refused = length("four").on(&bridge).try_offload();
        let rejected = refused.unwrap_err();
        assert!(rejected.is_shut_down());
        assert_eq!(rejected.into_inner().wait(), 4, "it can still run here");
    });
}

#[test]
fn a_wait_on_a_shut_down_pool_is_an_error_too() {
    fn check<T: std::fmt::Debug>(result: Result<T, WaitError>) {
        let error = result.unwrap_err();
        assert_eq!(error.at().file(), file!());
        let text = error.to_string();
        assert!(text.contains("the pool was shut down"), "{text}");
        let source = error.source().unwrap();
        assert!(source.is::<OffloadError>(), "{source}");
        match error {
            WaitError::OffloadFailed { error, .. } => {
                assert!(matches!(*error, OffloadError::ShutDown { .. }));
            }
            error => panic!("{error}"),
        }
    }
    let limit = Duration::from_secs(20);
    within(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let busy = runtime.block_on(Busy::new());
        // The waits run inside this runtime, because the bridges' own have
        // ended.
        let _here = runtime.enter();
        let bridge = closed();
        check(length("four").on(&bridge).wait_timeout(limit));
        check(BoxCall::new(length("four")).on(&bridge).wait_timeout(limit));
        let mut polled = length("four").on(&bridge);
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        let job = panic::AssertUnwindSafe(|| Pin::new(&mut polled).poll(&mut context));
        let payload = panic::catch_unwind(job).unwrap_err();
        assert!(panic_text(&*payload).contains("the pool was shut down"));
        let mut backlog = length("four").on(&busy.bridge);
        assert!(Pin::new(&mut backlog).poll(&mut context).is_pending());
        let mut boxed = BoxCall::new(length("four")).on(&busy.bridge);
        assert!(Pin::new(&mut boxed).poll(&mut context).is_pending());
        let _report = busy.bridge.shutdown(Duration::ZERO).wait();
        check(backlog.try_wait());
        // Its own pool has its job. The other bridge has a living home, where the wait rests.
        let other = Bridge::builder().build().unwrap();
        check(boxed.on(&other).try_wait());
    });
}

#[test]
fn a_panic_passes_through_a_wait_with_a_limit() {
    #[smartasync]
    fn fails() {
        panic!("on purpose");
    }
    let limit = Duration::from_secs(20);
    within(|| {
        let ends: [fn(Duration); 2] = [
            |limit| fails().wait_timeout(limit).unwrap(),
            |limit| BoxCall::new(fails()).wait_timeout(limit).unwrap(),
        ];
        for end in ends {
            let payload = panic::catch_unwind(|| end(limit)).unwrap_err();
            assert_eq!(panic_text(&*payload), "on purpose");
        }
    });
}

#[test]
fn a_job_starts_without_being_awaited_and_borrows_nothing() {
    run(async {
        let runs = Arc::new(AtomicUsize::new(0));
        let job = count(&Arc::clone(&runs)).offload().start();
        while runs.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(job.await, 1);
        let lazy = count(&runs).offload();
        assert_eq!(lazy.cancel(), Cancelled::Withdrawn);
        drop(lazy);
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(tokio::spawn(length("four").offload()).await.unwrap(), 4);
    });
}

#[test]
fn a_full_queue_gives_the_call_back_whole() {
    run(async {
        let busy = Busy::new().await;
        let text = String::from("borrowed");
        let queued = length(&text).on(&busy.bridge).try_offload().unwrap();
        let refuse = || {
            let refused = thread_id(&text).on(&busy.bridge).try_offload();
            let rejected = refused.unwrap_err();
            assert!(rejected.is_full());
            rejected.into_inner()
        };
        let here = thread::current().id();
        assert_eq!(refuse().wait(), here);
        assert_eq!(refuse().try_wait().unwrap(), here);
        assert_eq!(BoxCall::new(refuse()).wait(), here);
        let again = refuse().try_offload().unwrap_err();
        assert!(again.is_full(), "{again}");
        let (backlog, elsewhere) = (again.into_inner(), refuse().on(Bridge::global()));
        assert_ne!(elsewhere.await, here);
        let job = refuse().offload();
        drop(busy);
        assert_eq!(queued.await, 8);
        assert_ne!(backlog.await, here);
        assert_ne!(job.await, here);
    });
}

#[test]
fn a_refused_function_runs_once_however_it_is_run() {
    run(async {
        let busy = Busy::new().await;
        let runs = Arc::new(AtomicUsize::new(0));
        let _queued = length("").on(&busy.bridge).try_offload().unwrap();
        let refuse = || {
            let refused = count(&runs).on(&busy.bridge).try_offload();
            refused.map_err(Rejected::into_inner).unwrap_err()
        };
        assert_eq!(refuse().wait(), 1);
        drop(refuse());
        assert_eq!(refuse().dispatch().wait(), 2, "the outcome is pending here");
        assert_eq!(refuse().on(Bridge::global()).await, 3);
        assert_eq!(runs.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn an_erased_call_gives_its_job_if_it_has_one() {
    run(async {
        let job = BoxCall::new(length("four")).offload().unwrap();
        assert_eq!(job.await, 4);
        let call = BoxCall::new(answer()).offload().unwrap_err();
        assert_eq!(call.await, 42);
    });
}

#[test]
fn a_copy_that_panics_leaves_a_call_that_says_so() {
    struct Fragile(Mutex<()>);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("not to be copied")
        }
    }
    #[smartasync]
    fn look(at: &Fragile) -> bool {
        at.0.lock().is_ok()
    }
    run(async {
        let fragile = Fragile(Mutex::new(()));
        assert!(look(&fragile).wait());
        let mut call = look(&fragile);
        let poll = panic::AssertUnwindSafe(|| {
            let waker = std::task::Waker::noop();
            let _never = Pin::new(&mut call).poll(&mut std::task::Context::from_waker(waker));
        });
        assert_eq!(
            panic_text(&*panic::catch_unwind(poll).unwrap_err()),
            "not to be copied"
        );
        let end = panic::catch_unwind(panic::AssertUnwindSafe(|| call.offload())).unwrap_err();
        assert!(panic_text(&*end).contains("make the call anew"));
    });
}

/// Otherwise the cure that the documentation names for plain threads is none.
#[test]
fn a_closure_that_was_submitted_under_a_guard_of_home_runs_inside_home() {
    #[smartasync]
    fn runtime() -> Id {
        Handle::current().id()
    }

    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let here = || Handle::current().id();
        let home = bridge.handle().unwrap().id();
        let entered = bridge.enter();
        assert_eq!(bridge.offload(here).start().wait(), home, "started");
        let job = bridge.try_offload(here).unwrap();
        assert_eq!(job.wait(), home, "queued at once");
        let job = runtime().on(&bridge).offload().start();
        assert_eq!(job.wait(), home, "a smart function");
        let (tell, told) = mpsc::channel();
        bridge.offload(move || tell.send(here()).unwrap()).detach();
        assert_eq!(told.recv(), Ok(home), "detached");
        drop(entered);
        let job = bridge.offload(Handle::try_current).start();
        assert!(job.wait().is_err(), "without a guard there is no runtime");
    });
}

/// Otherwise its error and the report point into the bridge.
#[test]
fn a_job_that_is_queued_at_once_has_the_place_of_its_call() {
    fn fails() {
        panic!("on purpose");
    }
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let (job, line) = (bridge.try_offload(fails), line!());
        let error = bridge.wait(job.unwrap().outcome()).unwrap_err();
        assert_eq!((error.at().file(), error.at().line()), (file!(), line));
    });
}

/// Otherwise the report and the error of such a job point into the pool.
#[test]
fn a_job_with_a_limit_of_its_admission_has_the_place_of_its_call() {
    within(|| {
        let pool = bridge::Pool::builder().max_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let job = move || held.recv().is_err();
        let (limited, line) = (pool.run_timeout(job, Duration::from_secs(20)), line!());
        let mut limited = Box::pin(limited);
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(limited.as_mut().poll(&mut cx).is_pending());
        let at = pool.report().jobs()[0].at();
        assert_eq!((at.file(), at.line()), (file!(), line));
        drop(release);
        assert!(bridge::wait(limited).is_ok_and(|released| released));
    });
}

/// Otherwise the error of a call that was tried or given back points elsewhere.
#[test]
fn a_call_that_was_tried_or_given_back_has_its_own_place() {
    #[smartasync]
    fn fails() {
        panic!("on purpose");
    }
    fn check(outcome: Result<(), OffloadError>, line: u32) {
        let error = outcome.unwrap_err();
        assert_eq!((error.at().file(), error.at().line()), (file!(), line));
    }
    run(async {
        let (ended, bridge) = (closed(), Bridge::builder().build().unwrap());
        let refuse = || {
            let (call, line) = (fails().on(&ended), line!());
            (call.try_offload().unwrap_err().into_inner(), line)
        };
        let (call, line) = (fails().on(&bridge), line!());
        check(call.try_offload().unwrap().outcome().await, line);
        let (call, line) = refuse();
        let job = call.on(&bridge).offload();
        check(job.outcome().await, line);
        let (call, line) = refuse();
        let job = call.on(&bridge).try_offload();
        check(job.unwrap().outcome().await, line);
        let (call, line) = refuse();
        let payload = tokio::spawn(call).await.unwrap_err().into_panic();
        let text = panic_text(&*payload);
        assert!(text.contains(&format!("{}:{line}:", file!())), "{text}");
    });
}
