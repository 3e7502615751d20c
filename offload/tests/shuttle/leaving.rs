//! Callers that leave, and jobs that panic: a job runs once, or its caller is told.

use std::{
    panic::resume_unwind,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bridge_offload::{Cancelled, OffloadError, cancelled};
use futures::future::join;
use shuttle::{
    rand::{Rng, thread_rng},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    runner::explore,
    world::{Refused, Size, World, join_all, moment, try_wait, wait, wait_outside},
};

/// Submits jobs, and cancels, drops, detaches or awaits each of them.
fn storm(world: &World, count: usize) {
    for _ in 0..count {
        let ran = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&ran);
        let task = world.leaf(move || own.fetch_add(1, Ordering::Relaxed));
        match thread_rng().gen_range(0..4) {
            0 => drop(task),
            1 => task.detach(),
            2 => match task.cancel() {
                Cancelled::Withdrawn => {
                    let outcome = wait_outside(task.outcome());
                    assert!(matches!(outcome, Err(OffloadError::Cancelled { .. })));
                    assert_eq!(ran.load(Ordering::Relaxed), 0, "ran, though withdrawn");
                }
                Cancelled::Running | Cancelled::Finished => assert_eq!(wait_outside(task), 0),
            },
            _ => {
                assert_eq!(wait_outside(task), 0);
                assert_eq!(ran.load(Ordering::Relaxed), 1);
            }
        }
    }
}

#[test]
fn a_storm_of_callers_that_leave() {
    explore(|| {
        let world = Size::of(2, 1).build();
        let others = [(); 2].map(|()| {
            let world = world.clone();
            thread::spawn(move || storm(&world, 3))
        });
        storm(&world, 2);
        join_all(others);
        world.end();
    });
}

/// Otherwise a job is lost or runs twice that is withdrawn in the queue, while it is
/// lent, or while it runs.
#[test]
fn a_parent_that_leaves_its_descendants() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let inner = world.clone();
        let parent = world.start(move || {
            let mut left = Box::pin(inner.run(|| 1));
            let mut cx = Context::from_waker(Waker::noop());
            if left.as_mut().poll(&mut cx).is_pending() {
                let kept = wait(join(moment(), inner.run(|| 2)));
                drop(left);
                return kept.map(|((), kept)| kept.unwrap());
            }
            Ok(2)
        });
        let leaf = world.leaf(|| 3);
        assert!(matches!(wait_outside(parent), Ok(2) | Err(Refused)));
        assert_eq!(wait_outside(leaf), 3);
        world.end();
    });
}

/// Otherwise a job is lost that another thread cancels. Its entry may be with the lender,
/// or given back.
#[test]
fn a_job_cancelled_while_it_is_lent() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let inner = world.clone();
        let parent = world.start(move || {
            let child = Arc::new(inner.start(|| 1).into_shared());
            let other = Arc::clone(&child);
            let canceller = thread::spawn(move || other.cancel());
            let outcome = try_wait(SharedTask(child));
            let _whatever_it_met = canceller.join().unwrap();
            outcome
        });
        match wait_outside(parent) {
            Ok(Ok(1) | Err(OffloadError::Cancelled { .. })) | Err(Refused) => {}
            other => panic!("{other:?}"),
        }
        world.end();
    });
}

/// An offload that one thread polls and another cancels.
struct Shared<T>(shuttle::sync::Mutex<bridge_offload::Offload<T>>);

trait IntoShared<T> {
    fn into_shared(self) -> Shared<T>;
}

impl<T> IntoShared<T> for bridge_offload::Offload<T> {
    fn into_shared(self) -> Shared<T> {
        Shared(shuttle::sync::Mutex::new(self))
    }
}

impl<T: Send + 'static> Shared<T> {
    fn cancel(&self) -> Cancelled {
        crate::world::hold(&self.0).cancel()
    }
}

struct SharedTask<T>(Arc<Shared<T>>);

impl<T: Send + 'static> Future for SharedTask<T> {
    type Output = Result<T, OffloadError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        crate::world::hold(&self.0.0).poll_outcome(cx)
    }
}

#[test]
fn jobs_that_panic_among_jobs_that_wait() {
    explore(|| {
        let world = Size::of(2, 1).build();
        let inner = world.clone();
        // `resume_unwind` does not call the panic hook. Shuttle's hook takes a panic for
        // the end of the execution.
        let parent = world.start(move || {
            let outcome = wait(inner.run(|| -> u32 { resume_unwind(Box::new(())) }))?;
            Ok::<_, Refused>(matches!(outcome, Err(OffloadError::Panicked(_))))
        });
        let other = world.start(|| -> u32 { resume_unwind(Box::new(())) });
        let leaf = world.leaf(|| 3);
        assert!(matches!(wait_outside(parent), Ok(true) | Err(Refused)));
        let outcome = wait_outside(other.outcome());
        assert!(
            matches!(outcome, Err(OffloadError::Panicked(_))),
            "{outcome:?}"
        );
        assert_eq!(wait_outside(leaf), 3);
        world.end();
        assert!(world.metrics().panicked >= 1);
    });
}

/// Otherwise a running job does not see that its caller has left, or its permit is lost.
#[test]
fn a_running_job_whose_caller_leaves() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let mut task = world.leaf(|| {
            while !cancelled() {
                thread::yield_now();
            }
        });
        let behind = world.leaf(|| 2);
        let poll = Pin::new(&mut task).poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_pending(), "it runs until its caller leaves");
        let _withdrawn_or_running = task.cancel();
        let _told = wait_outside(task.outcome());
        assert_eq!(wait_outside(behind), 2);
        world.end();
    });
}
