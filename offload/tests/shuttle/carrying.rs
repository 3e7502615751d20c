//! Contexts of jobs amid nesting, lending, callers that leave and shutdowns: each job sees
//! its own, no other job does, and each context is dropped once.

use std::{
    cell::{Cell, RefCell},
    mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use bridge_offload::{Offload, Pool};
use shuttle::{
    rand::{Rng, thread_rng},
    thread,
};

use crate::{
    runner::explore,
    world::{LONG, Size, Watched, World, join_all, try_wait, wait_outside},
};

std::thread_local! {
    static CAPTURED: Cell<usize> = const { Cell::new(0) };
    static DROPPED: Cell<usize> = const { Cell::new(0) };
    static BROKEN: Cell<Option<&'static str>> = const { Cell::new(None) };
}

shuttle::thread_local! {
    /// The number that the code on this thread sees. A job in a context sees the number of
    /// its submitter.
    static SEEN: RefCell<Option<Seen>> = RefCell::new(None);
}

/// A number that code sees, and the pool that a context looks at when it is dropped.
#[derive(Clone)]
struct Seen {
    number: usize,
    pool: Pool<Watched>,
}

/// A context. Its destructor blocks for ever under the pool's lock.
pub(crate) struct Number {
    seen: Seen,
    /// Whether the body of the job runs now.
    is_entered: AtomicBool,
}

/// Captures what this thread sees.
pub(crate) fn capture() -> Option<Number> {
    let seen = SEEN.with(|seen| seen.borrow().clone())?;
    CAPTURED.set(CAPTURED.get() + 1);
    Some(Number {
        seen,
        is_entered: AtomicBool::new(false),
    })
}

/// Shows what a context has captured to `body`. Without a context, `body` sees nothing.
pub(crate) fn enter<R>(context: Option<&Number>, body: impl FnOnce() -> R) -> R {
    let Some(context) = context else {
        return within(None, body);
    };
    within(Some(context.seen.clone()), || {
        context.is_entered.store(true, Ordering::Relaxed);
        let result = catch_unwind(AssertUnwindSafe(body));
        context.is_entered.store(false, Ordering::Relaxed);
        result.unwrap_or_else(|payload| resume_unwind(payload))
    })
}

/// Shows `seen` to `body`, and the same as before to the code behind it. A body may panic.
fn within<R>(seen: Option<Seen>, body: impl FnOnce() -> R) -> R {
    let replace = |seen| SEEN.with(|slot| mem::replace(&mut *slot.borrow_mut(), seen));
    let before = replace(seen);
    let result = catch_unwind(AssertUnwindSafe(body));
    drop(replace(before));
    result.unwrap_or_else(|payload| resume_unwind(payload))
}

impl Drop for Number {
    fn drop(&mut self) {
        let _one_lock = self.seen.pool.metrics();
        let is_entered = self.is_entered.load(Ordering::Relaxed);
        expect(!is_entered, "a context was dropped during its body");
        DROPPED.set(DROPPED.get() + 1);
    }
}

/// Notes a broken rule. The pool catches the panics of bodies and destructors.
fn expect(is_right: bool, rule: &'static str) {
    if !is_right {
        BROKEN.set(Some(rule));
    }
}

/// Resets the notes before an execution.
pub(crate) fn reset() {
    CAPTURED.set(0);
    DROPPED.set(0);
    BROKEN.set(None);
}

/// Checks, at the end of a pool, that each context was dropped once.
pub(crate) fn balance() {
    assert_eq!(DROPPED.get(), CAPTURED.get(), "contexts were not dropped");
    assert_eq!(BROKEN.get(), None);
}

fn number() -> Option<usize> {
    SEEN.with(|seen| seen.borrow().as_ref().map(|seen| seen.number))
}

/// Submits a job in a context of its own, or in none. The job checks that it sees the
/// number, before and behind `body`.
fn start(
    world: &World,
    expected: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> Offload<()> {
    let seen = expected.map(|number| Seen {
        number,
        pool: world.pool.clone(),
    });
    within(seen, || {
        world.start(move || {
            expect(number() == expected, "a job sees another context");
            body();
            expect(number() == expected, "a job has lost its context");
        })
    })
}

/// Nests jobs. Every other level has a context, and each has a sibling with another one.
fn nest(world: &World, from: usize, depth: usize) {
    if depth == 0 {
        return;
    }
    let own = number();
    let sibling = start(world, Some(from + 50), thread::yield_now);
    let inner = world.clone();
    let expected = depth.is_multiple_of(2).then_some(from + depth);
    let below = start(world, expected, move || nest(&inner, from, depth - 1));
    let _value_or_refused = try_wait(below.outcome());
    expect(number() == own, "a wait has changed the context of its job");
    drop(sibling);
}

/// Leaves a job in one of the ways that a caller has.
fn leave(job: Offload<()>) {
    match thread_rng().gen_range(0..4) {
        0 => drop(job),
        1 => job.detach(),
        2 => {
            let _whatever_it_met = job.cancel();
            let _told = wait_outside(job.outcome());
        }
        _ => {
            let _value_or_told = wait_outside(job.outcome());
        }
    }
}

/// Starts threads, each of which submits a job that nests, and leaves it.
fn callers(world: &World) -> Vec<thread::JoinHandle<()>> {
    (1..=2)
        .map(|caller| {
            let world = world.clone();
            thread::spawn(move || {
                let inner = world.clone();
                let body = move || nest(&inner, 100 * caller, 2);
                leave(start(&world, Some(caller), body));
            })
        })
        .collect()
}

/// Otherwise a job runs in the context of another request, or a request's span stays open.
#[test]
fn contexts_amid_callers_that_leave_and_a_shutdown() {
    explore(|| {
        let world = Size {
            may_stall: true,
            ..Size::of(2, 1)
        }
        .build();
        let callers = callers(&world);
        let grace = [Duration::ZERO, Duration::from_millis(1), LONG];
        let grace = grace[thread_rng().gen_range(0..grace.len())];
        let _report = world.pool.shutdown(grace).wait();
        join_all(callers);
        world.balance();
    });
}

/// Otherwise a job that was lent sees the context of its lender, or the lender loses its own.
#[test]
fn contexts_of_jobs_that_are_lent() {
    explore(|| {
        let world = Size::of(1, 1).build();
        join_all(callers(&world));
        world.end();
    });
}

/// Otherwise a worker keeps the context of a job that panicked.
#[test]
fn contexts_of_jobs_that_panic() {
    explore(|| {
        let world = Size::of(2, 1).build();
        let jobs = [Some(1), None, Some(2)].map(|expected| {
            let body = || resume_unwind(Box::new("on purpose"));
            (start(&world, expected, body), start(&world, None, || ()))
        });
        for (panics, behind) in jobs {
            assert!(wait_outside(panics.outcome()).is_err());
            assert!(wait_outside(behind.outcome()).is_ok());
        }
        world.end();
    });
}
