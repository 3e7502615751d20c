//! The shutdown of a pool, polled where the system has no thread that could wait for its end.
#![cfg(all(target_os = "linux", not(bridge_loom)))]

mod common;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    time::Duration,
};

use bridge_offload::{Pool, PoolShutdown, Shutdown};
use common::{
    eventually,
    no_room::{NoRoom, STACK},
    plug, plug_with, wait,
};
use testkit::within;

/// The stack of the thread that waits for the end. The pools' own threads have larger ones, so
/// none of them leaves its stack to that thread.
const STACK_OF_WAITER: usize = 2 << 20;

/// One more than the test uses. A pool whose permits are all taken starts its monitor, and a thread
/// that starts needs memory.
const PERMITS: usize = 2;

/// Far longer than the test may take.
const LONG: Duration = Duration::from_mins(10);

/// Polls a shutdown once.
fn poll_once(mut shutdown: Pin<&mut PoolShutdown>) -> Poll<Shutdown> {
    wait(poll_fn(|cx| Poll::Ready(shutdown.as_mut().poll(cx))))
}

/// A job that blocks is told to stop, and the poll does not wait until it does.
fn a_poll_does_not_wait_for_a_job() {
    let builder = Pool::builder().max_threads(PERMITS).cancel_grace(LONG);
    let pool: Pool = builder.stack_size(STACK).build().unwrap();
    let (job, release) = plug(&pool);
    let no_room = NoRoom::for_stack(STACK_OF_WAITER);
    let Poll::Ready(report) = poll_once(pin!(pool.shutdown(Duration::ZERO))) else {
        panic!("the grace is over");
    };
    assert_eq!(report.running.len(), 1);
    drop((no_room, release));
    wait(job.outcome()).unwrap_err();
}

/// The pool has no job, and its thread is in its stop hook.
fn a_poll_does_not_wait_for_a_thread() {
    let (release, held) = mpsc::channel::<()>();
    let (stop, stops) = mpsc::channel();
    let held = Mutex::new(held);
    let hook = move || {
        stop.send(()).unwrap();
        let _released = held.lock().unwrap().recv();
    };
    let builder = Pool::builder().max_threads(PERMITS).on_thread_stop(hook);
    let pool: Pool = builder.stack_size(STACK).build().unwrap();
    wait(pool.run(|| ()));
    eventually("idle", || pool.metrics().idle == 1);
    let no_room = NoRoom::for_stack(STACK_OF_WAITER);
    let mut shutdown = pin!(pool.shutdown(LONG));
    // The worker may not have told the pool yet that the job has ended.
    let report = loop {
        if let Poll::Ready(report) = poll_once(shutdown.as_mut()) {
            break report;
        }
    };
    assert_eq!(report.running.len(), 0);
    stops.recv().unwrap();
    drop((no_room, release));
}

/// A stop hook goes on with a shutdown that another thread has begun. It must not wait for its own
/// thread.
fn a_stop_hook_may_take_it_over(end: fn(PoolShutdown) -> Shutdown) {
    let slot = Arc::new(Mutex::new(None::<PoolShutdown>));
    let (tell, told) = mpsc::channel();
    let begun = Arc::clone(&slot);
    let hook = move || {
        let shutdown = begun.lock().unwrap().take().unwrap();
        tell.send(end(shutdown).running.len()).unwrap();
    };
    let builder = Pool::builder().max_threads(PERMITS).on_thread_stop(hook);
    let pool: Pool = builder.stack_size(STACK).build().unwrap();
    let (job, release) = plug_with(&pool, 7);
    let no_room = NoRoom::for_stack(STACK_OF_WAITER);
    let mut shutdown = pool.shutdown(LONG);
    assert!(poll_once(Pin::new(&mut shutdown)).is_pending());
    drop(no_room);
    *slot.lock().unwrap() = Some(shutdown);
    drop(release);
    assert_eq!(told.recv(), Ok(0));
    assert_eq!(wait(job), 7);
}

/// Otherwise the poll blocks its executor.
///
/// This is one test, because the limit applies to the whole process.
#[test]
fn a_poll_does_not_block() {
    within(|| {
        a_poll_does_not_wait_for_a_job();
        a_poll_does_not_wait_for_a_thread();
        a_stop_hook_may_take_it_over(PoolShutdown::wait);
        a_stop_hook_may_take_it_over(wait);
    });
}
