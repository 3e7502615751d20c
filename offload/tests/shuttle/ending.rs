//! Pools whose last handle is dropped: the admitted jobs run, and the workers end.

use std::sync::Arc;

use bridge_offload::{Builder, Pool};
use shuttle::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    runner::explore,
    world::{Watched, wait_outside},
};

fn pool() -> Pool<Watched> {
    Builder::<Watched>::default()
        .max_threads(2)
        .build()
        .unwrap()
}

/// Otherwise a worker outlives its pool. Shuttle waits for every thread, so a worker that
/// does not end is a deadlock.
#[test]
fn a_detached_job_keeps_its_pool_open() {
    explore(|| {
        let (pool, ran) = (pool(), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..3).map(|_| {
            let ran = Arc::clone(&ran);
            move || ran.fetch_add(1, Ordering::Relaxed)
        });
        for (number, job) in jobs.enumerate() {
            let task = pool.run(job);
            if number == 1 {
                wait_outside(task);
            } else {
                task.detach();
            }
        }
        drop(pool);
        crate::world::eventually("all have run", || ran.load(Ordering::Relaxed) == 3);
    });
}

/// Otherwise a pool hangs whose last handle is dropped on a worker, or on another thread,
/// at some moment.
#[test]
fn the_last_handle_goes_as_its_job_ends() {
    explore(|| {
        let pool = pool();
        let (inner, other) = (pool.clone(), pool.clone());
        let task = pool.run(move || drop(inner)).start();
        let other = thread::spawn(move || wait_outside(other.run(|| 7)));
        drop(pool);
        wait_outside(task);
        assert_eq!(other.join().unwrap(), 7);
    });
}
