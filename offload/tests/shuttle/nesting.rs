//! Jobs that wait for jobs: an added worker runs the inner job, or the waiting worker
//! does.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures::future::join;

use crate::{
    runner::explore,
    world::{Refused, Size, World, moment, wait, wait_outside},
};

/// Runs a chain of jobs. Each job submits the next one and waits for it.
fn descend(world: &World, depth: u32) -> Result<u32, Refused> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = world.clone();
    let below = wait(world.run(move || descend(&inner, depth - 1)))?;
    Ok(below.expect("an open pool runs its jobs")? + 1)
}

fn start_descent(world: &World, depth: u32) -> bridge_offload::Offload<Result<u32, Refused>> {
    let inner = world.clone();
    world.start(move || descend(&inner, depth))
}

#[test]
fn a_chain_of_waits_on_one_permit() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let outcome = wait_outside(start_descent(&world, 4));
        assert!(matches!(outcome, Ok(4) | Err(Refused)));
        world.end();
    });
}

#[test]
fn as_many_roots_as_permits_wait_at_once() {
    explore(|| {
        let world = Size::of(2, 1).build();
        let roots = [(); 2].map(|()| start_descent(&world, 2));
        for root in roots {
            let outcome = wait_outside(root);
            assert!(matches!(outcome, Ok(2) | Err(Refused)));
        }
        world.end();
    });
}

#[test]
fn more_roots_than_permits_wait_beside_jobs_that_do_not() {
    explore(|| {
        let world = Size::of(2, 2).build();
        let roots = [(); 3].map(|()| start_descent(&world, 1));
        let leaves = [1, 2].map(|number| world.leaf(move || number));
        for root in roots {
            let _one_or_refused = wait_outside(root);
        }
        assert_eq!(leaves.map(wait_outside), [1, 2]);
        world.end();
    });
}

#[test]
fn a_wait_for_two_descendants_at_once() {
    explore(|| {
        let world = Size::of(1, 2).build();
        let inner = world.clone();
        let parent = world.start(move || {
            let (first, second) = wait(join(inner.run(|| 1), async {
                moment().await;
                inner.run(|| 2).await
            }))?;
            Ok::<_, Refused>(first.unwrap() + second.unwrap())
        });
        let leaf = world.leaf(|| 4);
        assert!(matches!(wait_outside(parent), Ok(3) | Err(Refused)));
        assert_eq!(wait_outside(leaf), 4);
        world.end();
    });
}

/// Otherwise a lent job is lost when the poll before it opens another wait.
#[test]
fn a_future_whose_every_poll_waits() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let inner = world.clone();
        let parent = world.start(move || {
            let mut first = pin!(inner.run(|| 1));
            wait(poll_fn(|cx| {
                if let Err(refused) = wait(inner.run(|| 2)) {
                    return Poll::Ready(Err(refused));
                }
                first.as_mut().poll(cx).map(Ok)
            }))?
        });
        let outcome = wait_outside(parent);
        assert!(matches!(outcome, Ok(Ok(1)) | Err(Refused)));
        world.end();
    });
}

/// Otherwise a wait that never parks by itself keeps its job from running. It must give
/// way.
#[test]
fn a_future_that_wakes_itself_until_its_job_has_run() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let inner = world.clone();
        let parent = world.start(move || {
            let mut child = pin!(inner.run(|| 7));
            wait(poll_fn(|cx| {
                cx.waker().wake_by_ref();
                // The scheduler PCT would let this thread poll for ever.
                shuttle::thread::yield_now();
                child.as_mut().poll(cx)
            }))
        });
        let outcome = wait_outside(parent);
        assert!(matches!(outcome, Ok(Ok(7)) | Err(Refused)));
        world.end();
    });
}
