//! Tries what the page `comparison` says about other crates.
//!
//! Each pool has one thread, so no timing decides: a second job can't start while the
//! first one runs.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::channel,
    },
    task::{Context, Waker},
    time::Duration,
};

use bridge::{Bridge, Wait};
use deadpool_runtime::Runtime::Tokio1;
use deadpool_sync::SyncWrapper;
use testkit::within;
use tokio::{runtime::Builder, task};
use tokio_rayon::AsyncThreadPool as _;

/// Time for a job to start, although the only thread is taken. It never starts.
const WHILE: Duration = Duration::from_millis(200);

/// A pool with one thread.
trait Pool: Clone + Send + Sync + 'static {
    fn one_thread() -> Self;

    /// Returns the pool's future of a job. The pool may have started the job.
    fn future(
        &self,
        job: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static;
}

#[derive(Clone)]
struct Affinity(Arc<affinitypool::Threadpool>);

impl Pool for Affinity {
    fn one_thread() -> Self {
        Self(Arc::new(affinitypool::Threadpool::new(1)))
    }

    fn future(
        &self,
        job: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.0.spawn(job)
    }
}

#[derive(Clone)]
struct Rayon(Arc<rayon::ThreadPool>);

impl Pool for Rayon {
    fn one_thread() -> Self {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        Self(Arc::new(pool.unwrap()))
    }

    fn future(
        &self,
        job: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.0.spawn_async(job)
    }
}

/// The pool of Tokio's blocking threads.
#[derive(Clone)]
struct Tokio(Arc<tokio::runtime::Runtime>);

impl Pool for Tokio {
    fn one_thread() -> Self {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(1)
            .build();
        Self(Arc::new(runtime.unwrap()))
    }

    fn future(
        &self,
        job: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        let job = self.0.spawn_blocking(job);
        async { job.await.unwrap() }
    }
}

/// The pool of the crate `blocking`, which all users of the process share.
#[derive(Clone)]
struct Unblock;

impl Pool for Unblock {
    fn one_thread() -> Self {
        blocking::set_max_blocking_threads(1.try_into().unwrap());
        Self
    }

    fn future(
        &self,
        job: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        blocking::unblock(job)
    }
}

#[derive(Clone)]
struct Ours(Bridge);

impl Pool for Ours {
    fn one_thread() -> Self {
        Self(Bridge::builder().max_threads(1).build().unwrap())
    }

    fn future(
        &self,
        job: impl FnOnce() + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static {
        self.0.offload(job).start()
    }
}

/// Returns whether a job can wait for another job of its pool.
///
/// Where the other job can't start, `limit` ends the wait.
fn nests<P: Pool>(limit: Duration) -> bool {
    within(|| {
        let pool = P::one_thread();
        let (inner, (done, ended)) = (pool.clone(), channel());
        let outer = pool.future(move || {
            let job = inner.future(|| ());
            let waited = job.wait_timeout(limit);
            done.send(waited.is_ok()).unwrap();
        });
        bridge::wait(outer);
        ended.recv().unwrap()
    })
}

#[test]
fn only_the_bridge_runs_what_its_one_thread_waits_for() {
    assert!(nests::<Ours>(testkit::LIMIT));
    assert!(!nests::<Affinity>(WHILE));
    assert!(!nests::<Rayon>(WHILE));
    assert!(!nests::<Tokio>(WHILE));
    assert!(!nests::<Unblock>(WHILE));
}

/// Returns whether a queued job runs although its future was dropped.
fn runs_when_dropped<P: Pool>() -> bool {
    within(|| {
        let pool = P::one_thread();
        let ((started, start), (release, wait)) = (channel(), channel::<()>());
        let first = pool.future(move || {
            started.send(()).unwrap();
            assert!(wait.recv().is_err());
        });
        let mut first = pin!(first);
        let polled = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        start.recv().unwrap();
        let ran = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ran);
        drop(pool.future(move || flag.store(true, SeqCst)));
        drop(release);
        bridge::wait(first);
        // The one thread takes the jobs in their order.
        bridge::wait(pool.future(|| ()));
        ran.load(SeqCst)
    })
}

#[test]
fn a_dropped_future_withdraws_a_queued_job_in_some_pools() {
    assert!(!runs_when_dropped::<Ours>());
    assert!(!runs_when_dropped::<Affinity>());
    assert!(!runs_when_dropped::<Unblock>());
    assert!(runs_when_dropped::<Rayon>());
    assert!(runs_when_dropped::<Tokio>());
}

#[test]
fn the_bridge_refuses_a_job_when_its_queue_is_full() {
    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build()
            .unwrap();
        let ((started, start), (release, wait)) = (channel(), channel::<()>());
        let busy = bridge.offload(move || {
            started.send(()).unwrap();
            assert!(wait.recv().is_err());
        });
        let busy = busy.start();
        start.recv().unwrap();
        let queued = bridge.try_offload(|| ()).unwrap();
        assert!(bridge.try_offload(|| ()).unwrap_err().is_full());
        drop(release);
        bridge::wait(busy);
        bridge::wait(queued);
    });
}

#[test]
fn pollster_and_futures_need_no_runtime_and_give_none() {
    within(|| {
        assert_eq!(pollster::block_on(async { 7 }), 7);
        assert_eq!(futures::executor::block_on(async { 7 }), 7);
        let timer = async { tokio::time::sleep(Duration::ZERO).await };
        assert!(catch_unwind(AssertUnwindSafe(|| pollster::block_on(timer))).is_err());
        async { tokio::time::sleep(Duration::ZERO).await }.wait();
    });
}

#[test]
fn pollster_nests_and_futures_refuses() {
    within(|| {
        assert_eq!(
            pollster::block_on(async { pollster::block_on(async { 7 }) }),
            7
        );
        let nested = || {
            use futures::executor::block_on;
            block_on(async { block_on(async { 7 }) })
        };
        assert!(catch_unwind(nested).is_err());
        assert_eq!(async { async { 7 }.wait() }.wait(), 7);
    });
}

#[test]
fn other_pools_work_under_any_executor_and_so_does_the_bridge() {
    within(|| {
        assert_eq!(pollster::block_on(blocking::unblock(|| 7)), 7);
        assert_eq!(
            pollster::block_on(affinitypool::Threadpool::new(1).spawn(|| 7)),
            7
        );
        assert_eq!(pollster::block_on(bridge::offload(|| 7)), 7);
        // `spawn_blocking` needs a Tokio runtime.
        let outside = catch_unwind(|| drop(task::spawn_blocking(|| 7)));
        assert!(outside.is_err());
    });
}

#[test]
fn deadpool_lends_the_value_by_a_mutable_borrow_to_one_closure_at_a_time() {
    within(|| {
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let made = SyncWrapper::new(Tokio1, || Ok::<_, ()>(vec![1]));
            let list = made.await.unwrap();
            list.interact(|list| list.push(2)).await.unwrap();
            assert_eq!(list.interact(|list| list.len()).await.unwrap(), 2);
            // Its panic is an error, and poisons the value.
            assert!(
                list.interact(|_| panic!("the closure's own text"))
                    .await
                    .is_err()
            );
            assert!(list.is_mutex_poisoned());
        });
    });
}
