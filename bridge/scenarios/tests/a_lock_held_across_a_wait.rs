//! Checks that a caller may hold a lock while it waits for work of the pool,
//! although all other jobs block on that lock.

use std::{
    sync::{Arc, Condvar, Mutex, RwLock},
    time::Duration,
};

use bridge_scenarios::{LONG, SHORT, World, all_finish, programs};

// With two threads, two callers that hold a read lock or a place of the
// semaphore may both be parked. Then a wait may return that the pool is
// exhausted. So those programs do not run in that world.
programs! {
    a_mutex: tokio default_pool max_threads_1 one_and_one;
    a_parking_lot_mutex: tokio default_pool max_threads_1 one_and_one;
    a_condvar: tokio default_pool max_threads_1 one_and_one;
    a_lock_that_the_waited_job_takes: tokio default_pool max_threads_1 one_and_one;
    an_rwlock: tokio default_pool max_threads_1;
    a_semaphore_of_three: tokio default_pool max_threads_1;
}

/// Returns a pause that lets other callers take all permits, for the first
/// holder only.
fn pause(holders_before: usize) -> Duration {
    if holders_before == 0 { LONG } else { SHORT }
}

fn a_mutex(world: &World, callers: usize) {
    let count = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&count);
    all_finish(world, callers, move |world, _| {
        let mut count = shared.lock().unwrap();
        world.pause_and_offload(pause(*count), || ());
        *count += 1;
    });
    assert_eq!(*count.lock().unwrap(), callers);
}

fn a_parking_lot_mutex(world: &World, callers: usize) {
    let count = Arc::new(parking_lot::Mutex::new(0));
    let shared = Arc::clone(&count);
    all_finish(world, callers, move |world, _| {
        let mut count = shared.lock();
        world.pause_and_offload(pause(*count), || ());
        *count += 1;
    });
    assert_eq!(*count.lock(), callers);
}

/// Each caller takes a number and blocks until its number is called.
fn a_condvar(world: &World, callers: usize) {
    let numbers = Arc::new(Mutex::new(0));
    let turn = Arc::new((Mutex::new(0), Condvar::new()));
    let shared = Arc::clone(&turn);
    all_finish(world, callers, move |world, _| {
        let mine = {
            let mut next = numbers.lock().unwrap();
            *next += 1;
            *next - 1
        };
        let (turn, changed) = &*shared;
        let held = changed.wait_while(turn.lock().unwrap(), |turn| *turn != mine);
        drop(held.unwrap());
        world.pause_and_offload(pause(mine), || ());
        *turn.lock().unwrap() += 1;
        changed.notify_all();
    });
    assert_eq!(*turn.0.lock().unwrap(), callers);
}

/// The holder waits for a job that takes another lock. Nobody else blocks on
/// that second lock, and the job waits too.
fn a_lock_that_the_waited_job_takes(world: &World, callers: usize) {
    let outer = Arc::new(Mutex::new(0));
    let inner = Arc::new(Mutex::new(0));
    let (locks, nested) = (Arc::clone(&outer), Arc::clone(&inner));
    all_finish(world, callers, move |world, _| {
        let mut outer = locks.lock().unwrap();
        let (again, nested) = (world.clone(), Arc::clone(&nested));
        world.pause_and_offload(pause(*outer), move || {
            let mut inner = nested.lock().unwrap();
            again.pause_and_offload(SHORT, || ());
            *inner += 1;
        });
        *outer += 1;
    });
    assert_eq!(*outer.lock().unwrap(), callers);
    assert_eq!(*inner.lock().unwrap(), callers);
}

/// Every fourth caller writes. The others read.
fn an_rwlock(world: &World, callers: usize) {
    let written = Arc::new(RwLock::new(0));
    let shared = Arc::clone(&written);
    all_finish(world, callers, move |world, caller| {
        if caller % 4 == 0 {
            let mut written = shared.write().unwrap();
            world.pause_and_offload(SHORT, || ());
            *written += 1;
        } else {
            let read = shared.read().unwrap();
            let before = *read;
            world.pause_and_offload(SHORT, || ());
            assert_eq!(*read, before);
        }
    });
    assert_eq!(*written.read().unwrap(), callers / 4);
}

/// A semaphore for blocking code.
struct Semaphore {
    free: Mutex<usize>,
    returned: Condvar,
}

impl Semaphore {
    fn acquire(&self) {
        let free = self.free.lock().unwrap();
        *self.returned.wait_while(free, |free| *free == 0).unwrap() -= 1;
    }

    fn release(&self) {
        *self.free.lock().unwrap() += 1;
        self.returned.notify_one();
    }
}

fn a_semaphore_of_three(world: &World, callers: usize) {
    let semaphore = Arc::new(Semaphore {
        free: Mutex::new(3),
        returned: Condvar::new(),
    });
    let shared = Arc::clone(&semaphore);
    let done = all_finish(world, callers, move |world, _| {
        shared.acquire();
        world.pause_and_offload(SHORT, || ());
        shared.release();
    });
    assert_eq!(done.len(), callers);
    assert_eq!(*semaphore.free.lock().unwrap(), 3);
}
