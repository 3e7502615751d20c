//! The least that any pool does for a job: a queue, a thread, and one allocation that holds
//! the closure, its value and the waker.
//!
//! It is no pool that anybody could use. Its queue has no bound, its only thread never ends,
//! a panic of a job is lost with all jobs behind it, and a caller can't withdraw a job. So it
//! is no peer. Its figure is the part of a burst's time that no pool can save.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    thread,
};

use super::way::{Job, Way};

/// The number of times that the thread yields its processor before it sleeps. This lets the
/// submitters run on a crowded machine.
const YIELDS: usize = 4;

/// A thread with a queue of jobs.
#[derive(Clone)]
pub struct QueueAlone(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: Vec<Arc<dyn Run>>,
    is_asleep: bool,
}

impl std::fmt::Debug for QueueAlone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueueAlone").finish_non_exhaustive()
    }
}

impl QueueAlone {
    /// Starts the thread, which never ends.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::<Shared>::default();
        let of_thread = Arc::clone(&shared);
        thread::spawn(move || {
            let mut jobs = Vec::new();
            loop {
                of_thread.take(&mut jobs);
                jobs.drain(..).for_each(|job| job.run());
            }
        });
        Self(shared)
    }
}

impl Shared {
    /// Waits for jobs, and takes all that there are.
    fn take(&self, jobs: &mut Vec<Arc<dyn Run>>) {
        let mut yields = 0;
        let mut queue = lock(&self.queue);
        while queue.jobs.is_empty() {
            if yields < YIELDS {
                yields += 1;
                drop(queue);
                thread::yield_now();
                queue = lock(&self.queue);
            } else {
                queue.is_asleep = true;
                queue = self.filled.wait(queue).expect("no job panics");
            }
        }
        queue.is_asleep = false;
        mem::swap(&mut queue.jobs, jobs);
    }

    fn submit(&self, job: Arc<dyn Run>) {
        let mut queue = lock(&self.queue);
        queue.jobs.push(job);
        let wakes = mem::take(&mut queue.is_asleep);
        drop(queue);
        if wakes {
            self.filled.notify_one();
        }
    }
}

trait Run: Send + Sync {
    fn run(&self);
}

/// A job: its closure, then its value, and the waker of its caller.
struct Slot<J, T>(Mutex<(Stage<J, T>, Option<Waker>)>);

enum Stage<J, T> {
    Queued(J),
    Done(T),
    Empty,
}

impl<T: Send, J: Job<T>> Run for Slot<J, T> {
    fn run(&self) {
        let Stage::Queued(job) = mem::replace(&mut lock(&self.0).0, Stage::Empty) else {
            unreachable!("a job runs once")
        };
        let value = job();
        let mut slot = lock(&self.0);
        slot.0 = Stage::Done(value);
        let waker = slot.1.take();
        drop(slot);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The future of a job, which is queued at the first poll.
struct Queued<J, T> {
    slot: Arc<Slot<J, T>>,
    shared: Option<Arc<Shared>>,
}

impl<T: Send + 'static, J: Job<T>> Future for Queued<J, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut slot = lock(&self.slot.0);
        if let Stage::Done(_) = slot.0
            && let Stage::Done(value) = mem::replace(&mut slot.0, Stage::Empty)
        {
            return Poll::Ready(value);
        }
        slot.1 = Some(cx.waker().clone());
        drop(slot);
        if let Some(shared) = self.shared.take() {
            shared.submit(Arc::clone(&self.slot) as _);
        }
        Poll::Pending
    }
}

impl Way for QueueAlone {
    const NAME: &'static str = "queue_without_pool";

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        Queued {
            slot: Arc::new(Slot(Mutex::new((Stage::Queued(job), None)))),
            shared: Some(Arc::clone(&self.0)),
        }
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.run(job)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no job panics")
}
