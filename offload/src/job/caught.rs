//! Runs user code (wakers, destructors, reports) and catches its panics.
//!
//! A panic of user code must not unwind into the pool, because it would end a worker.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    task::Waker,
};

use super::ambient::Ambient;
use crate::vocabulary::{
    error::{OffloadError, Panic},
    name::PoolName,
};

/// Wakes the task, and catches a panic of the waker.
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker
        && let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake()))
    {
        drop_payload(payload);
    }
}

/// Drops a value that a job left, and catches a panic of its destructor.
///
/// Otherwise that panic would keep the callers of other jobs from being told.
pub(crate) fn drop_caught<T>(value: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        drop_payload(payload);
    }
}

/// Drops the context of a job that was offloaded at `at`, and returns the job's result. A panic of
/// the context's destructor takes the place of the value.
#[cold]
pub(super) fn drop_context<T, C>(
    context: C,
    result: Result<T, OffloadError>,
    at: &'static Location<'static>,
) -> Result<T, OffloadError> {
    match (catch_unwind(AssertUnwindSafe(|| drop(context))), result) {
        (Ok(()), result) => result,
        (Err(payload), Ok(value)) => {
            drop_caught(value);
            Err(OffloadError::Panicked(Panic::new(payload, at)))
        }
        (Err(payload), Err(error)) => {
            drop_payload(payload);
            Err(error)
        }
    }
}

/// Drops the payload of a panic. If its destructor panics too, that payload is leaked.
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(payload);
    }
}

/// Reports a detached job inside its surroundings and its context. If that code of the
/// user's panics before the report, the report is made outside.
#[cold]
pub(super) fn report_lost_inside<A: Ambient>(
    (ambient, context): (&A, Option<&A::Context>),
    pool: &PoolName,
    at: &'static Location<'static>,
    why: &OffloadError,
) {
    let mut is_reported = false;
    let report = || {
        is_reported = true;
        report_lost::<A>(pool, at, why);
    };
    let entered = catch_unwind(AssertUnwindSafe(|| ambient.enter(context, report)));
    if let Err(payload) = entered {
        drop_payload(payload);
    }
    if !is_reported {
        report_lost::<A>(pool, at, why);
    }
}

/// Returns the report about a detached job that will not run. The report drops the job's
/// surroundings and its context.
#[cold]
pub(super) fn lost_report<A: Ambient>(
    ambient: A,
    context: Option<A::Context>,
    at: &'static Location<'static>,
    why: OffloadError,
) -> Box<dyn FnOnce() + Send> {
    Box::new(move || {
        let pool = why.pool().cloned().unwrap_or_default();
        report_lost_inside((&ambient, context.as_ref()), &pool, at, &why);
        drop_caught(context);
        drop_caught(ambient);
    })
}

/// Reports a detached job of `pool` that failed, because nobody awaits it.
#[cold]
pub(super) fn report_lost<A: Ambient>(
    pool: &PoolName,
    at: &'static Location<'static>,
    why: &OffloadError,
) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| A::lost(pool, at, why))) {
        drop_payload(payload);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;

    use super::*;

    /// Otherwise that panic unwinds through the poll of a caller that asked for an outcome.
    #[test]
    fn a_value_whose_drop_panics_after_that_of_the_context_is_caught() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                resume_unwind(Box::new("bomb"));
            }
        }
        let outcome = drop_context(Bomb, Ok(Bomb), Location::caller());
        assert!(matches!(outcome, Err(OffloadError::Panicked(_))));
    }
}
