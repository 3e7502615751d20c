//! Checks the warning when the `.wait()` of a smart `fn` freezes an executor.
//!
//! This is a test target of its own, because it sets the global subscriber.
#![deny(warnings)]

use std::{
    cell::Cell,
    collections::HashSet,
    fmt::Write as _,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, Once, PoisonError},
    thread,
    time::Duration,
};

use bridge::{BoxCall, Bridge, Call, smartasync};
use testkit::within;
use tokio::runtime::{Builder, Runtime};
use tracing::{Event, Metadata, Subscriber, field, span};

/// Whether this build warns. `bridge` is built with the same profile as this
/// test.
const WARNS: bool = cfg!(debug_assertions);

/// Twice as long as a poll may last without a warning.
const LONG: Duration = Duration::from_millis(200);

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps each event as a line, by a slow smart function.
struct Lines;

#[smartasync]
fn store(line: String) {
    thread::sleep(LONG);
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    lines.push(line);
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN && metadata.target().starts_with("bridge")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl field::Visit for Line {
            fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
                write!(self.0, "{}={value:?} ", field.name()).unwrap();
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        store(line.0).wait();
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn subscribe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Lines).unwrap());
}

/// Returns the warnings about a function.
fn warnings(function: &str) -> Vec<String> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let name = format!("freeze::{function}\"");
    lines
        .iter()
        .filter(|line| line.contains(&name))
        .cloned()
        .collect()
}

/// Checks that a function caused one warning at each of these lines of this
/// file, and no other warning.
#[track_caller]
fn assert_warned(function: &str, lines: &[u32]) {
    let found = warnings(function);
    let expected = if WARNS { lines } else { &[] };
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (line, expected) in found.iter().zip(expected) {
        let at = format!("{}:{expected}:", file!());
        assert!(line.contains(&at), "{at} is not in {line}");
        assert!(line.contains("froze the executor"), "{line}");
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[smartasync]
fn slow() {
    thread::sleep(LONG);
}

#[test]
fn each_place_that_froze_a_poll_is_told_once() {
    subscribe();
    within(|| {
        let ended = Bridge::builder().build().unwrap();
        let _report = ended.shutdown(Duration::ZERO).wait();
        let refused = || slow().on(&ended).try_offload().unwrap_err().into_inner();
        let mut places = Vec::new();
        current_thread().block_on(async {
            for _ in 0..2 {
                slow().wait();
            }
            places.push(line!() - 2);
        });
        Runtime::new().unwrap().block_on(async {
            slow().try_wait().unwrap();
            places.push(line!() - 1);
            let task = async {
                slow().wait();
                line!() - 1
            };
            places.push(tokio::spawn(task).await.unwrap());
        });
        bridge::wait(async {
            let call = BoxCall::new(slow());
            call.wait();
            places.push(line!() - 1);
            Call::wait(slow());
            places.push(line!() - 1);
            // A call that the pool has given back runs in place too.
            refused().wait();
            places.push(line!() - 1);
            BoxCall::new(refused()).wait();
            places.push(line!() - 1);
        });
        assert_warned("slow", &places);
    });
}

#[smartasync]
fn blameless(time: Duration) {
    thread::sleep(time);
}

#[test]
fn nothing_is_told_where_no_poll_froze() {
    subscribe();
    within(|| {
        blameless(LONG).wait();
        bridge::wait(async {
            blameless(Duration::ZERO).wait();
            blameless(LONG).await;
            blameless(LONG).dispatch().await;
        });
        Runtime::new().unwrap().block_on(async {
            let offloaded = tokio::task::spawn_blocking(|| blameless(LONG).wait());
            offloaded.await.unwrap();
            bridge::offload(|| blameless(LONG).wait()).await;
        });
        assert_warned("blameless", &[]);
    });
}

#[smartasync]
fn short() {
    thread::sleep(LONG / 10);
}

/// Otherwise a program that freezes a poll for some milliseconds is told that it was long.
#[test]
fn a_short_freeze_is_not_told() {
    subscribe();
    within(|| {
        current_thread().block_on(async {
            for _ in 0..5 {
                short().wait();
            }
        });
        // On a busy machine the call may take long, and is told then.
        for warning in warnings("short") {
            let (_, elapsed) = warning.split_once("elapsed=").unwrap();
            let (number, unit) = elapsed.split_at(elapsed.find(char::is_alphabetic).unwrap());
            let is_long = unit.starts_with("s ") || number.parse::<f64>().unwrap() > 100.0;
            assert!(is_long, "{warning}");
        }
    });
}

/// Sleeps, then waits for another task of a runtime with one worker, then sleeps.
#[smartasync]
fn hands_over(before: Duration, after: Duration) {
    thread::sleep(before);
    let other = tokio::spawn(tokio::time::sleep(LONG));
    bridge::wait(other).unwrap();
    thread::sleep(after);
}

/// The wait inside the call lets the other task run, so the executor is not frozen.
#[test]
fn only_what_comes_before_a_hand_over_freezes() {
    subscribe();
    within(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_time().build().unwrap();
        let task = runtime.spawn(async {
            hands_over(Duration::ZERO, Duration::ZERO).wait();
            // The core has gone, so this freezes nothing at all.
            blameless(LONG).wait();
        });
        runtime.block_on(task).unwrap();
        let task = runtime.spawn(async { hands_over(Duration::ZERO, LONG).wait() });
        runtime.block_on(task).unwrap();
        assert_warned("hands_over", &[]);
        let task = runtime.spawn(async {
            hands_over(LONG, Duration::ZERO).wait();
            line!() - 1
        });
        let place = runtime.block_on(task).unwrap();
        assert_warned("hands_over", &[place]);
        assert_warned("blameless", &[]);
    });
}

#[smartasync]
fn again() {
    thread::sleep(LONG);
}

/// Otherwise a thread that has handed over once is never warned of again.
#[test]
fn a_freeze_long_after_a_hand_over_is_reported() {
    subscribe();
    within(|| {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_time().build().unwrap();
        let seen = Arc::new(Mutex::new(HashSet::new()));
        let place = loop {
            let seen = Arc::clone(&seen);
            let task = runtime.spawn(async move {
                let is_new = seen.lock().unwrap().insert(thread::current().id());
                if is_new {
                    hands_over(Duration::ZERO, Duration::ZERO).wait();
                    return None;
                }
                again().wait();
                Some(line!() - 1)
            });
            if let Some(place) = runtime.block_on(task).unwrap() {
                break place;
            }
        };
        assert_warned("again", &[place]);
    });
}

#[smartasync]
fn fails() {
    thread::sleep(LONG);
    panic!("on purpose");
}

#[test]
fn a_panic_passes_without_a_warning() {
    subscribe();
    within(|| {
        current_thread().block_on(async {
            panic::catch_unwind(AssertUnwindSafe(|| fails().wait())).unwrap_err();
        });
        assert_warned("fails", &[]);
    });
}

#[smartasync]
fn late(time: Duration) -> u8 {
    thread::sleep(time);
    7
}

#[test]
fn a_call_works_while_thread_locals_end() {
    struct Last(Cell<Option<std::sync::mpsc::Sender<u8>>>);
    impl Drop for Last {
        fn drop(&mut self) {
            if let Some(sender) = self.0.take() {
                sender.send(late(LONG).wait()).unwrap();
            }
        }
    }
    thread_local! {
        static LAST: Last = const { Last(Cell::new(None)) };
    }
    subscribe();
    within(|| {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            LAST.with(|last| last.0.set(Some(sender)));
            current_thread().block_on(async { late(Duration::ZERO).wait() });
        });
        assert_eq!(receiver.recv().unwrap(), 7);
        thread.join().unwrap();
        assert_warned("late", &[]);
    });
}

#[cfg(unix)]
#[smartasync]
fn forked(time: Duration) -> u8 {
    thread::sleep(time);
    7
}

/// Otherwise the child would hang: a thread of the parent holds the
/// subscriber's lock.
#[cfg(unix)]
#[test]
fn a_call_works_in_a_forks_child() {
    subscribe();
    within(|| {
        current_thread().block_on(async {
            forked(Duration::ZERO).wait();
            let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the child calls a function of this test alone, and leaves
            // by `_exit`, so nothing of the test runner runs twice.
            let pid = unsafe { libc::fork() };
            assert!(pid >= 0, "fork failed");
            if pid == 0 {
                // SAFETY: `alarm` sets a timer whose signal ends this process.
                unsafe { libc::alarm(10) };
                let ok = forked(LONG).wait() == 7;
                // SAFETY: ends the child at once.
                unsafe { libc::_exit(i32::from(!ok)) }
            }
            let mut status = 0;
            // SAFETY: `status` is a valid place for the child's status.
            let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
            assert_eq!((waited, status), (pid, 0));
            drop(lines);
        });
        assert_warned("forked", &[]);
    });
}

#[smartasync]
fn indirect() {
    thread::sleep(LONG);
}

/// Otherwise all of these have one place, and only the first is told.
#[test]
fn an_outcome_and_generic_code_are_told_at_their_own_lines() {
    subscribe();
    within(|| {
        let mut places = Vec::new();
        current_thread().block_on(async {
            indirect().dispatch().wait();
            places.push(line!() - 1);
            indirect().dispatch().wait();
            places.push(line!() - 1);
            Call::try_wait(indirect()).unwrap();
            places.push(line!() - 1);
            Call::try_wait(indirect()).unwrap();
            places.push(line!() - 1);
        });
        assert_warned("indirect", &places);
    });
}

#[smartasync]
fn later_slow(before: Duration) {
    thread::sleep(before);
    bridge::wait(tokio::spawn(tokio::time::sleep(LONG))).unwrap();
}

/// Otherwise a place whose first call froze nothing is never told.
#[test]
fn a_place_that_froze_nothing_at_first_is_told_later() {
    subscribe();
    within(|| {
        let runtime = Runtime::new().unwrap();
        let run = |before| {
            let call = async move {
                later_slow(before).wait();
                line!() - 1
            };
            runtime.block_on(runtime.spawn(call)).unwrap()
        };
        run(Duration::ZERO);
        assert_warned("later_slow", &[]);
        assert_warned("later_slow", &[run(LONG)]);
    });
}
