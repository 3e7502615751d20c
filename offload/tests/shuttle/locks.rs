//! Jobs that hold a lock over a wait, while unrelated jobs block on that lock.
//!
//! Only a descendant can release the lock. So it starts although every permit is taken,
//! and the pool never stands still.

use std::sync::Arc;

use bridge_offload::{Lineage, Offload};
use futures::{channel::oneshot, future::join_all};
use shuttle::sync::Mutex;

use crate::{
    runner::explore,
    world::{Refused, Size, World, hold, moment, try_wait, wait, wait_outside},
};

type Lock = Arc<Mutex<u32>>;

/// Starts jobs that need the lock for a moment.
fn unrelated_jobs(world: &World, lock: &Lock, count: usize) -> Vec<Offload<()>> {
    let unrelated = || {
        let lock = Arc::clone(lock);
        world.leaf(move || *hold(&lock) += 1)
    };
    std::iter::repeat_with(unrelated).take(count).collect()
}

fn finish(world: &World, lock: &Lock, unrelated_jobs: Vec<Offload<()>>) {
    let count = unrelated_jobs.len();
    unrelated_jobs.into_iter().for_each(wait_outside);
    assert_eq!(*hold(lock) as usize, count);
    world.end();
}

#[test]
fn a_lock_held_over_a_wait_for_a_descendant() {
    explore(|| {
        let (world, lock) = (Size::of(2, 2).build(), Lock::default());
        let (inner, own) = (world.clone(), Arc::clone(&lock));
        let holder = world.start(move || {
            let _held = hold(&own);
            wait(async {
                moment().await;
                inner.run(|| 7).await
            })
        });
        let unrelated_jobs = unrelated_jobs(&world, &lock, 3);
        assert!(matches!(wait_outside(holder), Ok(Ok(7)) | Err(Refused)));
        finish(&world, &lock, unrelated_jobs);
    });
}

#[test]
fn two_locks_held_over_waits_for_several_descendants() {
    explore(|| {
        let (world, lock) = (Size::of(2, 3).build(), Lock::default());
        let holders = [(); 2].map(|()| {
            let (inner, own) = (world.clone(), Arc::clone(&lock));
            world.start(move || {
                let _held = hold(&own);
                wait(join_all((0..2).map(|number| inner.run(move || number)))).map(|all| all.len())
            })
        });
        let unrelated_jobs = unrelated_jobs(&world, &lock, 2);
        for holder in holders {
            assert!(matches!(wait_outside(holder), Ok(2) | Err(Refused)));
        }
        finish(&world, &lock, unrelated_jobs);
    });
}

#[test]
fn a_lock_held_over_waits_nested_in_each_other() {
    explore(|| {
        let (world, lock) = (Size::of(1, 3).build(), Lock::default());
        let (inner, own) = (world.clone(), Arc::clone(&lock));
        let holder = world.start(move || {
            let _held = hold(&own);
            let innermost = inner.clone();
            wait(async {
                moment().await;
                inner
                    .run(move || wait(innermost.run(|| 7)).map(Result::unwrap))
                    .await
            })
        });
        let unrelated_jobs = unrelated_jobs(&world, &lock, 3);
        let outcome = wait_outside(holder);
        assert!(matches!(
            outcome,
            Ok(Ok(Ok(7) | Err(Refused))) | Err(Refused)
        ));
        finish(&world, &lock, unrelated_jobs);
    });
}

/// Otherwise a job hangs whose work was queued among unrelated jobs before it parks.
#[test]
fn work_that_was_submitted_before_the_wait() {
    explore(|| {
        let (world, lock) = (Size::of(1, 2).build(), Lock::default());
        let (inner, own) = (world.clone(), Arc::clone(&lock));
        let holder = world.start(move || {
            let _held = hold(&own);
            let child = inner.start(|| 7);
            wait(async {
                moment().await;
                child.await
            })
        });
        let unrelated_jobs = unrelated_jobs(&world, &lock, 2);
        assert!(matches!(wait_outside(holder), Ok(7) | Err(Refused)));
        finish(&world, &lock, unrelated_jobs);
    });
}

/// Otherwise a job hangs that waits for a grandchild. A child submitted the grandchild
/// and did not wait for it.
#[test]
fn work_that_a_child_submitted_before_its_parent_waits() {
    explore(|| {
        let (world, lock) = (Size::of(1, 2).build(), Lock::default());
        let (inner, own) = (world.clone(), Arc::clone(&lock));
        let (tell, told) = oneshot::channel();
        let parent = world.start(move || {
            let _held = hold(&own);
            let innermost = inner.clone();
            let child = inner.start(move || innermost.start(move || tell.send(7).unwrap()));
            let grandchild = wait(child)?;
            let value = wait(told)?;
            // The grandchild sent its result before it ended.
            wait(grandchild)?;
            Ok::<_, Refused>(value.unwrap())
        });
        let unrelated_jobs = unrelated_jobs(&world, &lock, 2);
        assert!(matches!(wait_outside(parent), Ok(7) | Err(Refused)));
        finish(&world, &lock, unrelated_jobs);
    });
}

/// Otherwise a wait within the scope of another lineage hangs. The jobs that it submits
/// do not descend from its job, so the wait has an account of its own.
#[test]
fn a_wait_within_the_scope_of_another_lineage() {
    explore(|| {
        let (world, lock) = (Size::of(1, 3).build(), Lock::default());
        let (inner, own) = (world.clone(), Arc::clone(&lock));
        let holder = world.start(move || {
            let before = inner.start(|| 1);
            let held = hold(&own);
            let value = wait(Lineage::default().scope(async {
                wait(async {
                    moment().await;
                    inner.run(|| 7).await
                })
            }))?;
            drop(held);
            wait(before)?;
            value.map(Result::unwrap)
        });
        let unrelated_jobs = unrelated_jobs(&world, &lock, 2);
        assert!(matches!(wait_outside(holder), Ok(7) | Err(Refused)));
        finish(&world, &lock, unrelated_jobs);
    });
}

/// Otherwise a pool stands still for ever. The permit of the parked job and its credit
/// may go to descendants that block on what it holds, so further ones must start.
#[test]
fn descendants_that_block_on_the_lock_of_the_job_that_waits() {
    explore(|| {
        let size = Size {
            may_stall: true,
            ..Size::of(1, 4)
        };
        let (world, lock) = (size.build(), Lock::default());
        let (inner, own) = (world.clone(), Arc::clone(&lock));
        let holder = world.start(move || {
            let held = hold(&own);
            let children = descendants_of(&inner, &own, 2);
            let outcome = try_wait(async {
                moment().await;
                inner.run(|| 7).await
            });
            drop(held);
            let all = try_wait(join_all(children));
            (outcome.is_ok(), all.is_ok())
        });
        let _whatever_came_first = wait_outside(holder);
        world.end();
    });
}

/// Starts jobs that need the lock for a moment and descend from the calling job.
fn descendants_of(world: &World, lock: &Lock, count: usize) -> Vec<Offload<()>> {
    let child = || {
        let lock = Arc::clone(lock);
        world.start(move || *hold(&lock) += 1)
    };
    std::iter::repeat_with(child).take(count).collect()
}

/// Otherwise more jobs run than the bounds allow. Beyond the permits run only descendants
/// of parked jobs, at most one for each.
#[test]
fn no_stranger_starts_beyond_the_permits() {
    explore(|| {
        let size = Size {
            may_stall: true,
            ..Size::of(2, 4)
        };
        let world = size.build();
        let gate = Arc::new(Mutex::new(()));
        let shut = hold(&gate);
        let (let_go, until) = oneshot::channel::<()>();
        let (inner, own) = (world.clone(), Arc::clone(&gate));
        let parent = world.start(move || {
            let children = [(); 3].map(|()| {
                let gate = Arc::clone(&own);
                inner.start(move || drop(hold(&gate)))
            });
            // The job stays parked while the test looks at the unrelated jobs.
            let _told = try_wait(until);
            let _all = try_wait(join_all(children));
        });
        let leaves = [(); 3].map(|()| {
            let gate = Arc::clone(&gate);
            world.leaf(move || drop(hold(&gate)))
        });
        for _ in 0..3 {
            let metrics = world.metrics();
            if crate::scheduler::is_patient() {
                assert!(metrics.running <= 3, "{metrics:?}");
            }
            shuttle::thread::yield_now();
        }
        drop(shut);
        let _its_wait_may_be_over = let_go.send(());
        wait_outside(parent);
        leaves.into_iter().for_each(wait_outside);
        world.end();
    });
}
