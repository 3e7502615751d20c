//! The check before the first park of a wait in blocking code: does Tokio let this thread
//! block?

use detect::probe::blocking::block_if_allowed;

use super::request::{BeforePark, WaitContext};
use crate::WaitError;

/// Asks Tokio whether this thread may block, if the plan puts that question before the first
/// park.
///
/// Tokio refuses if the thread polls a `LocalSet` after all, which a wait or an
/// `unconstrained` has hidden. If Tokio allows blocking, the wait goes on outside the
/// `block_in_place` that asked. Parking inside it would take more of the stack, on which
/// the pool may still run jobs.
#[inline]
pub(super) fn check_before_park(context: &WaitContext<'_>) -> Result<(), WaitError> {
    match context.before_park {
        BeforePark::NoCheck => Ok(()),
        BeforePark::AskTokio => ask_tokio(context),
    }
}

#[cold]
fn ask_tokio(context: &WaitContext<'_>) -> Result<(), WaitError> {
    if !context.request.may_freeze() && block_if_allowed(|| ()).is_none() {
        return Err(context.request.would_freeze());
    }
    Ok(())
}
