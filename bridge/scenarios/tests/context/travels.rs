//! Where the current span travels to, and where it does not.

use std::{cell::RefCell, sync::mpsc};

use bridge::{BoxCall, smartasync};
use futures::future::join_all;
use testkit::within;
use tokio::task::yield_now;
use tracing::{Instrument as _, info_span};

use super::*;

#[smartasync]
fn here() -> String {
    path()
}

#[test]
fn every_submission_takes_the_span_along() {
    within(|| {
        let bridge = bridge();
        let all = async {
            assert_eq!(here().on(&bridge).await, "every");
            assert_eq!(here().on(&bridge).offload().await, "every");
            assert_eq!(here().on(&bridge).try_offload().unwrap().await, "every");
            assert_eq!(BoxCall::new(here()).on(&bridge).await, "every");
            assert_eq!(bridge.offload(path).await, "every");
            assert_eq!(bridge.try_offload(path).unwrap().await, "every");
            assert_eq!(bridge.spawn(async { path() }).await.unwrap(), "every");
            let (tell, told) = mpsc::channel();
            bridge.offload(move || tell.send(path()).unwrap()).detach();
            assert_eq!(told.recv().unwrap(), "every");
        };
        bridge.wait(all.instrument(info_span!("every")));
        assert_eq!(bridge.wait(bridge.offload(path)), "");
    });
}

#[test]
fn the_global_bridge_and_a_pool_of_its_own_carry_too() {
    within(|| {
        LazyLock::force(&TELEMETRY);
        let _entered = info_span!("global").entered();
        assert_eq!(bridge::wait(bridge::offload(path)), "global");
        assert_eq!(
            bridge::wait(bridge::spawn(async { path() })).unwrap(),
            "global"
        );
        let pool = bridge::Pool::builder().max_threads(1).build().unwrap();
        assert_eq!(bridge::wait(pool.run(path)), "global");
    });
}

#[test]
fn the_span_is_that_of_the_submission() {
    within(|| {
        let bridge = bridge();
        let offload = info_span!("made").in_scope(|| bridge.offload(path));
        assert_eq!(
            info_span!("polled").in_scope(|| bridge.wait(offload)),
            "polled"
        );
        let offload = info_span!("made").in_scope(|| bridge.offload(path));
        let offload = info_span!("started").in_scope(|| offload.start());
        assert_eq!(
            info_span!("polled").in_scope(|| bridge.wait(offload)),
            "started"
        );
    });
}

#[test]
fn siblings_are_apart() {
    within(|| {
        let bridge = bridge();
        let names = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];
        // The jobs run on one thread, and a task of each runs beside them.
        let jobs = names.map(|name| {
            let span = info_span!("sibling", otel.name = name);
            let bridge = bridge.clone();
            async move {
                let id = Span::current().id();
                let inside = bridge.offload(|| Span::current().id()).await;
                assert_eq!(inside, id);
                let task = bridge.spawn(async {
                    yield_now().await;
                    Span::current().id()
                });
                assert_eq!(task.await.unwrap(), id);
            }
            .instrument(span)
        });
        bridge.wait(join_all(jobs));
    });
}

#[test]
fn a_span_goes_down_and_never_comes_back() {
    within(|| {
        let bridge = bridge();
        let _entered = info_span!("mine").entered();
        let entered = || info_span!("below").in_scope(path);
        assert_eq!(bridge.wait(bridge.offload(entered)), "mine/below");
        assert_eq!(path(), "mine");
    });
}

/// Otherwise the next job of the thread logs into the span of the one before.
#[test]
fn a_thread_is_clean_after_its_jobs() {
    within(|| {
        let left = left_by(|bridge| {
            let _entered = info_span!("clean").entered();
            assert_eq!(bridge.wait(bridge.offload(path)), "clean");
        });
        assert_eq!(left, "");
        let left = left_by(|bridge| {
            let _entered = info_span!("clean").entered();
            let panics = || {
                let _entered = info_span!("inner").entered();
                std::panic::panic_any(path());
            };
            let outcome = bridge.wait(bridge.offload(panics).outcome());
            let Err(bridge::OffloadError::Panicked(panic)) = outcome else {
                panic!("it panics");
            };
            let path = panic.into_payload().downcast::<String>().unwrap();
            assert_eq!(*path, "clean/inner");
        });
        assert_eq!(left, "");
    });
}

#[test]
fn a_bridge_that_carries_no_span_carries_none() {
    within(|| {
        let bridge = one_thread().carry_span(false).build().unwrap();
        let _entered = info_span!("mine").entered();
        assert_eq!(bridge.wait(bridge.offload(path)), "");
        assert_eq!(bridge.wait(here().on(&bridge).offload()), "");
        assert_eq!(bridge.wait(bridge.spawn(async { path() })).unwrap(), "");
        assert_eq!(here().on(&bridge).wait(), "mine", "it stays on its thread");
    });
}

/// A wait stays on its thread, so nothing has to be carried, nested or handed over.
#[test]
fn a_wait_keeps_the_span_of_its_thread() {
    #[smartasync]
    async fn inside() -> String {
        yield_now().await;
        here().wait()
    }
    within(|| {
        let bridge = bridge();
        let span = info_span!("kept");
        assert_eq!(span.in_scope(|| inside().on(&bridge).wait()), "kept");
        assert_eq!(
            span.in_scope(|| bridge.wait(async { inside().wait() })),
            "kept"
        );
        let task = async { inside().wait() }.instrument(span.clone());
        let task = bridge.handle().unwrap().spawn(task); // hands the worker's tasks over
        assert_eq!(bridge.wait(task).unwrap(), "kept");
        let job = span.in_scope(|| bridge.offload(|| inside().wait()).start());
        assert_eq!(bridge.wait(job), "kept");
    });
}

/// Otherwise the span of a request ends some time after its answer.
#[test]
fn a_span_has_closed_when_the_caller_sees_the_result() {
    within(|| {
        let bridge = bridge();
        let is_closed = || CLOSED.lock().unwrap().remove("closes");
        for _ in 0..2000 {
            let span = info_span!("closes");
            let job = span.in_scope(|| bridge.offload(|| ()).start());
            drop(span);
            bridge.wait(job);
            assert!(is_closed(), "of a job");
        }
        for _ in 0..200 {
            let span = info_span!("closes");
            let task = span.in_scope(|| bridge.spawn(yield_now()));
            drop(span);
            bridge.wait(task).unwrap();
            assert!(is_closed(), "of a task");
        }
    });
}

/// The thread that polls a task may be in a span that is none of the task's business.
#[test]
fn a_task_sees_its_spawner_and_not_who_drives_it() {
    within(|| {
        let bridge = bridge();
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().unwrap();
        let driver = info_span!("driver").entered();
        runtime.block_on(async {
            let spawner = info_span!(parent: None, "spawner");
            let spawn = async {
                bridge
                    .spawn(async { (thread::current().id(), path()) })
                    .await
            };
            let (polled_by, seen) = spawn.instrument(spawner).await.unwrap();
            assert_eq!(polled_by, thread::current().id());
            assert_eq!(seen, "spawner");
            // The task's span is entered on this thread, below another one.
            let inner = info_span!("inner");
            let task = bridge.spawn(async { path() });
            assert_eq!(task.instrument(inner).await.unwrap(), "driver");
        });
        assert_eq!(path(), "driver");
        drop(driver);
        assert_eq!(path(), "");
    });
}

/// A thread may hand over its last work while its thread-locals are being destroyed. The
/// subscriber's thread-locals may be gone already, and a panic would abort the process.
#[test]
fn a_thread_that_ends_may_submit() {
    struct Flush(Bridge, mpsc::Sender<String>);
    impl Drop for Flush {
        fn drop(&mut self) {
            let tell = self.1.clone();
            self.0.offload(move || tell.send(path()).unwrap()).detach();
        }
    }
    thread_local! {
        static AT_THE_END: RefCell<Option<Flush>> = const { RefCell::new(None) };
    }
    within(|| {
        let bridge = bridge();
        for logs_first in [true, false] {
            let (tell, told) = mpsc::channel();
            let flush = Flush(bridge.clone(), tell);
            let ends = move || {
                if logs_first {
                    info_span!("early").in_scope(|| ());
                }
                AT_THE_END.set(Some(flush));
                info_span!("late").in_scope(|| ());
            };
            thread::spawn(ends).join().unwrap();
            assert_eq!(told.recv().unwrap(), "");
        }
    });
}

/// Otherwise a task without a span logs into a span of the thread that polls it.
#[test]
fn a_task_leaves_each_of_many_spans() {
    within(|| {
        let bridge = one_thread().carry_span(false).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let mut entered: Vec<_> = (0..200).map(|_| info_span!("driver").entered()).collect();
        let seen = runtime.unwrap().block_on(async {
            let task = bridge.spawn(async { (thread::current().id(), path()) });
            task.await.unwrap()
        });
        assert_eq!(seen, (thread::current().id(), String::new()));
        let back = path().split('/').count();
        assert_eq!(back, 200, "the thread is back in its spans");
        while entered.pop().is_some() {}
    });
}
