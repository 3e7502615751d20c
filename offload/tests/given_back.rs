//! What is given back: a closure that its caller takes back leaves nothing of its job behind, and
//! a job that a wait gives back is lent to it again.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn, ready},
    pin::pin,
    sync::mpsc,
    task, thread,
    time::Duration,
};

use bridge_offload::{Ambient, Config, Pool, Rejected};
use futures::channel::oneshot;
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

/// Otherwise such a future gives its job back for ever, because it never parks.
#[test]
fn a_future_that_wakes_itself_lets_a_lent_job_run_although_each_poll_waits() {
    within(|| {
        let pool = common::pool_with_blocked(1, 1);
        // The other thread of the pool is parked too.
        let (open, gate) = oneshot::channel::<()>();
        let other = pool.run(|| common::try_wait(gate).map(|_| ())).start();
        common::eventually("parked", || pool.metrics().blocked == 1);
        let inner = pool.clone();
        let value = common::wait(pool.run(move || {
            let mut task = None;
            common::wait(poll_fn(|cx| {
                common::wait(async {});
                cx.waker().wake_by_ref();
                task.get_or_insert_with(|| Box::pin(inner.run(|| 42)))
                    .as_mut()
                    .poll(cx)
            }))
        }));
        assert_eq!(value, 42);
        drop(open);
        assert_eq!(common::wait(other), Ok(()));
    });
}
