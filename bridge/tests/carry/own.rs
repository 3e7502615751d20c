//! A user's own carriers: what is carried, when it is captured, and what stays clean.

use std::{sync::Mutex, time::Duration};

use bridge::{Lineage, Rejected, offload::Cancelled, smartasync};
use testkit::within;

use super::*;

#[test]
fn a_job_and_a_task_see_the_word_of_their_submitter() {
    within(|| {
        let bridge = carries_word();
        let word = |submit: &dyn Fn() -> &'static str| with_word("here", submit);
        let word_of = || WORD.get();
        assert_eq!(word(&|| bridge.wait(bridge.offload(word_of))), "here");
        assert_eq!(
            word(&|| bridge.wait(bridge.try_offload(word_of).unwrap())),
            "here"
        );
        assert_eq!(
            word(&|| bridge.wait(bridge.spawn(async { WORD.get() })).unwrap()),
            "here"
        );
        let (tell, told) = std::sync::mpsc::channel();
        word(&|| {
            let tell = tell.clone();
            bridge
                .offload(move || tell.send(WORD.get()).unwrap())
                .detach();
            told.recv().unwrap()
        });
        assert_eq!(
            bridge.wait(bridge.offload(word_of)),
            "",
            "nothing was left on the thread"
        );
    });
}

/// Otherwise a future that is passed on carries the context of the wrong code.
#[test]
fn the_context_is_that_of_the_submission() {
    within(|| {
        let bridge = carries_word();
        let polled = with_word("made", || bridge.offload(|| WORD.get()));
        assert_eq!(with_word("polled", || bridge.wait(polled)), "polled");
        let started = with_word("made", || bridge.offload(|| WORD.get()));
        let started = with_word("started", || started.start());
        assert_eq!(with_word("polled", || bridge.wait(started)), "started");
    });
}

#[test]
fn a_context_goes_down_and_never_comes_back() {
    within(|| {
        let bridge = carries_word();
        with_word("mine", || {
            let change = |word: &'static str| {
                let offload = bridge.offload(move || (WORD.replace(word), WORD.get()));
                bridge.wait(offload)
            };
            assert_eq!(change("first"), ("mine", "first"));
            assert_eq!(change("second"), ("mine", "second"), "siblings are apart");
            assert_eq!(WORD.get(), "mine");
        });
        assert_eq!(bridge.wait(bridge.offload(|| WORD.get())), "");
    });
}

#[test]
fn it_goes_down_through_every_level() {
    within(|| {
        let bridge = carries_word();
        let inner = bridge.clone();
        let word = with_word("top", || {
            bridge.wait(bridge.offload(move || {
                let deeper = inner.clone();
                let task = inner.spawn(async move { deeper.offload(|| WORD.get()).await });
                inner.wait(task).unwrap()
            }))
        });
        assert_eq!(word, "top");
    });
}

#[test]
fn a_submission_captures_once_and_each_poll_enters() {
    within(|| {
        let word = Word::default();
        let bridge = one_thread().carry(word.clone()).build().unwrap();
        with_word("x", || {
            bridge.wait(bridge.offload(|| ()));
            assert_eq!((word.captured(), word.entered()), (1, 1));
            let task = bridge.spawn(async {
                for _ in 0..2 {
                    tokio::task::yield_now().await;
                    assert_eq!(WORD.get(), "x");
                }
            });
            bridge.wait(task).unwrap();
        });
        assert_eq!(word.captured(), 2);
        assert!(
            word.entered() >= 4,
            "three polls of the task: {}",
            word.entered()
        );
    });
}

/// A wait stays on its thread, so nothing has to be carried, nested or handed over.
#[test]
fn a_wait_keeps_what_its_thread_has() {
    #[smartasync]
    async fn word() -> &'static str {
        tokio::task::yield_now().await;
        WORD.get()
    }
    #[smartasync]
    fn outer() -> (&'static str, &'static str) {
        (WORD.get(), word().wait())
    }
    within(|| {
        let captures = Word::default();
        let bridge = one_thread().carry(captures.clone()).build().unwrap();
        let both = ("here", "here");
        assert_eq!(with_word("here", || outer().on(&bridge).wait()), both);
        assert_eq!(
            with_word("here", || bridge.wait(async { outer().wait() })),
            both
        );
        let task = bridge.handle().unwrap().spawn(async {
            with_word("here", || outer().wait()) // hands the worker's tasks over
        });
        assert_eq!(bridge.wait(task).unwrap(), both);
        assert_eq!(captures.captured(), 0);
    });
}

/// Otherwise a job sees the context of a stranger, because the pool has run out of threads.
#[test]
fn a_lent_job_sees_its_own_word_and_not_the_lenders() {
    within(|| {
        let word = lent(
            one_thread().carry(Word::default()),
            |wait| {
                with_word("lender", || {
                    wait();
                    assert_eq!(WORD.get(), "lender", "it has its word back");
                });
            },
            |bridge, job| with_word("submitter", || Box::pin(bridge.offload(job).start())),
            || WORD.replace("changed"),
        );
        assert_eq!(word, "submitter");
    });
}

#[test]
fn carriers_nest_in_the_order_in_which_they_were_given() {
    static ORDER: Mutex<Vec<String>> = Mutex::new(Vec::new());
    fn note(text: impl Into<String>) {
        ORDER.lock().unwrap().push(text.into());
    }
    /// It carries something if its number is odd.
    struct Numbered(u32);
    impl Carrier for Numbered {
        type Context = u32;

        fn capture(&self) -> Option<u32> {
            (self.0 % 2 == 1).then_some(self.0 * 10)
        }

        fn enter<R>(&self, context: &u32, body: impl FnOnce() -> R) -> R {
            note(format!("enter {} {context}", self.0));
            let result = body();
            note(format!("leave {}", self.0));
            result
        }
    }
    within(|| {
        let bridge = (1..=4).fold(one_thread(), |builder, n| builder.carry(Numbered(n)));
        let bridge = bridge.build().unwrap();
        bridge.wait(bridge.offload(|| note("job")));
        let order = ORDER.lock().unwrap();
        assert_eq!(
            *order,
            ["enter 1 10", "enter 3 30", "job", "leave 3", "leave 1"]
        );
    });
}

/// Carries a handle, so that the contexts can be counted.
struct Counted(Arc<()>);
impl Carrier for Counted {
    type Context = Arc<()>;

    fn capture(&self) -> Option<Arc<()>> {
        Some(Arc::clone(&self.0))
    }

    fn enter<R>(&self, _: &Arc<()>, body: impl FnOnce() -> R) -> R {
        body()
    }
}

/// Otherwise a caller that closes a span, or counts handles, finds the job's own one open.
#[test]
fn the_context_is_gone_when_the_caller_sees_the_result() {
    within(|| {
        let count = Arc::new(());
        let bridge = one_thread()
            .carry(Counted(Arc::clone(&count)))
            .build()
            .unwrap();
        for round in 0..2000 {
            let panics = round % 8 == 0;
            let job = bridge.offload(move || {
                if panics {
                    std::panic::resume_unwind(Box::new(7)); // without a message
                }
            });
            assert_eq!(bridge.wait(job.outcome()).is_err(), panics);
            assert_eq!(Arc::strong_count(&count), 2, "round {round}");
            let job = bridge.offload(|| ()).start();
            match job.cancel() {
                Cancelled::Withdrawn => assert_eq!(Arc::strong_count(&count), 2),
                Cancelled::Running | Cancelled::Finished => {}
            }
            let _cancelled = bridge.wait(job.outcome());
        }
    });
}

/// Otherwise a context that holds a span or a connection stays as long as its future.
#[test]
fn the_context_of_a_withdrawn_job_is_dropped() {
    within(|| {
        let count = Arc::new(());
        let builder = one_thread().carry(Counted(Arc::clone(&count)));
        let bridge = builder.queue_capacity(2).build().unwrap();
        let contexts = || Arc::strong_count(&count) - 2;
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let (begin, first_step) = std::sync::mpsc::channel();
        let blocked = bridge.offload(move || (begin.send(()), gate.recv()));
        let blocked = blocked.start();
        first_step.recv().unwrap();
        let before = contexts();
        let cancelled = bridge.offload(|| ()).start();
        assert_eq!(contexts(), before + 1);
        assert_eq!(cancelled.cancel(), Cancelled::Withdrawn);
        assert_eq!(contexts(), before, "cancelled, and its future is there");
        let _queued = [(); 2].map(|()| bridge.offload(|| ()).start());
        let in_backlog = bridge.offload(|| ()).start();
        assert_eq!(contexts(), before + 3);
        let refused = bridge.try_offload(|| ());
        assert!(matches!(refused, Err(Rejected::Full { .. })));
        assert_eq!(contexts(), before + 3, "the queue was full");
        let report = bridge.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.running.len()), (2, 1));
        assert_eq!(contexts(), before, "the pool was shut down");
        drop((in_backlog, blocked, go));
    });
}

/// A task that is aborted runs its destructors on any thread, and in its context.
#[test]
fn a_task_is_dropped_in_its_context() {
    struct Tells(Option<oneshot::Sender<&'static str>>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _unwanted = self.0.take().unwrap().send(WORD.get());
        }
    }
    within(|| {
        let bridge = carries_word();
        for is_polled in [true, false] {
            let (tell, told) = oneshot::channel();
            let tells = Tells(Some(tell));
            let (begin, first_poll) = oneshot::channel();
            let task = with_word("mine", || {
                bridge.spawn(async move {
                    let _tells = tells;
                    begin.send(()).unwrap();
                    std::future::pending::<()>().await;
                })
            });
            if is_polled {
                bridge.wait(first_poll).unwrap();
            }
            task.abort();
            assert_eq!(bridge.wait(told).unwrap(), "mine");
        }
    });
}

/// Otherwise a job that the destructor waits for counts as unrelated work, and may never start.
#[test]
fn a_task_is_dropped_with_its_lineage() {
    struct Waits(Bridge);
    impl Drop for Waits {
        fn drop(&mut self) {
            assert!(!Lineage::current().is_root(), "it is that of the job");
            assert_eq!(self.0.wait(self.0.offload(|| 7)), 7);
        }
    }
    within(|| {
        let bridge = one_thread().build().unwrap();
        let own = bridge.clone();
        bridge.wait(bridge.offload(move || {
            let waits = Waits(own.clone());
            let task = own.spawn(async move {
                let _waits = waits;
                std::future::pending::<()>().await;
            });
            task.abort();
            let error = own.wait(task).unwrap_err();
            assert!(error.is_cancelled(), "{error}");
        }));
    });
}

/// A refused call keeps nothing of the refused submission.
#[test]
fn a_call_that_was_refused_is_captured_again() {
    #[smartasync]
    fn word(_: &str) -> &'static str {
        WORD.get()
    }
    within(|| {
        let bridge = one_thread().carry(Word::default()).queue_capacity(1);
        let bridge = bridge.build().unwrap();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let blocked = bridge.offload(move || gate.recv().is_err()).start();
        while bridge.metrics().running == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let queued = bridge.offload(|| ()).start();
        let call = word("x").on(&bridge);
        let refused = with_word("refused", || call.try_offload());
        let Err(Rejected::Full { closure: call, .. }) = refused else {
            panic!("the queue is full");
        };
        drop(go);
        assert!(bridge.wait(blocked));
        bridge.wait(queued);
        assert_eq!(with_word("admitted", || bridge.wait(call)), "admitted");
    });
}

#[test]
fn a_bridge_carries_by_its_own_carriers_only() {
    within(|| {
        let (ours, other) = (carries_word(), one_thread().build().unwrap());
        with_word("here", || {
            assert_eq!(ours.wait(ours.offload(|| WORD.get())), "here");
            assert_eq!(other.wait(other.offload(|| WORD.get())), "");
            assert_eq!(other.wait(other.spawn(async { WORD.get() })).unwrap(), "");
        });
    });
}

#[test]
fn a_builder_that_is_cloned_keeps_its_carriers() {
    within(|| {
        let word = Word::default();
        let builder = one_thread().carry(word.clone());
        let first = builder.clone().build().unwrap();
        let second = builder.carry(Word::default()).build().unwrap();
        for bridge in [first, second] {
            assert_eq!(
                with_word("x", || bridge.wait(bridge.offload(|| WORD.get()))),
                "x"
            );
        }
        assert_eq!(word.captured(), 2);
    });
}
