//! The meaning of a panic in a waited future.

use std::{any::Any, io, panic::resume_unwind};

use tokio::runtime::is_rt_shutdown_err;

use super::request::WaitContext;
use crate::{WaitError, runtime::end};

/// Returns [`WaitError::RuntimeGone`] if the panic says that the wait's runtime has
/// ended. Resumes every other panic.
///
/// A timer panics if its runtime has ended. The runtime of this wait may end after the
/// watchdog last looked. Then the panic says no more than the error.
#[cold]
pub(super) fn panicked(payload: Box<dyn Any + Send>, context: &WaitContext<'_>) -> WaitError {
    let text = (payload.downcast_ref::<String>().cloned())
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    let is_timers = text.is_some_and(|text| is_rt_shutdown_err(&io::Error::other(text)));
    if is_timers && end::watch(context.runtime).has_runtime_ended() {
        return WaitError::RuntimeGone { at: context.at() };
    }
    resume_unwind(payload)
}
