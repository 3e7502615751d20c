//! The places where a program runs: on a pool, or on unbounded threads.

use std::{pin::Pin, thread, time::Duration};

use bridge_offload::Pool;
use futures::channel::oneshot;

use crate::common::{WaitError, try_wait};

/// The future of a job.
pub(crate) type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The error of a wait for which the pool has no worker.
#[derive(Debug)]
pub(crate) struct Told;

/// A place where jobs are submitted and wait.
pub(crate) trait World: Clone + Send + 'static {
    /// Submits a job now.
    fn start<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T>;

    /// Submits a job at the first poll.
    fn offload<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T>;

    fn wait<F: Future>(&self, future: F) -> Result<F::Output, Told>;
}

impl World for Pool {
    fn start<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        Box::pin(self.run(job).start())
    }

    fn offload<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        Box::pin(self.run(job))
    }

    fn wait<F: Future>(&self, future: F) -> Result<F::Output, Told> {
        try_wait(future).map_err(|error| {
            assert_eq!(error, WaitError::Exhausted);
            Told
        })
    }
}

/// Runs each job on a thread of its own.
#[derive(Clone)]
pub(crate) struct Threads;

impl World for Threads {
    fn start<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        let (send, receive) = oneshot::channel();
        thread::spawn(move || {
            let _not_awaited = send.send(job());
        });
        Box::pin(async { receive.await.expect("the job does not panic") })
    }

    fn offload<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Pending<T> {
        Box::pin(async { Self.start(job).await })
    }

    fn wait<F: Future>(&self, future: F) -> Result<F::Output, Told> {
        Ok(pollster::block_on(future))
    }
}

/// Waits until another thread has slept for a moment.
pub(crate) async fn pause() {
    let (send, receive) = oneshot::channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(1));
        let _not_awaited = send.send(());
    });
    receive.await.expect("the thread sends");
}
