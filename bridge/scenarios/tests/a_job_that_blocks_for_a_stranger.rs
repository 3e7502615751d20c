//! Checks that a pool whose size nobody set runs the jobs for which its jobs block, although no
//! lineage tells it which. A thread that a job joins has submitted them, or a task for which a job
//! waits.

use std::thread;

use bridge_scenarios::{World, all_finish, finishes, programs};
use tokio::runtime::Handle;

programs! {
    a_thread_that_is_joined: tokio default_pool;
    two_threads_in_a_scope: tokio default_pool;
    a_task: tokio default_pool;
}

/// More than the threads of a pool that nobody sized.
const MANY: usize = 600;

/// Otherwise as many callers as the pool has threads hang, and all others behind them.
#[test]
fn more_callers_than_a_pool_has_threads() {
    for program in [a_thread_that_is_joined, two_threads_in_a_scope, a_task] {
        finishes(&World::default_pool(), MANY, program);
    }
}

fn a_thread_that_is_joined(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        let (world, here) = (world.clone(), Handle::current());
        let waits = thread::spawn(move || {
            let _entered = here.enter();
            world.wait(world.offload(move || caller))
        });
        waits.join().unwrap()
    });
    assert_eq!(values, (0..callers).collect::<Vec<_>>());
}

fn two_threads_in_a_scope(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        let here = Handle::current();
        let waits = || {
            let _entered = here.enter();
            world.wait(world.offload(move || caller))
        };
        thread::scope(|scope| {
            let both = [scope.spawn(waits), scope.spawn(waits)];
            both.map(|thread| thread.join().unwrap())
        })
    });
    let expected: Vec<_> = (0..callers).map(|caller| [caller; 2]).collect();
    assert_eq!(values, expected);
}

/// The task is one of Tokio's, so it does not carry the lineage.
fn a_task(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        let own = world.clone();
        let task = tokio::spawn(async move { own.offload(move || caller).await });
        world.wait(task).unwrap()
    });
    assert_eq!(values, (0..callers).collect::<Vec<_>>());
}
