//! Carries out the plan of a wait: enters the runtime, and polls the future there.
//!
//! Each way to wait is a separate function. An unoptimised build reserves stack for
//! every branch of a function, whichever is taken, and waits nest on a stack of 2 MiB.

use detect::{Place, RuntimeLookup, probe::blocking::block_unless_in_set, waiting_task};
use offload_pool::stack;
use tokio::runtime::Handle;

use super::{
    block_on::block_on,
    block_on_frozen::block_on_frozen,
    block_on_root::block_on_root,
    context::{PinnedSlot, WaitContext},
    facts::{self, ThisThread},
    freeze,
    hand_over::hand_over,
    plan::{self, BlockCheck, Plan, PlanError},
    request::Request,
};
use crate::WaitError;

/// Runs the future in `slot` to its end on this thread.
///
/// # Errors
///
/// Returns why this thread must not wait, or why the wait ended before the future was
/// ready.
#[inline]
pub(super) fn run<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    match RuntimeLookup::current() {
        RuntimeLookup::Nothing(Place::Thread) => on_plain_thread(request, slot),
        lookup => planned(request, lookup, slot),
    }
}

/// Fast path: a plain thread needs no plan. This saves a tenth of the instructions of
/// a wait for a ready future.
///
/// It repeats a part of [`inside_home`], because the compiler inlines a function that
/// has only one caller.
#[inline]
fn on_plain_thread<F: Future>(
    request: &Request<'_>,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    // A given runtime may have ended. Then the watchdog ends the wait.
    let home = request.bridge.home(request.at)?;
    let _entered = home.enter();
    block_on(&context(request, home, BlockCheck::NotNeeded), slot)
}

/// Plans the wait, and carries the plan out.
#[inline(never)]
fn planned<F: Future>(
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
        Ok(Plan::Inside(
            runtime,
            check @ (BlockCheck::BeforeFirstPoll | BlockCheck::OnCorelessWorker),
        )) => leave_poll_first(request, runtime.as_ref(), *check, slot),
        Ok(Plan::Inside(Some(runtime), check)) => inside(request, runtime, *check, slot),
        Ok(Plan::Inside(None, check)) => inside_home(request, *check, slot),
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

#[inline]
fn context<'a>(
    request: &'a Request<'a>,
    runtime: &'a Handle,
    check: BlockCheck,
) -> WaitContext<'a> {
    WaitContext {
        request,
        runtime,
        check,
    }
}

/// Waits inside `runtime`, which is entered.
#[inline]
fn inside<F: Future>(
    request: &Request<'_>,
    runtime: &Handle,
    check: BlockCheck,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let context = context(request, runtime, check);
    if check == BlockCheck::AfterFirstPoll {
        return block_on_root(&context, slot);
    }
    block_on(&context, slot)
}

#[inline]
fn inside_home<F: Future>(
    request: &Request<'_>,
    check: BlockCheck,
    slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let home = request.bridge.home(request.at)?;
    let _entered = home.enter();
    inside(request, home, check, slot)
}

/// Polls the future only after leaving the current poll by `block_in_place`.
fn leave_poll_first<F: Future>(
    request: &Request<'_>,
    runtime: Option<&Handle>,
    check: BlockCheck,
    mut slot: PinnedSlot<'_, F>,
) -> Result<F::Output, WaitError> {
    let body = || match runtime {
        Some(runtime) => inside(request, runtime, check, slot.as_mut()),
        None => inside_home(request, check, slot.as_mut()),
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
    // cannot take over this worker's tasks. A request that is frozen itself is left out,
    // because for it `is_allowed_here` is always true.
    if !request.is_frozen && freeze::is_allowed_here() {
        return frozen(request, slot);
    }
    let body = || {
        waiting_task::note_hand_over();
        block_on(&context(request, own, BlockCheck::NotNeeded), slot.as_mut())
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
    let home = request.bridge.home(request.at)?;
    let _entered = home.enter();
    block_on_frozen(&context(request, home, BlockCheck::Frozen), slot)
}

#[cold]
fn refused(request: &Request<'_>, error: PlanError) -> WaitError {
    let at = request.at;
    match error {
        // This is a worker of a runtime whose other threads are in the parent process.
        PlanError::WouldFreeze if facts::is_runtime_left_behind() => WaitError::Forked { at },
        PlanError::WouldFreeze => request.would_freeze(),
        PlanError::ThreadEnding => WaitError::ThreadEnding { at },
    }
}
