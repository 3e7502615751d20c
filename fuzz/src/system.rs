//! The only module that knows the library's names.

use std::{
    pin::pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use offload::{Offload, OffloadError, Parked, Waiting, park::Parker};

use crate::{ledger::Told, program::Shape};

/// What is tested.
#[derive(Clone, Debug)]
pub struct System {
    pool: offload::Pool,
    most: usize,
}

/// A job of it.
#[derive(Debug)]
pub struct Task(Offload<u32>);

/// What came of queueing a job at once.
#[derive(Debug)]
pub enum Tried {
    Queued(Task),
    GivenBack,
}

impl System {
    /// A small one.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        let pool = offload::Pool::builder()
            .max_threads(shape.threads())
            .max_blocked_threads(shape.blocked())
            .queue_capacity(shape.queue())
            .build()
            .expect("sizes from one up");
        Self {
            pool,
            most: shape.threads() + shape.blocked(),
        }
    }

    pub fn make(&self, job: impl FnOnce() -> u32 + Send + 'static) -> Task {
        Task(self.pool.run(job))
    }

    pub fn attempt(&self, job: impl FnOnce() -> u32 + Send + 'static) -> Tried {
        match self.pool.try_run(job) {
            Ok(task) => Tried::Queued(Task(task)),
            Err(_) => Tried::GivenBack,
        }
    }

    /// Ends it; false if something was still running after `limit`.
    #[must_use]
    pub fn shut_down(&self, limit: Duration) -> bool {
        self.pool.shutdown(limit).running == 0
    }

    /// Checks what it says of itself, once it is shut down.
    ///
    /// # Panics
    ///
    /// If a bound was broken, or something stays behind.
    pub fn check(&self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            let now = self.pool.metrics();
            assert!(
                now.peak_threads <= self.most,
                "{now:?}, at most {}",
                self.most
            );
            // A thread counts its job's end a moment before it gives its
            // permit back.
            if (now.running, now.blocked, now.queued, now.in_line) == (0, 0, 0, 0) {
                return;
            }
            assert!(Instant::now() < deadline, "something stays behind: {now:?}");
            std::thread::yield_now();
        }
    }
}

impl Task {
    pub fn start(&mut self) {
        self.0.start();
    }

    /// Withdraws it; true if it had not started.
    pub fn cancel(&mut self) -> bool {
        self.0.cancel() == offload::Cancelled::Withdrawn
    }

    /// Waits for it, at most for `limit`: what is known of it, and its value.
    pub fn wait(self, limit: Option<Duration>) -> (Told, Option<u32>) {
        match wait(self.0.outcome(), limit) {
            None => (Told::Nothing, None),
            Some(Ok(value)) => (Told::Ran, Some(value)),
            Some(Err(OffloadError::Panicked(_))) => (Told::Ran, None),
            Some(Err(OffloadError::Cancelled { .. } | OffloadError::NoThread { .. })) => {
                (Told::DidNotRun, None)
            }
            // A shutdown may also have cut off a job that was running.
            Some(Err(_)) => (Told::Nothing, None),
        }
    }
}

/// Waits for several that are all queued first.
#[must_use]
pub fn wait_for_all(mut tasks: Vec<Task>) -> Vec<(Told, Option<u32>)> {
    for task in &mut tasks {
        task.start();
    }
    tasks.into_iter().map(|task| task.wait(None)).collect()
}

/// A wait made of the pool's own parts; `None` if it was given up.
fn wait<F: Future>(future: F, limit: Option<Duration>) -> Option<F::Output> {
    let deadline = limit.map(|limit| Instant::now() + limit);
    let mut waiting = Waiting::open();
    let parker = Parker::new();
    let waker = parker.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return Some(value);
        }
        if waiting.run_lent() {
            continue;
        }
        match waiting.park(&parker, deadline) {
            Parked::Woken | Parked::Lent => {}
            Parked::TimedOut | Parked::Exhausted => return None,
        }
    }
}
