//! Shutdowns amid all that a pool does: every caller gets a value or an error.

use std::{pin::pin, time::Duration};

use bridge_offload::{OffloadError, cancelled, model};
use futures::channel::oneshot;
use shuttle::thread;

use crate::{
    runner::explore,
    world::{LONG, Size, World, join_all, try_wait, wait_outside},
};

fn spinning(threads: usize) -> Size {
    Size {
        spin: Duration::from_micros(50),
        ..Size::of(threads, 1)
    }
}

/// Checks that a pool which ends returns only the error `ShutDown`.
fn check<T>(outcome: &Result<T, OffloadError>) {
    if let Err(error) = outcome {
        assert!(matches!(error, OffloadError::ShutDown { .. }), "{error}");
    }
}

/// Starts a job that waits for another job.
fn nested(world: &World) -> bridge_offload::Offload<()> {
    let inner = world.clone();
    world.start(move || {
        if let Ok(below) = try_wait(inner.run(|| ())) {
            check(&below);
        }
    })
}

#[test]
fn submissions_that_race_a_shutdown() {
    explore(|| {
        let world = spinning(1).build();
        let others = [(); 2].map(|()| {
            let world = world.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    check(&wait_outside(world.leaf(|| ()).outcome()));
                }
            })
        });
        let report = world.pool.shutdown(LONG).wait();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        join_all(others);
        world.balance();
    });
}

#[test]
fn a_shutdown_without_grace_amid_waits() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let jobs = [(); 2].map(|()| nested(&world));
        let leaf = world.leaf(|| ());
        let report = world.pool.shutdown(Duration::ZERO).wait();
        for job in jobs {
            check(&wait_outside(job.outcome()));
        }
        check(&wait_outside(leaf.outcome()));
        world.balance();
        assert_eq!(report.abandoned as u64, world.metrics().cancelled);
    });
}

/// Otherwise a caller hangs when the grace is over at some moment, or never.
#[test]
fn a_shutdown_whose_grace_ends_amid_waits() {
    explore(|| {
        let world = spinning(2).build();
        let jobs = [(); 2].map(|()| nested(&world));
        let slow = world.leaf(|| {
            for _ in 0..3 {
                if cancelled() {
                    return;
                }
                model::sleep(Duration::from_millis(1));
            }
        });
        let _report = world.pool.shutdown(Duration::from_millis(2)).wait();
        for job in jobs {
            check(&wait_outside(job.outcome()));
        }
        check(&wait_outside(slow.outcome()));
        world.balance();
    });
}

#[test]
fn two_shutdowns_at_once() {
    explore(|| {
        let world = Size::of(2, 1).build();
        let job = nested(&world);
        let other = world.clone();
        let other = thread::spawn(move || other.pool.shutdown(LONG).wait());
        let own = world.pool.shutdown(LONG).wait();
        let other = other.join().unwrap();
        check(&wait_outside(job.outcome()));
        assert_eq!((own.running.len(), other.running.len()), (0, 0));
        world.balance();
    });
}

/// Otherwise a shutdown that nobody polls again never ends. A thread of its own waits for
/// the end of the pool.
#[test]
fn a_shutdown_that_is_awaited_and_one_that_is_left() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let jobs = [(); 2].map(|()| world.leaf(|| ()));
        let other = world.clone();
        let left = thread::spawn(move || {
            let mut shutdown = pin!(other.pool.shutdown(LONG));
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let _not_yet = shutdown.as_mut().poll(&mut cx);
        });
        let report = wait_outside(world.pool.shutdown(LONG));
        assert_eq!(report.running.len(), 0);
        left.join().unwrap();
        for job in jobs {
            check(&wait_outside(job.outcome()));
        }
        world.balance();
    });
}

/// Otherwise an awaited shutdown hangs, or blocks its executor, where the system has no thread
/// that could wait for the end. The worker is there already.
#[test]
fn a_shutdown_that_is_awaited_without_a_thread() {
    explore(|| {
        let world = Size::of(1, 1).build();
        wait_outside(world.leaf(|| ()));
        // The shutdown polls itself meanwhile, so no time passes.
        let slow = world.leaf(thread::yield_now);
        model::fail_starts(1.0);
        let report = wait_outside(world.pool.shutdown(LONG));
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        check(&wait_outside(slow.outcome()));
        world.balance();
    });
}

/// Otherwise such a shutdown goes on after its grace, here at once. The job ends after it.
#[test]
fn a_shutdown_without_grace_that_is_awaited_without_a_thread() {
    explore(|| {
        let world = Size::of(1, 1).build();
        let (end, ended) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel::<()>();
        let stuck = world.leaf(move || {
            tell.send(()).unwrap();
            wait_outside(ended).unwrap();
        });
        wait_outside(told).unwrap();
        model::fail_starts(1.0);
        let report = wait_outside(world.pool.shutdown(Duration::ZERO));
        assert_eq!((report.abandoned, report.running.len()), (0, 1));
        end.send(()).unwrap();
        check(&wait_outside(stuck.outcome()));
        model::fail_starts(0.0);
        world.balance();
    });
}

/// Otherwise queued jobs hang when a worker shuts its own pool down. It must leave them
/// to others.
#[test]
fn a_job_that_shuts_its_pool_down() {
    explore(|| {
        let size = Size {
            may_stall: true,
            ..Size::of(1, 1)
        };
        let world = size.build();
        let inner = world.clone();
        let shutting = world.start(move || inner.pool.shutdown(LONG).wait());
        let leaf = world.leaf(|| 7);
        check(&wait_outside(leaf.outcome()));
        check(&wait_outside(shutting.outcome()));
        world.balance();
    });
}

#[test]
fn two_jobs_that_shut_their_pool_down() {
    explore(|| {
        let size = Size {
            may_stall: true,
            ..Size::of(1, 1)
        };
        let world = size.build();
        let shutting = [(); 2].map(|()| {
            let inner = world.clone();
            world.start(move || inner.pool.shutdown(LONG).wait())
        });
        let leaf = world.leaf(|| ());
        check(&wait_outside(leaf.outcome()));
        for job in shutting {
            check(&wait_outside(job.outcome()));
        }
        world.balance();
    });
}

/// Otherwise a job hangs that waits for an event which only its own end would bring. It
/// must be told to stop.
#[test]
fn a_wait_that_a_shutdown_finds_parked() {
    explore(|| {
        let size = Size {
            may_stall: true,
            ..Size::of(1, 1)
        };
        let world = size.build();
        let (tell, told) = oneshot::channel::<()>();
        let waiting = world.start(move || try_wait(told).is_ok());
        let other = world.clone();
        let ending = thread::spawn(move || other.pool.shutdown(Duration::from_millis(1)).wait());
        let _its_wait_may_be_over = tell.send(());
        check(&wait_outside(waiting.outcome()));
        let _report = ending.join().unwrap();
        world.balance();
    });
}
