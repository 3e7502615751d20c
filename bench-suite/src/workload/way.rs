//! The ways to run a blocking job from async code: the bridge, and each peer.

use std::{fmt, sync::Arc};

use ::bridge::Bridge;
use affinitypool::Threadpool;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio_rayon::AsyncThreadPool;

use crate::settings;

/// A closure that may run on any thread.
pub trait Job<T>: FnOnce() -> T + Send + 'static {}

impl<T, J: FnOnce() -> T + Send + 'static> Job<T> for J {}

/// One way to run a job, used as its documentation advises.
pub trait Way: Clone + Send + Sync + 'static {
    /// The name under which the way is measured.
    const NAME: &'static str;

    /// Whether the way panics on a thread on which no runtime is entered.
    const NEEDS_RUNTIME: bool = false;

    /// Returns a future of the job's result.
    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<Self, T, J>;

    /// Queues the job at once, before anything awaits it, and returns a future of its
    /// result.
    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<Self, T, J>;
}

/// The bridge.
#[derive(Clone, Debug)]
pub struct Ours(pub Bridge);

impl Ours {
    /// Returns the bridge with the default settings.
    #[must_use]
    pub fn global() -> Self {
        Self(Bridge::global().clone())
    }

    /// Returns a bridge whose queue holds `capacity` jobs.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is zero.
    #[must_use]
    pub fn with_queue(capacity: usize) -> Self {
        let bridge = Bridge::builder().queue_capacity(capacity).build();
        Self(bridge.expect("a queue of that size"))
    }

    /// Returns a bridge whose pool has `threads` threads.
    ///
    /// # Panics
    ///
    /// Panics if `threads` is zero.
    #[must_use]
    pub fn with_threads(threads: usize) -> Self {
        let bridge = Bridge::builder().max_threads(threads).build();
        Self(bridge.expect("that many threads"))
    }
}

impl Way for Ours {
    const NAME: &'static str = "bridge";

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.0.offload(job)
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.0.offload(job).start()
    }
}

/// Tokio's own blocking pool.
#[derive(Clone, Copy, Debug)]
pub struct SpawnBlocking;

impl Way for SpawnBlocking {
    const NAME: &'static str = "spawn_blocking";
    const NEEDS_RUNTIME: bool = true;

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        let task = tokio::task::spawn_blocking(job);
        async move { task.await.expect("the job does not panic") }
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.run(job)
    }
}

/// The `blocking` crate.
#[derive(Clone, Copy, Debug)]
pub struct Unblock;

impl Way for Unblock {
    const NAME: &'static str = "unblock";

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        blocking::unblock(job)
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.run(job)
    }
}

/// `tokio-rayon`, a pool for computation.
#[derive(Clone, Copy, Debug)]
pub struct TokioRayon;

impl Way for TokioRayon {
    const NAME: &'static str = "tokio_rayon";

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        tokio_rayon::spawn(job)
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.run(job)
    }
}

/// `tokio-rayon` with a pool of its own, instead of rayon's global pool.
#[derive(Clone, Debug)]
pub struct TokioRayonPool(Arc<ThreadPool>);

impl TokioRayonPool {
    /// Returns a pool of `threads` threads.
    ///
    /// # Panics
    ///
    /// Panics if the system can't start the threads.
    #[must_use]
    pub fn of(threads: usize) -> Self {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        Self(Arc::new(pool.expect("threads")))
    }
}

impl Way for TokioRayonPool {
    const NAME: &'static str = TokioRayon::NAME;

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.0.spawn_async(job)
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.run(job)
    }
}

/// `affinitypool`, a pool with a shard of its queue for each producer.
///
/// The pool is never dropped, because the futures of its jobs capture the lifetime of
/// the reference to it. A global pool is never dropped either.
#[derive(Clone, Copy)]
pub struct Affinity(&'static Threadpool);

impl fmt::Debug for Affinity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Affinity")
            .field(&self.0.thread_count())
            .finish()
    }
}

impl Affinity {
    /// Returns a pool of `threads` threads.
    #[must_use]
    pub fn of(threads: usize) -> Self {
        Self(Box::leak(Box::new(Threadpool::new(threads))))
    }

    /// Returns a pool with a thread per core, which is the crate's default.
    #[must_use]
    pub fn per_core() -> Self {
        Self::of(settings::cores())
    }
}

impl Way for Affinity {
    const NAME: &'static str = "affinitypool";

    fn run<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.0.spawn(job)
    }

    fn start<T: Send + 'static, J: Job<T>>(
        &self,
        job: J,
    ) -> impl Future<Output = T> + Send + use<T, J> {
        self.run(job)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::workload::run;

    fn leaves_this_thread(way: &impl Way) {
        let here = thread::current().id();
        let runtime = run::multi_thread();
        let (ran, started) = runtime.block_on(async {
            let started = way.start(|| (thread::current().id(), 1));
            (way.run(|| (thread::current().id(), 2)).await, started.await)
        });
        assert_eq!((started.1, ran.1), (1, 2));
        assert!(ran.0 != here && started.0 != here, "a job must not block");
    }

    #[test]
    fn every_way_does_the_job_on_another_thread() {
        testkit::within(|| {
            leaves_this_thread(&Ours::global());
            leaves_this_thread(&SpawnBlocking);
            leaves_this_thread(&Unblock);
            leaves_this_thread(&TokioRayon);
            leaves_this_thread(&TokioRayonPool::of(2));
            leaves_this_thread(&Affinity::of(2));
        });
    }
}
