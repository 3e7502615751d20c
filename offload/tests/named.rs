//! Checks that threads, figures, errors and reports give the name of their pool.

mod common;

use std::{
    future::{pending, ready},
    panic::Location,
    sync::{Mutex, mpsc},
    task::{Context, Waker},
    thread,
    time::Duration,
};

use bridge_offload::{Ambient, Builder, Config, OffloadError, Pool, PoolName, Report};
use common::{begin_shutdown, eventually};
use pollster::block_on;
use testkit::within;

/// Keeps what is reported of detached jobs.
struct Keeps;

static LOST: Mutex<Vec<(PoolName, String)>> = Mutex::new(Vec::new());

/// The name of the thread that made the report of a stall.
static REPORTER: Mutex<Option<String>> = Mutex::new(None);

impl Ambient for Keeps {
    type Context = ();

    fn context(_config: &Config) -> Option<()> {
        None
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&()>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn lost(pool: &PoolName, _: &'static Location<'static>, why: &OffloadError) {
        LOST.lock().unwrap().push((pool.clone(), why.to_string()));
    }

    fn stalled(_: &Report) {
        *REPORTER.lock().unwrap() = thread_name();
    }
}

fn thread_name() -> Option<String> {
    thread::current().name().map(str::to_owned)
}

/// Returns the name of the thread that runs a job.
fn worker_of(builder: Builder) -> Option<String> {
    block_on(builder.build().unwrap().run(thread_name))
}

#[test]
fn the_threads_are_called_like_their_pool() {
    within(|| {
        let builder = Pool::builder;
        assert_eq!(worker_of(builder()).as_deref(), Some("bridge-offload"));
        assert_eq!(worker_of(builder().name("")), worker_of(builder()));
        assert_eq!(worker_of(builder().name("db")).as_deref(), Some("db"));
        let both = builder().name("db").thread_name("worker");
        assert_eq!(worker_of(both).as_deref(), Some("worker"));
    });
}

/// Otherwise a debugger shows a report that blocks as a stuck monitor.
#[test]
fn the_thread_of_a_report_is_called_like_its_pool() {
    within(|| {
        let (pool, open) = plugged();
        let queued = pool.run(|| ()).start();
        let reporter = || REPORTER.lock().unwrap().clone();
        eventually("reported", || reporter().is_some());
        assert_eq!(reporter().as_deref(), Some("db-report"));
        drop(open);
        block_on(queued);
    });
}

#[test]
fn a_name_with_a_nul_is_refused() {
    let error = Pool::<Keeps>::builder().name("d\0b").build().unwrap_err();
    assert!(error.to_string().contains("NUL"), "{error}");
}

/// A pool with one thread, which is blocked until the sender is dropped.
fn plugged() -> (Pool<Keeps>, mpsc::Sender<()>) {
    let builder = Pool::builder().name("db").max_threads(1);
    let pool = builder.queue_capacity(1).build().unwrap();
    let (here, there) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let plug = move || {
        here.send(()).unwrap();
        let _open = gate.recv();
    };
    pool.try_run(plug).unwrap().detach();
    there.recv().unwrap();
    (pool, open)
}

#[test]
fn figures_errors_and_reports_carry_the_name() {
    within(|| {
        let (pool, open) = plugged();
        let name = pool.metrics().name;
        assert_eq!(name.as_str(), Some("db"));
        let queued = pool.run(|| ()).start();
        let full = pool.try_run(|| ()).unwrap_err();
        assert!(full.is_full() && full.to_string().contains("`db`"));
        let in_backlog = pool.run(|| ()).start();
        let late = block_on(pool.run_unless(|| (), ready(()))).unwrap_err();
        assert!(late.is_timed_out() && late.to_string().contains("`db`"));
        let mut shut_out = Box::pin(pool.run_unless(|| (), pending()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(shut_out.as_mut().poll(&mut cx).is_pending());

        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!(report.pool, name);
        let closed = pool.try_run(|| ()).unwrap_err();
        assert!(closed.is_shut_down() && closed.to_string().contains("`db`"));
        let closed = block_on(shut_out).unwrap_err();
        assert!(closed.is_shut_down() && closed.to_string().contains("`db`"));
        // The first was queued, the second was never admitted, and the third comes late.
        for job in [queued, in_backlog, pool.run(|| ())] {
            let error = block_on(job.outcome()).unwrap_err();
            assert_eq!(error.pool(), Some(&name), "{error}");
            assert!(error.to_string().contains("the pool `db`"), "{error}");
        }
        drop(open);
    });
}

#[test]
fn a_lost_job_is_reported_with_the_name() {
    within(|| {
        let (pool, open) = plugged();
        let name = pool.metrics().name;
        drop(open);
        pool.run(|| panic!("not awaited")).detach();
        // This job panics before it is detached, and the report runs on this thread.
        let job = pool.run(|| panic!("detached late")).start();
        eventually("both are counted", || pool.metrics().panicked == 2);
        job.detach();
        let _report = pool.shutdown(Duration::from_mins(1)).wait();
        pool.run(|| ()).detach();
        let lost = LOST.lock().unwrap().clone();
        assert_eq!(lost.len(), 3, "{lost:?}");
        assert!(lost.iter().all(|(pool, _)| *pool == name), "{lost:?}");
        assert!(lost[0].1.contains("not awaited"), "{lost:?}");
        assert!(lost[1].1.contains("detached late"), "{lost:?}");

        LOST.lock().unwrap().clear();
        let (pool, open) = plugged();
        let (queued, in_backlog) = (pool.run(|| ()), pool.run(|| ()));
        queued.detach();
        in_backlog.detach();
        let _report = pool.shutdown(Duration::ZERO).wait();
        let lost = LOST.lock().unwrap().clone();
        assert_eq!(lost.len(), 2, "{lost:?}");
        assert!(lost.iter().all(|(pool, _)| *pool == name), "{lost:?}");
        drop(open);
    });
}

/// Otherwise a debugger shows one of these threads as another, or as one of another pool.
#[cfg(target_os = "linux")]
#[test]
fn the_threads_beside_the_workers_are_called_like_their_pool() {
    within(|| {
        let (open, gate) = mpsc::channel::<()>();
        let builder = Pool::<Keeps>::builder().name("cache").max_threads(1);
        let pool = builder.build().unwrap();
        let plug = pool.run(move || gate.recv().is_err()).start();
        let queued = pool.run(|| ()).start();
        eventually("a monitor looks on", || {
            testkit::has_thread("cache-monitor")
        });
        assert!(!testkit::has_thread("cache-shutdown"));
        let shutdown = begin_shutdown(&pool);
        eventually("a thread waits for the end", || {
            testkit::has_thread("cache-shutdown")
        });
        drop(open);
        assert!(block_on(plug));
        block_on(queued);
        let _report = block_on(shutdown);
    });
}
