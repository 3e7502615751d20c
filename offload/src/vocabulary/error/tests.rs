//! Checks what the errors say. Otherwise a user acts on a wrong reason, or on none.

use std::panic::{catch_unwind, panic_any};

use super::*;

/// Checks a whole text, so that no part of it can get lost.
#[track_caller]
fn says(error: &dyn fmt::Display, text: &str) {
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_builder_is_told_the_setting_and_its_limit() {
    says(&BuildError::zero("spin"), "`spin` is zero; it must be more");
    says(
        &BuildError::too_large("spin", 7),
        "`spin` is too large; it must be at most 7",
    );
    says(
        &BuildError::ThreadName,
        "the name has a NUL in it, which no thread's name can have",
    );
    says(
        &BuildError::GlobalInUse,
        "the global bridge is in use already; install yours before anything else runs",
    );
    says(
        &BuildError::CurrentThreadHome,
        "`runtime` is a current-thread runtime, which nobody may be driving while a thread waits; \
         give a multi-thread one",
    );
}

#[test]
fn a_caller_that_is_refused_is_told_why() {
    let pool = PoolName::new("db");
    says(
        &Rejected::Full {
            closure: (),
            pool: pool.clone(),
        },
        "the queue of the pool `db` is full; try again later, or `.await` the closure's call to \
         wait for room",
    );
    says(
        &Rejected::ShutDown {
            closure: (),
            pool: pool.clone(),
        },
        "the pool `db` takes no further job: it is shut down, or the parent process of this fork \
         has built it; submit before the shutdown, or build a pool after the fork",
    );
    says(
        &Rejected::TimedOut { closure: (), pool },
        "the queue of the pool `db` had no room within the limit",
    );
}

#[test]
fn a_caller_without_a_result_is_told_why() {
    let (at, pool) = (Location::caller(), PoolName::new("db"));
    let offloaded = format!("the closure offloaded at {at}");
    says(
        &OffloadError::shut_down(at, Some(&pool)),
        &format!(
            "{offloaded} did not finish: the pool `db` was shut down; offload before the \
             shutdown, or allow it more time"
        ),
    );
    says(
        &OffloadError::Cancelled { at },
        &format!("{offloaded} was withdrawn before it started"),
    );
    says(
        &OffloadError::NoThread {
            at,
            error: io::ErrorKind::OutOfMemory,
            pool: pool.clone(),
        },
        &format!(
            "{offloaded} did not run: the pool `db` has no thread that could run it, and none \
             could be started (out of memory); raise the system's limit on threads"
        ),
    );
    says(
        &OffloadError::Forked { at, pool },
        &format!(
            "{offloaded} did not run: this process is a fork, and the threads of the pool `db` \
             stayed in its parent; build a pool after the fork"
        ),
    );
}

/// Otherwise the message of a formatted panic is lost.
#[test]
fn the_message_of_a_panic_is_told_whatever_its_type() {
    let seven = Location::caller().line().min(7);
    for (panic, text) in [
        (catch_unwind(|| panic!("fixed")).unwrap_err(), "fixed"),
        (
            catch_unwind(|| panic!("made of {seven}")).unwrap_err(),
            "made of 7",
        ),
        (
            catch_unwind(|| panic_any(7_u8)).unwrap_err(),
            "a payload that is no text",
        ),
    ] {
        let at = Location::caller();
        let error = OffloadError::Panicked(Panic::new(panic, at));
        says(
            &error,
            &format!("the closure offloaded at {at} panicked: {text}"),
        );
        assert_eq!(error.at(), at);
    }
}

/// Otherwise `?` does not compile in a function that returns an `io::Result`, or a caller that
/// looks at the kind does the wrong thing.
#[test]
fn each_error_has_its_kind_as_an_error_of_io() {
    let (at, pool) = (Location::caller(), PoolName::new("db"));
    let error = io::ErrorKind::OutOfMemory;
    let no_thread = OffloadError::NoThread {
        at,
        error,
        pool: pool.clone(),
    };
    let full = Rejected::Full {
        closure: std::cell::Cell::new(0),
        pool: pool.clone(),
    };
    let timed_out = Rejected::TimedOut {
        closure: (),
        pool: pool.clone(),
    };
    let shut_down = Rejected::ShutDown { closure: (), pool };
    let errors: [(io::Error, io::ErrorKind); 6] = [
        (no_thread.into(), error),
        (OffloadError::Cancelled { at }.into(), io::ErrorKind::Other),
        (BuildError::zero("spin").into(), io::ErrorKind::InvalidInput),
        (full.into(), io::ErrorKind::WouldBlock),
        (timed_out.into(), io::ErrorKind::TimedOut),
        (shut_down.into(), io::ErrorKind::Other),
    ];
    for (error, kind) in errors {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.get_ref().is_some(), "the error itself is inside");
    }
}

/// Otherwise an `unwrap` panics with a wrong reason, or with none.
#[test]
fn what_an_unwrap_prints_has_the_reason() {
    let (closure, pool) = ((), PoolName::default());
    for (rejected, text) in [
        (
            Rejected::Full {
                closure,
                pool: pool.clone(),
            },
            "Full(..)",
        ),
        (
            Rejected::ShutDown {
                closure,
                pool: pool.clone(),
            },
            "ShutDown(..)",
        ),
        (Rejected::TimedOut { closure, pool }, "TimedOut(..)"),
    ] {
        assert_eq!(format!("{rejected:?}"), text);
    }
    let panic = Panic::new(Box::new("boom"), Location::caller());
    let error = OffloadError::Panicked(panic);
    assert_eq!(format!("{error:?}"), r#"Panicked(Panic("boom"))"#);
}
