//! Work that a job submits before its wait.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, mpsc},
    task::Poll,
};

use bridge_offload::{Lineage, Offload, Pool};
use common::{WaitError, moment, plug, pool_with_blocked, pools, try_wait, wait};
use futures::channel::oneshot;
use testkit::within;

/// Submits work of a job before the job waits for it.
type Submit = fn(&Pool, Box<dyn FnOnce() -> Result<u32, WaitError> + Send>) -> Task;
type Task = Offload<Result<u32, WaitError>>;

#[test]
fn work_that_a_job_submitted_before_its_wait() {
    fn descend(pool: &Pool, submit: Submit, depth: u32) -> Result<u32, WaitError> {
        if depth == 0 {
            return Ok(0);
        }
        let inner = pool.clone();
        let task = submit(pool, Box::new(move || descend(&inner, submit, depth - 1)));
        Ok(try_wait(task)?? + 1)
    }
    within(|| {
        let started: Submit = |pool, job| pool.run(job).start();
        let tried: Submit = |pool, job| pool.try_run(job).unwrap();
        for submit in [started, tried] {
            for depth in [1, 2, 3, 4, 8, 64] {
                for pool in pools() {
                    let inner = pool.clone();
                    let depths = wait(pool.run(move || descend(&inner, submit, depth)));
                    assert_eq!(depths, Ok(depth));
                }
            }
        }
    });
}

/// Otherwise a job hangs that waits for a grandchild. Its child submitted the grandchild
/// and did not wait for it.
#[test]
fn work_that_a_child_submitted_before_its_parent_waits() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (_plug, release) = plug(&pool);
        let inner = pool.clone();
        let (send, receive) = oneshot::channel();
        let parent = pool.run(move || {
            let own = inner.clone();
            let child = inner.run(move || own.run(move || send.send(7).unwrap()).start());
            let grandchild = wait(child.start());
            let value = try_wait(receive).map(Result::unwrap);
            drop(grandchild);
            value
        });
        let parent = parent.start();
        release.send(()).unwrap();
        assert_eq!(wait(parent), Ok(7));
    });
}

/// Otherwise a job hangs whose work was queued behind unrelated jobs before it parked.
#[test]
fn work_that_was_queued_behind_strangers_before_the_wait() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let lock = Arc::new(Mutex::new(()));
        let (go, start) = mpsc::channel();
        let (inner, held) = (pool.clone(), Arc::clone(&lock));
        let parent = pool.run(move || {
            start.recv().unwrap();
            let _held = held.lock().unwrap();
            let task = inner.run(|| 7).start();
            wait(moment());
            try_wait(task)
        });
        let parent = parent.start();
        let unrelated_jobs: Vec<_> = (0..50)
            .map(|_| {
                let lock = Arc::clone(&lock);
                pool.run(move || drop(lock.lock().unwrap())).start()
            })
            .collect();
        go.send(()).unwrap();
        assert_eq!(wait(parent), Ok(7));
        unrelated_jobs.into_iter().for_each(wait);
    });
}

/// Otherwise a job that submits others without waiting for them pushes in before strangers.
#[test]
fn what_a_job_submits_waits_its_turn_while_the_job_runs() {
    within(|| {
        let pool = pool_with_blocked(1, 8);
        let own = pool.clone();
        let (go, start) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let note = |text| {
            let tell = tell.clone();
            move || tell.send(text).unwrap()
        };
        let late = note("submitted by the job");
        let job = pool.run(move || {
            start.recv().unwrap();
            own.run(late).start()
        });
        let job = job.start();
        let unrelated = pool.run(note("unrelated")).start();
        go.send(()).unwrap();
        wait(wait(job));
        wait(unrelated);
        let order = [told.recv().unwrap(), told.recv().unwrap()];
        assert_eq!(order, ["unrelated", "submitted by the job"]);
    });
}

/// Otherwise a pool takes the count of another pool's jobs for its own, and its worker panics.
#[test]
fn a_job_that_polls_in_the_scope_of_another_pools_wait() {
    within(|| {
        let (first, second) = (pool_with_blocked(2, 8), pool_with_blocked(1, 8));
        (0..5).for_each(|_| wait(first.run(|| ())));
        let (send, receive) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let waiting = first.run(move || {
            wait(async {
                tell.send(Lineage::current()).unwrap();
                receive.await.unwrap();
            });
        });
        let waiting = waiting.start();
        let lineage = told.recv().unwrap();
        let (mut other, release) = plug(&first);
        let (unfinished, polls) = mpsc::channel();
        let job = second.run(move || {
            let _with_a_frame = Lineage::current();
            let poll = poll_fn(|cx| Poll::Ready(Pin::new(&mut other).poll(cx).is_pending()));
            assert!(pollster::block_on(lineage.scope(poll)));
            unfinished.send(other).unwrap();
            wait(moment());
        });
        wait(job);
        wait(second.run(|| ()));
        release.send(()).unwrap();
        wait(polls.recv().unwrap());
        send.send(()).unwrap();
        wait(waiting);
    });
}
