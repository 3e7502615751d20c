//! Jobs that wait for a shutdown of their own pool: by another job, and from some moment on.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::{Lineage, Offload, Pool, Shutdown};
use common::{eventually, pool, pool_with_blocked, wait};
use futures::channel::oneshot;
use testkit::within;

fn is_closed(pool: &Pool) -> bool {
    pool.try_run(|| ()).is_err_and(|no| no.is_shut_down())
}

/// Otherwise two jobs hang: the one waits for the other's shutdown, and the shutdown waits for
/// the one.
#[test]
fn a_job_that_waits_later_for_a_shutdown_is_not_waited_for() {
    within(|| {
        let pool = pool(2, 8);
        let own = pool.clone();
        let outer = pool.run(move || {
            let (inner, is_begun) = (own.clone(), own.clone());
            let shuts = own.run(move || inner.shutdown(Duration::MAX).wait());
            let shuts = shuts.start();
            eventually("it has begun", || is_closed(&is_begun));
            // In this time the shutdown begins to wait.
            thread::sleep(Duration::from_millis(50));
            wait(shuts)
        });
        let report = wait(outer);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise such a job hangs if a task of its own shuts the pool down. Nothing polls a job
/// of the pool here.
#[test]
fn a_job_that_waits_later_for_a_task_that_shuts_down_is_not_waited_for() {
    within(|| {
        let pool = pool(2, 8);
        let own = pool.clone();
        let outer = pool.run(move || {
            let (tell, told) = oneshot::channel();
            let inner = own.clone();
            let ending = async move { inner.shutdown(Duration::MAX).await };
            let ending = Lineage::current().scope(ending);
            thread::spawn(move || tell.send(wait(ending)));
            eventually("it has begun", || is_closed(&own));
            thread::sleep(Duration::from_millis(50));
            wait(told).unwrap()
        });
        let report = wait(outer);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise a shutdown waits for a job that waits for it, if another thread has submitted the
/// job that shuts down.
#[test]
fn a_job_that_polls_the_one_that_shuts_down_is_not_waited_for() {
    for is_parked_before in [true, false] {
        within(move || {
            let pool = pool(3, 8);
            let (own, (begin, may_begin)) = (pool.clone(), mpsc::channel());
            let shuts = pool.run(move || {
                may_begin.recv().unwrap();
                own.shutdown(Duration::MAX).wait()
            });
            let shuts = shuts.start();
            let (own, (go, may_go)) = (pool.clone(), mpsc::channel());
            let waits = pool.run(move || {
                may_go.recv().unwrap();
                let waits = own.run(|| ()).start();
                // A third job waits for this one.
                let report = wait(shuts);
                drop(waits);
                report
            });
            let waits = waits.start();
            let third = pool.run(move || wait(waits)).start();
            eventually("the third job parks", || pool.metrics().blocked == 1);
            if is_parked_before {
                go.send(()).unwrap();
                eventually("the other one parks", || pool.metrics().blocked == 2);
                begin.send(()).unwrap();
            } else {
                begin.send(()).unwrap();
                eventually("it has begun", || is_closed(&pool));
                thread::sleep(Duration::from_millis(50));
                go.send(()).unwrap();
            }
            let report = wait(third);
            assert_eq!((report.abandoned, report.running.len()), (0, 0));
        });
    }
}

/// Otherwise a shutdown leaves a job out that has waited for something else, and goes on.
#[test]
fn a_job_that_is_back_from_its_wait_is_waited_for() {
    within(|| {
        let pool = pool(3, 8);
        let own = pool.clone();
        let (end, ended) = mpsc::channel();
        let ends = Arc::new(AtomicBool::new(false));
        let last = Arc::clone(&ends);
        let outer = pool.run(move || {
            let (release, held) = mpsc::channel::<()>();
            let other = own.run(move || held.recv().is_err()).start();
            let inner = own.clone();
            let shuts = own.run(move || {
                eventually("its job parks", || inner.metrics().blocked == 1);
                let ending = inner.clone();
                let ending = ending.shutdown(Duration::MAX);
                thread::spawn(move || {
                    eventually("it has begun", || is_closed(&inner));
                    thread::sleep(Duration::from_millis(50));
                    drop(release);
                });
                end.send((ending.wait(), last.load(Ordering::Acquire)))
                    .unwrap();
            });
            shuts.detach();
            assert!(wait(other));
            thread::sleep(Duration::from_millis(100));
            ends.store(true, Ordering::Release);
        });
        let outer = outer.start();
        let (report, has_ended) = ended.recv().unwrap();
        assert!(has_ended, "{report:?}");
        assert_eq!((report.completed, report.running.len()), (2, 0));
        wait(outer);
    });
}

/// Otherwise three jobs hang: the shutdown waits for the first, the first waits for a detached
/// job, and the detached job waits for the shutdown.
#[test]
fn a_job_that_waits_for_the_word_of_one_that_waits_is_not_waited_for() {
    within(|| {
        let pool = pool(4, 8);
        let (own, (begin, may_begin)) = (pool.clone(), mpsc::channel::<()>());
        let shuts = pool.run(move || {
            assert!(may_begin.recv().is_err(), "the other side is dropped");
            own.shutdown(Duration::MAX).wait()
        });
        let shuts = shuts.start();
        let own = pool.clone();
        let outer = pool.run(move || {
            let (tell, told) = oneshot::channel();
            wait(async {
                own.run(move || tell.send(wait(shuts))).detach();
                told.await.unwrap()
            })
        });
        let outer = outer.start();
        eventually("both wait", || pool.metrics().blocked == 2);
        drop(begin);
        let report = wait(outer);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Otherwise a shutdown waits for a job that can't go on, because the job that waits for the
/// shutdown was lent to its wait.
#[test]
fn a_job_below_the_one_that_awaits_a_shutdown_is_not_waited_for() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (release, held) = oneshot::channel::<()>();
        let parked = pool.run(move || wait(held).is_err()).start();
        eventually("a worker parks", || pool.metrics().blocked == 1);
        let (give, take) = mpsc::channel::<Offload<Shutdown>>();
        let below = pool.run(move || wait(take.recv().unwrap())).start();
        let own = pool.clone();
        let above = pool.run(move || wait(own.shutdown(Duration::MAX)));
        give.send(above.start()).unwrap();
        eventually("it has begun", || is_closed(&pool));
        drop(release);
        assert!(wait(parked));
        let report = wait(below);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}
