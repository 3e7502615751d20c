//! A closure that its caller takes back leaves nothing of its job behind.
#![cfg(not(bridge_loom))]

use std::{
    cell::Cell,
    future::{Future, pending, ready},
    pin::pin,
    sync::mpsc,
    task, thread,
    time::Duration,
};

use bridge_offload::{Ambient, Config, Pool, Rejected};
use pollster::block_on;
use testkit::within;

thread_local! {
    /// The number of contexts that this thread has captured, less those that it has dropped.
    static LIVING: Cell<isize> = const { Cell::new(0) };
}

/// A context that is counted on its thread.
struct Counted;

impl Counted {
    fn new() -> Self {
        LIVING.set(LIVING.get() + 1);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        LIVING.set(LIVING.get() - 1);
    }
}

struct Counting;

impl Ambient for Counting {
    type Context = Counted;

    fn context(_config: &Config) -> Option<Counted> {
        Some(Counted::new())
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&Counted>, closure: impl FnOnce() -> R) -> R {
        closure()
    }
}

/// Returns a pool whose only worker runs a job that nobody awaits, and whose queue is full.
/// The jobs end when the sender drops.
fn full() -> (Pool<Counting>, mpsc::Sender<()>) {
    let pool: Pool<Counting> = Pool::builder()
        .max_threads(1)
        .queue_capacity(1)
        .build()
        .unwrap();
    let (open, gate) = mpsc::channel::<()>();
    let (begun, has_begun) = mpsc::channel();
    let submit = {
        let pool = pool.clone();
        move || {
            let running = pool.run(move || {
                begun.send(()).unwrap();
                let _open = gate.recv();
            });
            running.detach();
            has_begun.recv().unwrap();
            pool.run(|| ()).detach();
        }
    };
    // The worker drops the contexts of these jobs, so this thread does not capture them.
    thread::spawn(submit).join().unwrap();
    (pool, open)
}

#[test]
fn its_context_is_dropped() {
    within(|| {
        let (pool, open) = full();
        let refused = pool.try_run(|| 1).map(drop).unwrap_err();
        assert_eq!(LIVING.get(), 0, "refused at once");
        let in_time = pool.run_unless(|| 2, ready(()));
        let late = block_on(in_time).map(drop).unwrap_err();
        assert_eq!(LIVING.get(), 0, "taken out of the backlog");
        assert!(matches!(refused, Rejected::Full { .. }), "{refused:?}");
        assert!(matches!(late, Rejected::TimedOut { .. }), "{late:?}");
        assert_eq!(refused.into_inner()() + late.into_inner()(), 3);

        let mut waiting = pin!(pool.run_unless(|| 4, pending()));
        let mut cx = task::Context::from_waker(task::Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        assert_eq!(LIVING.get(), 1, "in the backlog");
        let shutdown = thread::spawn({
            let pool = pool.clone();
            move || pool.shutdown(Duration::from_secs(10)).wait()
        });
        let closed = block_on(waiting).map(drop).unwrap_err();
        assert!(matches!(closed, Rejected::ShutDown { .. }), "{closed:?}");
        assert_eq!(closed.into_inner()(), 4);
        drop(open);
        assert_eq!(shutdown.join().unwrap().completed, 2);
    });
}
