//! Waits for jobs that others submitted: such a wait adopts the job that it polls for.

use std::sync::Arc;

use bridge_offload::Offload;
use futures::channel::oneshot;
use shuttle::{
    sync::{Mutex, mpsc},
    thread,
};

use crate::{
    runner::explore,
    world::{Refused, Size, hold, wait, wait_outside},
};

/// Otherwise a wait for somebody else's job hangs. Unrelated jobs have every permit, and
/// block on the lock of the waiting job.
#[test]
fn a_lock_held_over_a_wait_for_a_job_of_somebody_else() {
    explore(|| {
        let world = Size::of(2, 2).build();
        let lock = Arc::new(Mutex::new(()));
        let (give, given) = oneshot::channel();
        let own = Arc::clone(&lock);
        let holder = world.start(move || {
            let _held = hold(&own);
            wait(async { given.await.unwrap().await })
        });
        let unrelated_jobs = [(); 3].map(|()| {
            let lock = Arc::clone(&lock);
            world.leaf(move || drop(hold(&lock)))
        });
        let _its_wait_may_be_over = give.send(world.start(|| 7));
        assert!(matches!(wait_outside(holder), Ok(7) | Err(Refused)));
        unrelated_jobs.into_iter().for_each(wait_outside);
        world.end();
    });
}

/// Otherwise a job is not found that was queued behind unrelated jobs before the wait
/// polls for it and parks.
#[test]
fn a_job_that_was_queued_among_strangers_before_the_wait() {
    explore(|| {
        let world = Size::of(1, 2).build();
        let lock = Arc::new(Mutex::new(()));
        let (give, given) = mpsc::channel();
        let own = Arc::clone(&lock);
        let holder = world.start(move || {
            let _held = hold(&own);
            let child: Offload<i32> = given.recv().unwrap();
            wait(child)
        });
        let unrelated_jobs = [(); 2].map(|()| {
            let lock = Arc::clone(&lock);
            world.leaf(move || drop(hold(&lock)))
        });
        give.send(world.start(|| 7)).unwrap();
        assert!(matches!(wait_outside(holder), Ok(7) | Err(Refused)));
        unrelated_jobs.into_iter().for_each(wait_outside);
        world.end();
    });
}

/// Otherwise a job that moves from wait to wait is lost. The last wait that polls for it
/// has adopted it.
#[test]
fn a_job_that_two_waits_poll_for_in_turn() {
    explore(|| {
        let world = Size::of(2, 2).build();
        let task = Arc::new(Mutex::new(Some(Box::pin(world.run(|| 7)))));
        let jobs = [(); 2].map(|()| {
            let task = Arc::clone(&task);
            world.start(move || {
                wait(std::future::poll_fn(|cx| {
                    let mut slot = hold(&task);
                    let Some(task) = &mut *slot else {
                        return std::task::Poll::Ready(0);
                    };
                    let poll = task.as_mut().poll(cx);
                    if poll.is_ready() {
                        *slot = None;
                    } else {
                        cx.waker().wake_by_ref();
                        // The scheduler PCT would let this thread poll for ever.
                        thread::yield_now();
                    }
                    poll.map(Result::unwrap)
                }))
            })
        });
        let outcomes = jobs.map(wait_outside);
        if outcomes.iter().all(Result::is_ok) {
            assert_eq!(outcomes.into_iter().flatten().sum::<i32>(), 7);
        }
        drop(task);
        world.end();
    });
}
