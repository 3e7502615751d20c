//! Workers that retire, and workers that can't be started.

use std::time::Duration;

use bridge_offload::{OffloadError, model};
use shuttle::thread;

use crate::{
    runner::explore,
    world::{Refused, Size, World, wait, wait_outside},
};

const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Waits for a job, about as long as workers live without a job.
fn submit_with_pauses(world: &World, count: usize) {
    for number in 0..count {
        assert_eq!(wait_outside(world.leaf(move || number)), number);
        model::sleep(KEEP_ALIVE);
    }
}

#[test]
fn threads_that_retire_as_jobs_come() {
    explore(|| {
        let world = Size {
            keep_alive: KEEP_ALIVE,
            ..Size::of(2, 1)
        }
        .build();
        let other = world.clone();
        let other = thread::spawn(move || submit_with_pauses(&other, 3));
        submit_with_pauses(&world, 3);
        other.join().unwrap();
        world.end();
    });
}

#[test]
fn threads_that_retire_as_a_job_waits() {
    explore(|| {
        let world = Size {
            keep_alive: KEEP_ALIVE,
            ..Size::of(1, 1)
        }
        .build();
        for _ in 0..2 {
            let inner = world.clone();
            let parent = world.start(move || wait(inner.run(|| 7)).map(Result::unwrap));
            assert!(matches!(wait_outside(parent), Ok(7) | Err(Refused)));
            model::sleep(KEEP_ALIVE);
        }
        world.end();
    });
}

/// Checks that a pool without a worker returns only the error `NoThread`.
fn check<T>(outcome: &Result<T, OffloadError>) {
    if let Err(error) = outcome {
        assert!(matches!(error, OffloadError::NoThread { .. }), "{error}");
    }
}

#[test]
fn threads_that_start_now_and_then() {
    explore(|| {
        let world = Size {
            may_stall: true,
            ..Size::of(2, 1)
        }
        .build();
        model::fail_starts(0.5);
        let inner = world.clone();
        let parent = world.start(move || crate::world::try_wait(inner.run(|| 7)));
        let leaves = [1, 2].map(|number| world.leaf(move || number));
        match wait_outside(parent.outcome()) {
            Ok(Ok(below)) => check(&below),
            Ok(Err(Refused)) => {}
            told => check(&told),
        }
        for leaf in leaves {
            check(&wait_outside(leaf.outcome()));
        }
        model::fail_starts(0.0);
        // A start that failed before may be told to a job that was queued since.
        let runs = || {
            let outcome = wait_outside(world.leaf(|| 3).outcome());
            check(&outcome);
            outcome.is_ok()
        };
        assert!((0..4).any(|_| runs()), "threads start again");
        world.end();
    });
}

#[test]
fn threads_that_never_start() {
    explore(|| {
        let world = Size::of(2, 1).build();
        model::fail_starts(1.0);
        let other = world.clone();
        let other = thread::spawn(move || wait_outside(other.leaf(|| 1).outcome()));
        let own = wait_outside(world.leaf(|| 2).outcome());
        for outcome in [own, other.join().unwrap()] {
            assert!(matches!(outcome, Err(OffloadError::NoThread { .. })));
        }
        world.end();
        assert_eq!(world.metrics().cancelled, 2);
    });
}
