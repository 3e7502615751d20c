//! Checks what a wait reports about its work when the time limit passes.
#![deny(warnings)]

use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use bridge::{BoxCall, Bridge, Call, Leftover, Wait, WaitError, smartasync};
use testkit::within;

const SHORT: Duration = Duration::from_millis(20);

/// Returns what is left after a wait on the caller's line timed out, and the
/// error's text.
#[track_caller]
fn timed_out<T>(result: Result<T, WaitError>) -> (Leftover, String) {
    let Err(error) = result else {
        panic!("the wait ended in time");
    };
    assert_eq!(error.at().file(), file!());
    let text = error.to_string();
    match error {
        WaitError::TimedOut { left, .. } => (left, text),
        error => panic!("{error}"),
    }
}

/// An argument that lets a test control a smart `fn`. The function reports its
/// start, blocks until the test releases it, and reports its end.
#[derive(Clone)]
struct Gate {
    started: mpsc::Sender<()>,
    go: Arc<Mutex<mpsc::Receiver<()>>>,
    ended: Arc<AtomicBool>,
}

impl Gate {
    fn new() -> (Self, mpsc::Receiver<()>, mpsc::Sender<()>) {
        let (started, has_started) = mpsc::channel();
        let (go, may_go) = mpsc::channel();
        let gate = Self {
            started,
            go: Arc::new(Mutex::new(may_go)),
            ended: Arc::default(),
        };
        (gate, has_started, go)
    }

    fn wait_for_end(&self) {
        while !self.ended.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    }
}

#[smartasync]
fn pass(gate: &Gate) {
    gate.started.send(()).unwrap();
    gate.go.lock().unwrap().recv().unwrap();
    gate.ended.store(true, Ordering::SeqCst);
}

#[smartasync]
async fn never() {
    pending::<()>().await;
}

#[test]
fn a_future_that_the_wait_owns_is_dropped() {
    within(|| {
        let owned = [
            timed_out(pending::<()>().wait_timeout(SHORT)),
            timed_out(Box::pin(pending::<()>()).wait_timeout(SHORT)),
            timed_out(Bridge::global().wait_timeout(pending::<()>(), SHORT)),
            timed_out(never().wait_timeout(SHORT)),
            timed_out(BoxCall::new(never()).wait_timeout(SHORT)),
        ];
        for (left, text) in owned {
            assert_eq!(left, Leftover::Dropped);
            assert!(text.contains("the future was dropped"), "{text}");
        }
    });
}

/// So large that each way in boxes it first.
#[smartasync]
async fn large_and_never() {
    let array = [7_u8; 16 << 10];
    pending::<()>().await;
    std::hint::black_box(&array);
}

#[test]
fn a_large_future_is_dropped_too() {
    within(|| {
        let bridge = Bridge::global();
        let owned = [
            timed_out(bridge.wait_timeout(large_and_never(), SHORT)),
            timed_out(large_and_never().wait_timeout(SHORT)),
            timed_out(large_and_never().on(bridge).wait_timeout(SHORT)),
            timed_out(Call::wait_timeout(large_and_never(), SHORT)),
            timed_out(BoxCall::new(large_and_never()).wait_timeout(SHORT)),
        ];
        for (left, _) in owned {
            assert_eq!(left, Leftover::Dropped);
        }
    });
}

#[test]
fn generic_code_over_calls_is_told_the_same() {
    fn generic<C: Call>(call: C) -> (Leftover, String) {
        timed_out(call.wait_timeout(SHORT))
    }
    within(|| {
        assert_eq!(generic(never()).0, Leftover::Dropped);
        assert_eq!(generic(BoxCall::new(never())).0, Leftover::Dropped);
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let (plug, started, _go) = Gate::new();
        let _running = pass(&plug).on(&bridge).offload().start();
        started.recv().unwrap();
        let (gate, ..) = Gate::new();
        let queued = || pass(&gate).on(&bridge);
        assert_eq!(generic(queued()).0, Leftover::NotStarted);
        assert_eq!(generic(BoxCall::new(queued())).0, Leftover::NotStarted);
    });
}

#[test]
fn a_future_that_the_wait_borrows_is_kept() {
    within(|| {
        let (send, mut receive) = tokio::sync::oneshot::channel::<u8>();
        let mut pinned = pin!(pending::<()>());
        let mut boxed = Box::pin(pending::<()>());
        let mut call = Box::pin(never());
        let borrowed = [
            timed_out((&mut receive).wait_timeout(SHORT)),
            timed_out(Bridge::global().wait_timeout(&mut receive, SHORT)),
            timed_out(pinned.as_mut().wait_timeout(SHORT)),
            timed_out(boxed.as_mut().wait_timeout(SHORT)),
            timed_out((&mut call).wait_timeout(SHORT)),
        ];
        for (left, text) in borrowed {
            assert_eq!(left, Leftover::Kept);
            assert!(text.contains("is kept"), "{text}");
            assert!(!text.contains("dropped"), "{text}");
        }
        send.send(7).unwrap();
        assert_eq!(receive.wait().unwrap(), 7);
    });
}

/// A builder, of which a borrow is enough to make a future.
struct Query;

impl IntoFuture for &mut Query {
    type Output = ();
    type IntoFuture = std::future::Pending<()>;

    fn into_future(self) -> Self::IntoFuture {
        pending()
    }
}

/// The wait borrows the builder, but it owns the future that the builder makes.
#[test]
fn the_future_of_a_borrowed_builder_is_dropped() {
    within(|| {
        let (left, text) = timed_out((&mut Query).wait_timeout(SHORT));
        assert_eq!(left, Leftover::Dropped);
        assert!(text.contains("the future was dropped"), "{text}");
    });
}

#[test]
fn a_function_that_has_started_runs_on() {
    for erased in [false, true] {
        within(|| {
            let (gate, started, go) = Gate::new();
            let start = |limit| {
                if erased {
                    BoxCall::new(pass(&gate)).wait_timeout(limit)
                } else {
                    pass(&gate).wait_timeout(limit)
                }
            };
            let mut limit = SHORT;
            let (left, text) = loop {
                let told = timed_out(start(limit));
                if told.0 != Leftover::NotStarted {
                    started.recv().unwrap();
                    break told;
                }
                // On a busy machine the function may not have started in time.
                limit *= 2;
            };
            assert_eq!(left, Leftover::Running);
            assert!(text.contains("runs on to its end"), "{text}");
            assert!(!gate.ended.load(Ordering::SeqCst));
            go.send(()).unwrap();
            gate.wait_for_end();
        });
    }
}

#[test]
fn a_function_that_has_not_started_never_does() {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    for erased in [false, true] {
        within(|| {
            let (first, started, go) = Gate::new();
            let running = pass(&first).on(&bridge).offload().start();
            started.recv().unwrap();
            let (second, has_started, _go) = Gate::new();
            let call = pass(&second).on(&bridge);
            let (left, text) = timed_out(if erased {
                BoxCall::new(call).wait_timeout(SHORT)
            } else {
                call.wait_timeout(SHORT)
            });
            assert_eq!(left, Leftover::NotStarted);
            assert!(text.contains("had not started and never will"), "{text}");
            go.send(()).unwrap();
            running.wait();
            bridge.offload(|| ()).wait();
            drop(second);
            has_started.recv().unwrap_err();
        });
    }
}

#[test]
fn generic_code_is_told_that_a_job_may_go_on() {
    fn generic<F: Future>(future: F) -> Result<F::Output, WaitError> {
        Bridge::global().wait_timeout(future, SHORT)
    }
    within(|| {
        let (gate, _started, go) = Gate::new();
        let (left, text) = timed_out(generic(pass(&gate)));
        assert_eq!(left, Leftover::Dropped);
        assert!(text.contains("may go on"), "{text}");
        go.send(()).unwrap();
    });
}

#[test]
fn what_a_withdrawn_function_holds_is_dropped_inside_the_runtime() {
    /// Sends whether a runtime is reachable when it is dropped.
    struct Held(mpsc::Sender<bool>);
    impl Drop for Held {
        fn drop(&mut self) {
            let is_inside = tokio::runtime::Handle::try_current().is_ok();
            self.0.send(is_inside).unwrap();
        }
    }
    #[smartasync]
    fn hold(_held: Held) {}
    within(|| {
        let bridge = Bridge::builder().max_threads(1).build().unwrap();
        let (gate, started, go) = Gate::new();
        let running = pass(&gate).on(&bridge).offload().start();
        started.recv().unwrap();
        let (dropped, was_inside) = mpsc::channel();
        let result = hold(Held(dropped)).on(&bridge).wait_timeout(SHORT);
        assert_eq!(timed_out(result).0, Leftover::NotStarted);
        assert!(was_inside.recv().unwrap());
        go.send(()).unwrap();
        running.wait();
    });
}
