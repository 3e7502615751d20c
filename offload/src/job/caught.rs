//! Others' code that must not unwind into the pool: wakers, destructors, reports.

use std::{
    any::Any,
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    task::Waker,
};

use crate::{Ambient, OffloadError};

/// Wakes, and survives a waker that panics: the thread is the pool's.
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker
        && let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake()))
    {
        drop_payload(payload);
    }
}

/// Drops what is a job's: its panic must not keep the others from being told.
pub(crate) fn drop_caught<T>(of_job: T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(of_job))) {
        drop_payload(payload);
    }
}

/// Drops a payload, whose destructor may panic in turn; then it is leaked.
pub(crate) fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(payload);
    }
}

/// Reports a job that nobody awaits.
#[cold]
pub(crate) fn report_lost<A: Ambient>(at: &'static Location<'static>, why: &OffloadError) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| A::lost(at, why))) {
        drop_payload(payload);
    }
}
