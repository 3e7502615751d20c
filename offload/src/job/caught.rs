//! Runs user code (wakers, destructors, reports) and catches its panics.
//!
//! A panic of user code must not unwind into the pool, because it would end a worker.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    task::Waker,
};

use crate::{Ambient, OffloadError, pool::error::Panic, thread::worker::Worker};

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

/// Drops the context of a job whose result is about to be seen. A panic of its destructor
/// takes the place of the value.
#[inline]
pub(super) fn after<T, C>(
    context: Option<C>,
    result: Result<T, OffloadError>,
) -> Result<T, OffloadError> {
    let Some(context) = context else {
        return result;
    };
    match (catch_unwind(AssertUnwindSafe(|| drop(context))), result) {
        (Ok(()), result) => result,
        (Err(payload), Ok(value)) => {
            drop_caught(value);
            Err(OffloadError::Panicked(Panic::new(payload)))
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

/// Reports a detached job that failed, because nobody awaits it.
#[cold]
pub(crate) fn report_lost<A: Ambient>(at: &'static Location<'static>, why: &OffloadError) {
    // A closure that panicked did so on a worker of its pool, which is this thread.
    let pool = why.pool().cloned().unwrap_or_else(Worker::pool_name);
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| A::lost(&pool, at, why))) {
        drop_payload(payload);
    }
}
