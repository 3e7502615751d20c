//! The end of a pool.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use bridge_offload::{OffloadError, Pool};
use common::{eventually, plug, pool, wait};
use futures::future::join_all;
use testkit::{panic_text, within};

#[test]
fn shutdown_runs_what_was_admitted() {
    within(|| {
        let pool = pool(1, 64);
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                pool.try_run(move || {
                    thread::sleep(Duration::from_millis(1));
                    n
                })
                .unwrap()
            })
            .collect();
        let report = pool.shutdown(Duration::from_secs(20));
        assert_eq!((report.abandoned, report.running), (0, 0));
        assert_eq!(wait(join_all(tasks)), (0..10).collect::<Vec<_>>());
        assert!(pool.try_run(|| ()).unwrap_err().is_shut_down());
        let outcome = wait(pool.run(|| ()).outcome());
        assert!(
            matches!(outcome, Err(OffloadError::ShutDown { .. })),
            "{outcome:?}"
        );
        eventually("the threads have ended", || pool.metrics().threads == 0);
    });
}

#[test]
fn shutdown_wakes_everyone_it_leaves_behind() {
    within(|| {
        let pool = pool(1, 1);
        let (running, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        let in_line = pool.run(|| ()).start();
        let awaiters = [running, queued, in_line].map(|task| {
            thread::spawn(move || {
                matches!(wait(task.outcome()), Err(OffloadError::ShutDown { .. }))
            })
        });
        let report = pool.shutdown(Duration::from_millis(10));
        assert_eq!(
            (report.completed, report.abandoned, report.running),
            (0, 1, 1)
        );
        for awaiter in awaiters {
            assert!(awaiter.join().unwrap());
        }
        drop(release);
        eventually("the thread has ended", || pool.metrics().threads == 0);
    });
}

#[test]
fn dropping_the_last_handle_runs_what_is_queued() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let task = pool.try_run(|| "ran").unwrap();
        drop(pool);
        drop(release);
        wait(plugged);
        assert_eq!(wait(task), "ran");
    });
}

#[test]
fn an_error_names_the_callers_line() {
    within(|| {
        let pool = Pool::new();
        let _report = pool.shutdown(Duration::ZERO);
        let line = line!() + 1;
        let task = pool.run(|| ());
        let panic = catch_unwind(AssertUnwindSafe(|| wait(task))).unwrap_err();
        let text = panic_text(&*panic);
        assert!(text.contains(&format!("{}:{line}", file!())), "{text}");
    });
}
