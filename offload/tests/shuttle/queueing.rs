//! Submitters that race each other, through the inbox and where the queue is full.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use bridge_offload::Rejected;
use shuttle::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use crate::{
    runner::explore,
    world::{Refused, Size, World, join_all, moment, wait, wait_outside},
};

/// Submits this many jobs, and waits for all of them.
fn submit(world: &World, count: usize) {
    let tasks: Vec<_> = (0..count)
        .map(|number| world.leaf(move || number))
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(wait_outside(task), number);
    }
}

fn submit_from(world: &World, threads: usize, each: usize) {
    let others = std::iter::repeat_with(|| {
        let world = world.clone();
        thread::spawn(move || submit(&world, each))
    });
    let others: Vec<_> = others.take(threads).collect();
    submit(world, each);
    join_all(others);
}

/// Returns the size of a pool whose workers spin, which keeps the inbox open.
fn spinning(threads: usize, capacity: usize) -> Size {
    Size {
        spin: Duration::from_micros(50),
        capacity,
        ..Size::of(threads, 1)
    }
}

#[test]
fn submitters_that_leave_jobs_in_the_inbox_of_one_thread() {
    explore(|| {
        let world = spinning(1, 64).build();
        submit_from(&world, 2, 2);
        world.end();
    });
}

#[test]
fn submitters_that_leave_jobs_in_the_inbox_of_two_threads() {
    explore(|| {
        let world = spinning(2, 64).build();
        submit_from(&world, 2, 2);
        world.end();
    });
}

#[test]
fn submitters_that_find_the_inbox_and_the_queue_full() {
    explore(|| {
        let world = spinning(1, 1).build();
        submit_from(&world, 2, 2);
        assert!(world.metrics().peak_queued <= 1);
        world.end();
    });
}

#[test]
fn submitters_that_are_refused_where_the_queue_is_full() {
    explore(|| {
        let world = spinning(2, 1).build();
        let ran = Arc::new(AtomicUsize::new(0));
        let others = [(); 2].map(|()| {
            let (world, ran) = (world.clone(), Arc::clone(&ran));
            thread::spawn(move || {
                let task = world.try_start(move || ran.fetch_add(1, Ordering::Relaxed));
                task.map(wait_outside).is_some()
            })
        });
        submit(&world, 2);
        let taken = others.map(|other| other.join().unwrap());
        let taken = taken.into_iter().filter(|taken| *taken).count();
        assert_eq!(ran.load(Ordering::Relaxed), taken);
        world.end();
    });
}

/// Otherwise a job hangs that blocks until a job behind it in the inbox has run.
#[test]
fn a_job_that_blocks_until_a_later_one_has_run() {
    explore(|| {
        let world = spinning(2, 64).build();
        assert_eq!(wait_outside(world.leaf(|| 1)), 1);
        let (open, opened) = shuttle::sync::mpsc::channel();
        let first = world.leaf(move || opened.recv().unwrap());
        let second = world.leaf(move || open.send(2).unwrap());
        assert_eq!(wait_outside(first), 2);
        wait_outside(second);
        world.end();
    });
}

/// Otherwise a job is lost, or runs although its caller gave up its place in the backlog.
#[test]
fn callers_that_wait_for_room_for_a_while() {
    explore(|| {
        let world = Size {
            capacity: 1,
            ..Size::of(1, 1)
        }
        .build();
        let others = [(); 2].map(|()| {
            let world = world.clone();
            thread::spawn(move || {
                world.submits();
                let ran = Arc::new(AtomicUsize::new(0));
                let own = Arc::clone(&ran);
                let job = world.counted(move || own.fetch_add(1, Ordering::Relaxed));
                let outcome = wait_outside(world.pool.run_unless(job, moment()));
                match outcome {
                    Ok(before) => assert_eq!(before, 0),
                    Err(rejected) => {
                        assert!(
                            matches!(rejected, Rejected::TimedOut { .. }),
                            "another reason"
                        );
                        assert_eq!(ran.load(Ordering::Relaxed), 0);
                    }
                }
            })
        });
        submit(&world, 2);
        join_all(others);
        world.end();
    });
}

/// Otherwise a descendant waits for its turn in the backlog while a parked job needs it.
#[test]
fn descendants_that_find_the_queue_full() {
    explore(|| {
        let world = Size {
            capacity: 1,
            ..Size::of(1, 1)
        }
        .build();
        let inner = world.clone();
        let parent = world.start(move || {
            let children = [1, 2].map(|number| inner.start(move || number));
            let mut sum = 0;
            for child in children {
                sum += wait(child)?;
            }
            Ok::<_, Refused>(sum)
        });
        submit(&world, 2);
        let outcome = wait_outside(parent);
        assert!(matches!(outcome, Ok(3) | Err(Refused)));
        world.end();
    });
}

/// Otherwise the wrong waker is woken when a task moves from thread to thread. The last
/// poll's waker counts.
#[test]
fn an_offload_that_moves_between_executors() {
    explore(|| {
        let world = spinning(1, 64).build();
        let mut task = Box::pin(world.run(|| 7));
        let mut polls = 0;
        let first = wait_outside(poll_fn(|cx| {
            let poll = task.as_mut().poll(cx);
            polls += 1;
            match poll {
                Poll::Ready(value) => Poll::Ready(Some(value)),
                // This executor does not poll it again.
                Poll::Pending => Poll::Ready(None),
            }
        }));
        let value = match first {
            Some(value) => value,
            None => thread::spawn(move || wait_outside(task)).join().unwrap(),
        };
        assert_eq!((value.unwrap(), polls), (7, 1));
        world.end();
    });
}
