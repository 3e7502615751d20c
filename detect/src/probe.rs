//! Is a coop budget in force? Then this is a poll.
//!
//! Tokio gives every poll that it makes a budget of operations, and takes it
//! away for what blocks: `spawn_blocking`, `block_in_place`. No public function
//! says whether there is one, but two experiments show it. Both rest on
//! documented behaviour alone: a guard of [`coop::poll_proceed`] which saw no
//! progress restores, when it is dropped, the budget "as it was before", and
//! [`coop::unconstrained`] leaves the budget as it found it.
//!
//! * [`spend`]: a budget runs dry within [`BUDGET`] operations, its absence
//!   never does. About 45 ns. When it does, the thread keeps the guard of a
//!   last operation, which remembers a budget of one.
//! * [`ask`]: where such a guard is kept, lay a budget of one over what is
//!   there, use it up, and let a guard of before restore what it remembers. If
//!   that was a budget, operations are left again; if it was none, it restores
//!   nothing and none are left. About 5 ns.
//!
//! Either leaves the budget as it was. The probe is used only where no worker
//! is (see [`Place`](crate::Place)), so a waker that a dry budget would hand to
//! a scheduler is woken on the spot, and is a no-op.

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

/// How many operations a coop budget allows at most.
const BUDGET: usize = 128;

/// A guard that remembers a budget of one operation. Never dropped unasked: its
/// drop would set the budget of whatever the thread is doing by then.
type One = ManuallyDrop<RestoreOnPending>;

thread_local! {
    static ONE: Cell<Option<One>> = const { Cell::new(None) };
}

/// Makes later looks on this thread cheaper where a runtime is reachable.
///
/// A thread that has been a root of `block_on` tells blocking code from a poll
/// in a third of the time that another takes. This makes any thread such a one,
/// once and for all, by polling an empty task: some hundred nanoseconds and a
/// few allocations, worth it at the start of a thread that will wait or be
/// asked often, as those of a pool. It changes no answer, and does nothing on a
/// thread that is such a one, or where it can't be made one because it is ending.
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
    if let Some(one) = ONE.take() {
        ONE.set(Some(one));
        return;
    }
    // Where Tokio's own thread-local of local sets is gone, that is a panic.
    let _ending = catch_unwind(|| {
        let set = LocalSet::new();
        set.spawn_local(async { keep_one() });
        let _ = pin!(set).poll(&mut Context::from_waker(Waker::noop()));
    });
}

/// Puts a budget of one operation in force.
///
/// For the bridge's own crates, in a root of `block_on` that had used up its
/// budget before a `block_in_place`: Tokio leaves it without one, so that it
/// would be taken for blocking code. One with operations left is restored by a
/// guard of [`coop::poll_proceed`].
pub fn renew_budget() {
    warm_up();
    // What it remembers is put in force.
    drop(ONE.take().map(ManuallyDrop::into_inner));
}

/// Whether this thread is inside a poll that Tokio budgets.
pub(crate) fn budget_in_force() -> bool {
    if let Some(in_force) = ONE.take().and_then(ask) {
        return in_force;
    }
    let in_force = spend();
    if in_force {
        keep_one();
    }
    in_force
}

/// Tells by a kept guard, and keeps its successor. `None` if the guard did not
/// do what is documented.
#[inline]
fn ask(one: One) -> Option<bool> {
    let mut cx = Context::from_waker(Waker::noop());
    let (Poll::Ready(_restore), Poll::Ready(memory)) =
        (coop::poll_proceed(&mut cx), coop::poll_proceed(&mut cx))
    else {
        ONE.set(Some(one));
        return Some(true);
    };
    let mut guards = Some((ManuallyDrop::into_inner(one), memory));
    let experiment = coop::unconstrained(poll_fn(|cx| {
        let Some((one, memory)) = guards.take() else {
            return Poll::Pending;
        };
        drop(one);
        let Poll::Ready(last) = coop::poll_proceed(cx) else {
            return Poll::Pending;
        };
        if coop::has_budget_remaining() {
            return Poll::Pending;
        }
        ONE.set(Some(ManuallyDrop::new(last)));
        drop(memory);
        Poll::Ready(coop::has_budget_remaining())
    }));
    match pin!(experiment).poll(&mut cx) {
        Poll::Ready(in_force) => Some(in_force),
        Poll::Pending => None,
    }
}

/// Tells by using up what there is. A loop without a call in it, in a function
/// of its own, so that the thread local behind it is found once.
#[inline(never)]
fn spend() -> bool {
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

/// Keeps the guard of a budget's last operation. Once a thread, and apart from
/// [`spend`], which holding a guard would make five times as slow.
#[cold]
fn keep_one() {
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(_restore) = coop::poll_proceed(&mut cx) else {
        return;
    };
    let mut last: Option<RestoreOnPending> = None;
    for _ in 0..BUDGET {
        let Poll::Ready(operation) = coop::poll_proceed(&mut cx) else {
            ONE.set(last.map(ManuallyDrop::new));
            return;
        };
        if let Some(before) = last.replace(operation) {
            before.made_progress();
        }
    }
}
