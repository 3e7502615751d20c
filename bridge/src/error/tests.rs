//! Checks what the errors say, and what a panic adds to it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use testkit::panic_text;

use super::*;

/// Otherwise the chain of errors ends before the one that says what to do.
#[test]
fn the_systems_error_is_the_source() {
    let (at, error) = (Location::caller(), io::Error::other("no thread"));
    let error = WaitError::NoRuntime { error, at };
    assert_eq!(error.source().unwrap().to_string(), "no thread");
}

/// The reader of such a panic needs to know what the pool did.
#[test]
fn the_report_follows_the_text() {
    let (at, report) = (Location::caller(), Box::<Report>::default());
    let error = WaitError::PoolExhausted { at, report };
    let expected = format!("{error}\n{}", Report::default());
    let raise = AssertUnwindSafe(|| error.raise());
    let payload = catch_unwind(raise).err().unwrap();
    assert_eq!(panic_text(&*payload), expected);
}

/// Otherwise a user acts on a wrong reason, or does not know where.
#[test]
fn each_error_names_its_reason_and_its_place() {
    let at = Location::caller();
    let system = io::Error::other("no thread");
    let future = "reqwest::get::{{closure}}";
    for (error, start, end) in [
        (
            WaitError::WouldFreeze { future, at },
            format!("waiting for `reqwest::get` at {at} would freeze the executor"),
            "a destructor may use `bridge::wait_frozen`",
        ),
        (
            WaitError::ThreadEnding { at },
            format!("can't wait at {at}, on a thread whose thread-locals are being destroyed;"),
            "wait before the thread ends, or on another",
        ),
        (
            WaitError::TimedOut {
                at,
                left: Leftover::Dropped,
            },
            format!("the wait at {at} ran out of time: the future was dropped"),
            "to keep it",
        ),
        (
            WaitError::TooDeep { limit: 7, at },
            format!("the wait at {at} is one too many: 7 on its runtime"),
            "the runtime's `max_blocking_threads`",
        ),
        (
            WaitError::StackExhausted { at },
            format!("the wait at {at} is nested so deeply that its thread has hardly any stack"),
            "give the thread a larger stack",
        ),
        (
            WaitError::RuntimeGone { at },
            format!("the runtime that the wait at {at} rests on is shut down;"),
            "a bridge that is not shut down",
        ),
        (
            WaitError::Forked { at },
            format!("the wait at {at} is in a fork, and the threads of its runtime stayed in"),
            "build a bridge after the fork, and if the fork was made inside a runtime, wait on a new \
             thread",
        ),
        (
            WaitError::NoRuntime { error: system, at },
            format!("the home runtime could not be started for the wait at {at}: no thread;"),
            "or give the bridge a runtime",
        ),
    ] {
        let text = error.to_string();
        assert!(text.starts_with(&start) && text.ends_with(end), "{text}");
        assert_eq!(error.at(), at, "{text}");
    }
}

/// Otherwise `?` does not compile in a function that returns an `io::Result`, or a caller that
/// looks at the kind does the wrong thing.
#[test]
fn each_error_has_its_kind_as_an_error_of_io() {
    let at = Location::caller();
    let left = Leftover::Dropped;
    let system = || io::Error::from(io::ErrorKind::OutOfMemory);
    for (error, kind) in [
        (WaitError::TimedOut { at, left }, io::ErrorKind::TimedOut),
        (
            WaitError::NoRuntime {
                error: system(),
                at,
            },
            system().kind(),
        ),
        (WaitError::RuntimeGone { at }, io::ErrorKind::Other),
    ] {
        let text = error.to_string();
        let error = io::Error::from(error);
        assert_eq!((error.kind(), error.to_string()), (kind, text));
    }
}

/// Otherwise the caller repeats what has been done, or believes to have lost what it has.
#[test]
fn each_leftover_says_what_became_of_the_work() {
    for (left, text) in [
        (Leftover::Dropped, "the future was dropped"),
        (Leftover::Kept, "is kept"),
        (Leftover::NotStarted, "had not started and never will"),
        (Leftover::Running, "had started and runs on to its end"),
        (Leftover::Finished, "ended as the limit passed"),
    ] {
        assert!(left.explained().contains(text), "{left:?}");
    }
}

/// Otherwise a caller with an `io::Error` can't find out what became of the work.
#[test]
fn an_error_of_io_holds_the_error_of_the_wait() {
    let (at, left) = (Location::caller(), Leftover::Kept);
    let error = io::Error::from(WaitError::TimedOut { at, left });
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let kept = Leftover::Kept;
    assert!(
        matches!(inner, Some(WaitError::TimedOut { left, .. }) if *left == kept),
        "{error:?}"
    );
}

/// Otherwise the caller is advised to repeat work that goes on, or to lose what it has.
#[test]
fn each_leftover_says_what_to_do() {
    for (left, advice) in [
        (
            Leftover::Dropped,
            "allow it more time, or wait on `&mut future` to keep it",
        ),
        (Leftover::Kept, "wait for it again, or drop it"),
        (
            Leftover::NotStarted,
            "allow it more time, or offload less at a time",
        ),
        (
            Leftover::Running,
            "allow it more time, or let it ask `bridge::offload::cancelled()`",
        ),
        (
            Leftover::Finished,
            "its result was dropped; allow it more time",
        ),
    ] {
        assert!(left.explained().ends_with(advice), "{left:?}");
    }
}
