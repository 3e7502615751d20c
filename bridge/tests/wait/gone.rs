//! Checks that a wait ends when its runtime ends, in every way and at every
//! moment.

use super::*;

/// The way in which a runtime ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Drop,
    Background,
    Timeout,
}

const ENDS: [End; 3] = [End::Drop, End::Background, End::Timeout];

impl End {
    fn end(self, runtime: Runtime) {
        match self {
            Self::Drop => drop(runtime),
            Self::Background => runtime.shutdown_background(),
            Self::Timeout => runtime.shutdown_timeout(Duration::from_millis(1)),
        }
    }
}

fn is_gone<T: std::fmt::Debug>(outcome: &Result<T, WaitError>) -> bool {
    matches!(outcome, Err(WaitError::RuntimeGone { at, .. }) if at.file() == file!())
}

/// The event that a wait is parked for when its runtime ends.
#[derive(Clone, Copy, Debug)]
enum Stuck {
    Forever,
    Timer,
    Task,
}

async fn stuck(on: Stuck) {
    let long = || sleep(Duration::from_hours(1));
    match on {
        Stuck::Forever => std::future::pending().await,
        Stuck::Timer => long().await,
        // The runtime drops this task. The wait may see that before it learns
        // of the end.
        Stuck::Task => {
            let _cancelled = tokio::spawn(long()).await;
            std::future::pending::<()>().await;
        }
    }
}

#[test]
fn while_a_thread_is_parked_in_it() {
    within(|| {
        for end in ENDS {
            for on in [Stuck::Forever, Stuck::Timer, Stuck::Task] {
                for in_task in [false, true] {
                    let runtime = one_worker();
                    let (polled, first) = mpsc::channel();
                    let (tell, told) = mpsc::channel();
                    let waits = move || {
                        let outcome = try_wait(async {
                            tokio::task::yield_now().await;
                            polled.send(()).unwrap();
                            stuck(on).await;
                        });
                        let _unheard = tell.send(outcome);
                    };
                    if in_task {
                        runtime.spawn(async move { waits() });
                    } else {
                        let handle = runtime.handle().clone();
                        thread::spawn(move || {
                            let _guard = handle.enter();
                            waits();
                        });
                    }
                    first.recv().unwrap();
                    end.end(runtime);
                    let outcome = told.recv().unwrap();
                    assert!(
                        is_gone(&outcome),
                        "{end:?}, {on:?}, in a task: {in_task}: {outcome:?}"
                    );
                }
            }
        }
    });
}

/// The runtime ends inside a poll, so polling the timer panics.
#[test]
fn in_the_middle_of_a_poll() {
    within(|| {
        for (end, polls) in ENDS.into_iter().flat_map(|end| [(end, 1), (end, 2)]) {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            let _guard = handle.enter();
            let outcome = try_wait(async {
                in_poll(polls).await;
                let mut timer = std::pin::pin!(sleep(Duration::from_hours(1)));
                assert!(futures::poll!(&mut timer).is_pending());
                end.end(runtime);
                timer.await;
            });
            assert!(is_gone(&outcome), "{end:?}, poll {polls}: {outcome:?}");
        }
    });
}

/// Returns in poll `number`, counted from one.
async fn in_poll(number: u32) {
    if number > 1 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn before_the_wait() {
    within(|| {
        for end in ENDS {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            let _guard = handle.enter();
            end.end(runtime);
            for on in [Stuck::Forever, Stuck::Timer, Stuck::Task] {
                for polls in [1, 2] {
                    let outcome = try_wait(async {
                        in_poll(polls).await;
                        stuck(on).await;
                    });
                    assert!(
                        is_gone(&outcome),
                        "{end:?}, {on:?}, poll {polls}: {outcome:?}"
                    );
                }
            }
            assert_eq!(try_wait(async { 1 }).unwrap(), 1, "it needs no runtime");
        }
    });
}

/// Otherwise a runtime that ends at a bad moment would leave a wait parked for
/// ever.
#[test]
fn at_any_moment() {
    within(|| {
        for round in 0..200_u64 {
            let runtime = one_worker();
            let handle = runtime.handle().clone();
            let (polled, first) = mpsc::channel();
            let waiter = thread::spawn(move || {
                let _guard = handle.enter();
                // The thread makes one long wait, or many short ones.
                if round % 2 == 0 {
                    return try_wait(async {
                        let _unheard = polled.send(());
                        loop {
                            sleep(Duration::from_micros(50)).await;
                        }
                    });
                }
                loop {
                    let _unheard = polled.send(());
                    try_wait(sleep(Duration::from_micros(50)))?;
                }
            });
            first.recv().unwrap();
            thread::sleep(Duration::from_micros(round % 20 * 10));
            runtime.shutdown_background();
            let outcome: Result<(), _> = waiter.join().unwrap();
            assert!(is_gone(&outcome), "{outcome:?}");
        }
    });
}

/// Only the panic of a timer counts as the end, and only if the wait's own
/// runtime has ended.
#[test]
fn other_panics_pass_through() {
    within(|| {
        let text = "A Tokio 1.x context was found, but it is being shutdown.";
        let payload = catch_unwind(|| wait(async { panic!("{text}") })).unwrap_err();
        assert_eq!(panic_text(&*payload), text, "while the runtime lives");

        let another = one_worker();
        let payload = catch_unwind(AssertUnwindSafe(|| {
            wait(async {
                tokio::task::yield_now().await;
                let timer = {
                    let _guard = another.enter();
                    sleep(Duration::from_hours(1))
                };
                another.shutdown_background();
                timer.await;
            });
        }));
        assert_eq!(panic_text(&*payload.unwrap_err()), text, "another's timer");

        let runtime = one_worker();
        let handle = runtime.handle().clone();
        let _guard = handle.enter();
        drop(runtime);
        let payload = catch_unwind(|| wait(async { panic!("mine") })).unwrap_err();
        assert_eq!(panic_text(&*payload), "mine", "where the runtime has ended");
    });
}

/// The payload of a panic is a literal or a `String`, and Tokio may have either.
#[test]
fn either_kind_of_text_tells_of_the_end() {
    within(|| {
        let handle = one_worker().handle().clone();
        let _guard = handle.enter();
        let literal = "A Tokio 1.x context was found, but it is being shutdown.";
        let of_literal = async { std::panic::panic_any(literal) };
        assert!(is_gone::<()>(&try_wait(of_literal)));
        let of_string = async { std::panic::panic_any(literal.to_owned()) };
        assert!(is_gone::<()>(&try_wait(of_string)));
    });
}

/// Waits when the runtime drops the task that holds it.
struct WaitsAtEnd(mpsc::Sender<Result<(), WaitError>>);

impl Drop for WaitsAtEnd {
    fn drop(&mut self) {
        let outcome = try_wait(async { sleep(Duration::from_millis(1)).await });
        let _unheard = self.0.send(outcome);
    }
}

/// The thread that ends the runtime is itself waiting, so no other thread can
/// tell it about the end.
#[test]
fn in_the_destructor_of_one_of_its_tasks() {
    within(|| {
        for make in [one_worker, multi_thread, current_thread] {
            // The runtime may drop the sentinel task of the bridge before or
            // after this task.
            for waits_before in [false, true] {
                let (runtime, (tell, told)) = (make(), mpsc::channel());
                let parks = || {
                    let handle = runtime.handle().clone();
                    let wait = move || {
                        let _guard = handle.enter();
                        wait(async { sleep(Duration::from_millis(2)).await });
                    };
                    thread::spawn(wait).join().unwrap();
                };
                if waits_before {
                    parks();
                }
                runtime.block_on(async {
                    let held = (0..3).map(|_| WaitsAtEnd(tell.clone()));
                    for held in held.collect::<Vec<_>>() {
                        tokio::spawn(async move {
                            let _held = held;
                            std::future::pending::<()>().await;
                        });
                    }
                    tokio::task::yield_now().await;
                });
                parks();
                drop(runtime);
                for _ in 0..3 {
                    let outcome = told.recv().unwrap();
                    assert!(outcome.is_ok() || is_gone(&outcome), "{outcome:?}");
                }
            }
        }
    });
}

/// The worker's core would go to a blocking thread, but the runtime takes no
/// more blocking work.
#[test]
fn before_a_wait_in_one_of_its_tasks() {
    within(|| {
        for make in [one_worker, multi_thread] {
            for end in ENDS {
                for (self_waking, in_place) in
                    [(false, false), (true, false), (false, true), (true, true)]
                {
                    let runtime = make();
                    let (begun, has_begun) = mpsc::channel();
                    let (go, may_go) = mpsc::channel::<()>();
                    let (tell, told) = mpsc::channel();
                    runtime.spawn(async move {
                        begun.send(()).unwrap();
                        may_go.recv().unwrap_err();
                        let waits = || -> Result<(), _> {
                            try_wait(std::future::poll_fn(|cx| {
                                if self_waking {
                                    cx.waker().wake_by_ref();
                                }
                                std::task::Poll::Pending
                            }))
                        };
                        let outcome = if in_place {
                            block_in_place(waits)
                        } else {
                            waits()
                        };
                        let _unheard = tell.send(outcome);
                    });
                    has_begun.recv().unwrap();
                    let handle = runtime.handle().clone();
                    let ends = thread::spawn(move || end.end(runtime));
                    // The end has begun when the runtime drops new blocking
                    // work.
                    while !is_dropped_unrun(&handle) {
                        thread::yield_now();
                    }
                    drop(go);
                    let outcome = told.recv().unwrap();
                    assert!(
                        is_gone(&outcome),
                        "{end:?}, self-waking: {self_waking}, in place: {in_place}: {outcome:?}"
                    );
                    ends.join().unwrap();
                }
            }
        }
    });
}

fn is_dropped_unrun(handle: &Handle) -> bool {
    let (held, at_drop) = mpsc::channel::<()>();
    let (ran, has_run) = mpsc::channel();
    handle.spawn_blocking(move || {
        let _unheard = ran.send(());
        drop(held);
    });
    let _end = at_drop.recv();
    has_run.recv().is_err()
}

#[test]
fn while_the_future_holds_the_guard_of_another() {
    within(|| {
        let bridge = Bridge::builder().worker_threads(1).build().unwrap();
        let (polled, first) = mpsc::channel();
        let waiter = thread::spawn({
            let bridge = bridge.clone();
            move || {
                let another = one_worker();
                bridge.try_wait(async {
                    let _guard = another.enter();
                    polled.send(()).unwrap();
                    std::future::pending::<()>().await;
                })
            }
        });
        first.recv().unwrap();
        // Gives the thread time to park. The wait must end in either case.
        thread::sleep(Duration::from_millis(20));
        let _report = bridge.shutdown(Duration::from_secs(5)).wait();
        let outcome = waiter.join().unwrap();
        assert!(is_gone(&outcome), "{outcome:?}");
    });
}

/// The end of another runtime must not end a wait.
#[test]
fn of_another_whose_guard_the_future_held() {
    within(|| {
        let runtime = one_worker();
        for entered in [false, true] {
            let _guard = entered.then(|| runtime.enter());
            let outcome = try_wait(async {
                let another = one_worker();
                {
                    let _guard = another.enter();
                    let slept = tokio::spawn(sleep(Duration::from_millis(20)));
                    slept.await.unwrap();
                }
                another.shutdown_background();
                sleep(Duration::from_millis(20)).await;
                7
            });
            assert_eq!(outcome.unwrap(), 7);
        }
    });
}

/// Otherwise the first wait would poll its future in a runtime that is gone.
#[test]
fn a_given_runtime_before_its_first_use() {
    within(|| {
        let runtime = one_worker();
        let given = Bridge::builder().runtime(runtime.handle().clone());
        let bridge = given.build().unwrap();
        drop(runtime);
        assert!(is_gone(&bridge.try_wait(async { 7 })));
    });
}
