//! Checks that all jobs of a pool whose size nobody set may wait at once, as
//! they may on `spawn_blocking`: for a timer, or for work of the pool.

use std::sync::{Arc, RwLock};

use bridge_scenarios::{LONG, World, all_finish, programs};
use tokio::time::sleep;

programs! {
    a_timer: tokio default_pool;
    a_timer_and_then_a_job: tokio default_pool;
    a_read_lock_that_all_hold: tokio default_pool;
}

fn a_timer(world: &World, callers: usize) {
    let done = all_finish(world, callers, |world, _| {
        world.wait(async { sleep(LONG).await });
    });
    assert_eq!(done.len(), callers);
}

fn a_timer_and_then_a_job(world: &World, callers: usize) {
    let values = all_finish(world, callers, |world, caller| {
        world.pause_and_offload(LONG, move || caller)
    });
    assert_eq!(values, (0..callers).collect::<Vec<_>>());
}

fn a_read_lock_that_all_hold(world: &World, callers: usize) {
    let lock = Arc::new(RwLock::new(7));
    let values = all_finish(world, callers, move |world, _| {
        let value = lock.read().unwrap();
        world.pause_and_offload(LONG, || ());
        *value
    });
    assert_eq!(values, vec![7; callers]);
}
