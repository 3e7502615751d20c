//! Whether a coop budget is in force. If so, this thread is inside a poll.
//!
//! Tokio gives a budget of operations to every poll that it makes, and takes it away
//! for what blocks: `spawn_blocking` and `block_in_place`. No public function says
//! whether a budget is in force, but two experiments show it. Both rest on documented
//! behaviour alone. A guard of [`coop::poll_proceed`] that saw no progress restores,
//! when it drops, the budget "as it was before". [`coop::unconstrained`] leaves the
//! budget as it found it.
//!
//! * `probe_by_exhausting` uses up the budget, if there is one. A budget runs dry
//!   within 128 operations. Without a budget that never happens. This takes about
//!   45 ns. When the budget runs dry, the thread keeps the guard of the last
//!   operation, which remembers a budget of one.
//! * `probe_with_guard` uses such a kept guard and takes about 5 ns. It first makes
//!   another guard, the *memory*, which remembers the budget in force here, if any. Then
//!   it drops the kept guard, which puts a budget of one in force, and uses that up.
//!   Then it drops the memory. If the memory restores a budget, operations are left
//!   again. If there was no budget, the memory restores nothing, and none are left.
//!
//! Both leave the budget as it was. The probe runs only on threads that are no worker
//! (see [`Place`](crate::Place)). There a dry budget wakes its waker at once, and the
//! waker does nothing.

use std::{
    cell::Cell,
    future::poll_fn,
    mem::ManuallyDrop,
    panic::catch_unwind,
    pin::pin,
    task::{Context, Poll, Waker},
};

use tokio::task::{
    LocalSet,
    coop::{self, RestoreOnPending},
};

/// The most operations that a coop budget allows.
const BUDGET: usize = 128;

/// The guard of a budget's last operation: it remembers a budget of one.
///
/// Only this module drops it, because its drop sets the budget that is in force at
/// that moment.
type LastOperation = ManuallyDrop<RestoreOnPending>;

thread_local! {
    /// The guard that this thread keeps for `probe_with_guard`.
    static KEPT: Cell<Option<LastOperation>> = const { Cell::new(None) };
}

/// Makes later looks on this thread cheaper where a runtime is reachable.
///
/// A thread that has been a root of `block_on` tells blocking code from a poll in a
/// third of the time that another thread takes. This function gives any thread the
/// same advantage for its whole life. It polls an empty task, which takes some
/// hundred nanoseconds and a few allocations. That pays at the start of a thread that
/// will wait often, such as a pool's thread.
///
/// It changes no answer. It does nothing on a thread that has the advantage already,
/// and on a thread that is ending.
///
/// ```
/// use bridge_detect::{Context, warm_up};
///
/// let runtime = tokio::runtime::Builder::new_multi_thread()
///     .on_thread_start(warm_up)
///     .build()?;
/// let offloaded = runtime.spawn_blocking(Context::current);
/// assert_eq!(runtime.block_on(offloaded).unwrap(), Context::Blocking);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn warm_up() {
    if let Some(last) = KEPT.take() {
        KEPT.set(Some(last));
        return;
    }
    // Where Tokio's own thread-local of local sets is gone, this panics.
    let _ending = catch_unwind(|| {
        let set = LocalSet::new();
        set.spawn_local(async { keep_last_operation() });
        let _ = pin!(set).poll(&mut Context::from_waker(Waker::noop()));
    });
}

/// Puts a budget of one operation in force.
///
/// A root of `block_on` that had used up its budget before a `block_in_place` has no
/// budget afterwards, so it would look like blocking code. A budget with operations
/// left needs no renewal: a guard of [`coop::poll_proceed`] restores it.
pub fn renew_budget() {
    warm_up();
    // The drop puts the budget in force that the guard remembers.
    drop(KEPT.take().map(ManuallyDrop::into_inner));
}

/// Returns whether this thread is inside a poll that Tokio budgets.
pub(crate) fn budget_in_force() -> bool {
    if let Some(in_force) = KEPT.take().and_then(probe_with_guard) {
        return in_force;
    }
    let in_force = probe_by_exhausting();
    if in_force {
        keep_last_operation();
    }
    in_force
}

/// Returns whether a budget is in force, found out with the kept guard. Keeps a new guard
/// in its place. Returns `None` if a guard did not do what Tokio documents.
#[inline]
fn probe_with_guard(last: LastOperation) -> Option<bool> {
    let mut cx = Context::from_waker(Waker::noop());
    let (Poll::Ready(_restore), Poll::Ready(memory)) =
        (coop::poll_proceed(&mut cx), coop::poll_proceed(&mut cx))
    else {
        // Only a budget runs dry.
        KEPT.set(Some(last));
        return Some(true);
    };
    let mut guards = Some((ManuallyDrop::into_inner(last), memory));
    let experiment = coop::unconstrained(poll_fn(|cx| {
        let Some((before_last, memory)) = guards.take() else {
            return Poll::Pending;
        };
        drop(before_last);
        let Poll::Ready(last) = coop::poll_proceed(cx) else {
            return Poll::Pending;
        };
        if coop::has_budget_remaining() {
            return Poll::Pending;
        }
        KEPT.set(Some(ManuallyDrop::new(last)));
        drop(memory);
        Poll::Ready(coop::has_budget_remaining())
    }));
    match pin!(experiment).poll(&mut cx) {
        Poll::Ready(in_force) => Some(in_force),
        Poll::Pending => None,
    }
}

/// Returns whether a budget is in force, found out by using it up.
///
/// The loop is in a separate function, so that the compiler looks up Tokio's
/// thread-local once.
#[inline(never)]
fn probe_by_exhausting() -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(_restore) = coop::poll_proceed(&mut cx) else {
        return true;
    };
    for _ in 0..BUDGET {
        match coop::poll_proceed(&mut cx) {
            Poll::Ready(operation) => operation.made_progress(),
            Poll::Pending => return true,
        }
    }
    false
}

/// Uses up the budget in force, keeps the guard of its last operation, and restores the
/// budget.
///
/// This is a separate function, because `probe_by_exhausting` would take five times as
/// long if it held guards.
#[cold]
fn keep_last_operation() {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(_restore) = coop::poll_proceed(&mut cx) else {
        return;
    };
    let mut last: Option<RestoreOnPending> = None;
    for _ in 0..BUDGET {
        let Poll::Ready(operation) = coop::poll_proceed(&mut cx) else {
            KEPT.set(last.map(ManuallyDrop::new));
            return;
        };
        if let Some(before) = last.replace(operation) {
            before.made_progress();
        }
    }
}
