//! The wait of a thread that is not plain: makes its plan, and carries the plan out.
//!
//! Each way to wait is a separate function or closure. An unoptimised build reserves stack
//! for every branch of a function, whichever is taken, and waits nest on a stack of 2 MiB.

use detect::{RuntimeLookup, probe::blocking::block_unless_in_set, waiting_task};
use offload_pool::stack;
use tokio::runtime::Handle;

use super::{
    block_on::{PinnedSlot, block_on, frozen::block_on_frozen, root::block_on_root},
    facts::{self, ThisThread},
    freeze,
    hand_over::hand_over,
    plan::{self, Plan, PlanError, Way},
    request::{BeforePark, Freezes, Request, WaitContext},
};
use crate::WaitError;

/// Plans the wait, and carries the plan out.
#[inline(never)]
pub(super) fn planned<F: Future>(
    request: &Request<'_>,
    lookup: RuntimeLookup,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    if stack::is_nearly_used_up() {
        return Err(WaitError::StackExhausted { at: request.at });
    }
    let plan = plan_here(request, lookup);
    let _task_id = waiting_task::note();
    // The match borrows the plan, because moving the plan out takes a fifth of the time
    // of a wait in blocking code.
    match &plan {
        Ok(Plan::Inside(runtime, Way::InBlockingCode)) => {
            inside(request, runtime.as_ref(), |mut context| {
                context.before_park = BeforePark::AskTokio;
                block_on(&context, slot)
            })
        }
        Ok(Plan::Inside(runtime, Way::InRoot)) => inside(request, runtime.as_ref(), |context| {
            block_on_root(&context, slot)
        }),
        Ok(Plan::Inside(runtime, Way::LeavePoll)) => {
            leave_poll(request, runtime.as_ref(), Freezes::Nothing, slot)
        }
        Ok(Plan::Inside(runtime, Way::LeaveCorelessWorker)) => {
            leave_poll(request, runtime.as_ref(), Freezes::PerhapsLocalSet, slot)
        }
        Ok(Plan::HandOver(own)) => handed_over(request, own, slot),
        Err(PlanError::WouldFreeze) if request.may_freeze() => frozen(request, slot),
        Err(error) => Err(refused(request, *error)),
    }
}

#[inline]
fn plan_here(request: &Request<'_>, lookup: RuntimeLookup) -> Result<Plan<Handle>, PlanError> {
    let (place, reachable) = lookup.place();
    plan::plan(place, &ThisThread::new(request.bridge, reachable))
}

/// Calls `wait` inside `runtime`, which is reachable here, or inside home, which this enters.
#[inline]
fn inside<T>(
    request: &Request<'_>,
    runtime: Option<&Handle>,
    wait: impl FnOnce(WaitContext<'_>) -> Result<T, WaitError>,
) -> Result<T, WaitError> {
    match runtime {
        Some(runtime) => wait(WaitContext::new(request, runtime)),
        None => inside_home(request, wait),
    }
}

#[inline]
fn inside_home<T>(
    request: &Request<'_>,
    wait: impl FnOnce(WaitContext<'_>) -> Result<T, WaitError>,
) -> Result<T, WaitError> {
    let home = request.bridge.home(request.at)?;
    let _entered = home.enter();
    wait(WaitContext::new(request, home))
}

/// Polls the future only after leaving the current poll by `block_in_place`.
fn leave_poll<F: Future>(
    request: &Request<'_>,
    runtime: Option<&Handle>,
    freezes: Freezes,
    mut slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let body = || {
        inside(request, runtime, |mut context| {
            context.freezes = freezes;
            block_on(&context, slot.as_mut())
        })
    };
    block_unless_in_set(body).unwrap_or_else(|| frozen_if_allowed(request, slot))
}

/// Hands the other tasks of this worker over, then waits. `own` is the worker's runtime.
fn handed_over<F: Future>(
    request: &Request<'_>,
    own: &Handle,
    mut slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    // Inside a frozen wait, home is the reachable runtime. So `own` may be home, and home
    // cannot take over this worker's tasks.
    if freeze::is_allowed_here() {
        return frozen(request, slot);
    }
    let body = || {
        waiting_task::note_hand_over();
        block_on(&WaitContext::new(request, own), slot.as_mut())
    };
    hand_over(own, request.bridge.max_nested_waits(), request.at, body)
        .unwrap_or_else(|| frozen_if_allowed(request, slot))
}

/// Waits inside the current poll if the request may freeze it. Tokio has not let this
/// thread leave the poll.
#[cold]
#[inline(never)]
fn frozen_if_allowed<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    if request.may_freeze() {
        return frozen(request, slot);
    }
    Err(request.would_freeze())
}

/// Waits inside the current poll, whose executor this freezes. Home is entered.
#[cold]
#[inline(never)]
fn frozen<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    inside_home(request, |context| block_on_frozen(&context, slot))
}

#[cold]
fn refused(request: &Request<'_>, error: PlanError) -> WaitError {
    let at = request.at;
    match error {
        // This is a worker of a runtime whose other threads are in the parent process.
        PlanError::WouldFreeze if facts::is_runtime_left_behind(request.bridge) => {
            WaitError::Forked { at }
        }
        PlanError::WouldFreeze => request.would_freeze(),
        PlanError::ThreadEnding => WaitError::ThreadEnding { at },
    }
}
