//! Checks the names of the threads that a bridge has beside its workers, as the guide tells
//! them.
//!
//! This is a test target of its own, because no other test may start such threads.
#![cfg(target_os = "linux")]

use std::{
    pin::Pin,
    sync::mpsc,
    task::{Context, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge::{Bridge, Pool, wait};
use testkit::{has_thread, within};

/// Calls `look` until there is a thread of this name.
fn until_exists(name: &str, mut look: impl FnMut()) {
    let start = Instant::now();
    while !has_thread(name) {
        look();
        assert!(start.elapsed() < Duration::from_secs(10), "no {name}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Otherwise a debugger shows this thread under a name that the guide does not tell.
#[test]
fn the_monitor_of_a_pool_without_a_name() {
    within(|| {
        let pool = Pool::builder().max_threads(1).build().unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let plug = pool.run(move || gate.recv().is_err()).start();
        let queued = pool.run(|| true).start();
        until_exists("bridge-monitor", || ());
        drop(open);
        assert!(wait(plug) && wait(queued));
    });
}

/// Otherwise a debugger shows this thread under a name that the guide does not tell.
#[test]
fn the_clock_of_limits() {
    within(|| {
        let builder = Pool::builder().name("queue").max_threads(1);
        let pool = builder.queue_capacity(1).build().unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let plug = pool.try_run(move || gate.recv().is_err()).unwrap();
        while pool.metrics().running == 0 {
            thread::yield_now();
        }
        let queued = pool.try_run(|| true).unwrap();
        let late = wait(pool.run_timeout(|| true, Duration::from_millis(1)));
        assert!(late.is_err(), "the queue is full");
        until_exists("bridge-clock", || ());
        drop(open);
        assert!(wait(plug) && wait(queued));
    });
}

/// Otherwise a debugger shows this thread under a name that the guide does not tell.
#[test]
fn the_end_of_the_home_of_a_bridge_with_a_name() {
    within(|| {
        let builder = Bridge::builder().name("db").worker_threads(1);
        let bridge = builder.build().unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        bridge.handle().unwrap().spawn_blocking(move || {
            start.send(()).unwrap();
            gate.recv().is_err()
        });
        started.recv().unwrap();
        let mut shutdown = bridge.shutdown(Duration::MAX);
        let mut cx = Context::from_waker(Waker::noop());
        // Home begins to end at a poll after the pool has ended.
        until_exists("bridge-shutdown", || {
            assert!(Pin::new(&mut shutdown).poll(&mut cx).is_pending());
        });
        drop(open);
        let report = futures::executor::block_on(shutdown);
        assert!(report.running.is_empty());
    });
}
