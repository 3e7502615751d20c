//! Checks what is told of a detached job whose context panics when it is dropped.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{Location, resume_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bridge_offload::{Ambient, Config, OffloadError, Pool, PoolName};
use common::{eventually, plug_with};
use testkit::within;

/// Panics when it is dropped.
struct Explodes;

impl Drop for Explodes {
    fn drop(&mut self) {
        resume_unwind(Box::new("on purpose"));
    }
}

/// Counts the lost jobs.
struct Carries;

static LOST: AtomicUsize = AtomicUsize::new(0);

impl Ambient for Carries {
    type Context = Explodes;

    fn context(_config: &Config) -> Option<Explodes> {
        Some(Explodes)
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&Explodes>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn lost(_: &PoolName, _: &'static Location<'static>, why: &OffloadError) {
        assert!(why.to_string().contains("on purpose"), "{why}");
        LOST.fetch_add(1, Ordering::SeqCst);
    }
}

/// Otherwise nobody hears of that panic.
#[test]
fn a_context_that_panics_makes_its_job_a_lost_one() {
    within(|| {
        let pool: Pool<Carries> = Pool::builder().max_threads(1).build().unwrap();
        // The job is detached before it runs. Otherwise `detach` drops its context.
        let (plugged, release) = plug_with(&pool, ());
        pool.run(|| ()).detach();
        plugged.detach();
        drop(release);
        eventually("told", || LOST.load(Ordering::SeqCst) == 2);
    });
}

/// Counts the jobs that will not run.
struct Abandoned;

static ABANDONED: AtomicUsize = AtomicUsize::new(0);

impl Ambient for Abandoned {
    type Context = Explodes;

    fn context(_config: &Config) -> Option<Explodes> {
        Some(Explodes)
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&Explodes>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn lost(_: &PoolName, _: &'static Location<'static>, why: &OffloadError) {
        assert!(matches!(why, OffloadError::ShutDown { .. }), "{why}");
        ABANDONED.fetch_add(1, Ordering::SeqCst);
    }
}

/// Otherwise that panic unwinds through the shutdown, and nobody hears of the second job.
#[test]
fn a_context_that_panics_keeps_no_abandoned_job_from_being_told() {
    within(|| {
        let pool: Pool<Abandoned> = Pool::builder().max_threads(1).build().unwrap();
        let (plugged, release) = plug_with(&pool, ());
        pool.run(|| ()).detach();
        pool.run(|| ()).detach();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!(report.abandoned, 2);
        assert_eq!(ABANDONED.load(Ordering::SeqCst), 2);
        drop((release, plugged));
    });
}
