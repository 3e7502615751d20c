//! The public interface of the pool.
//!
//! [`builder`] builds a pool. [`offload`] is the future of a job, and [`outcome`] the same future
//! with errors in place of panics. [`shutdown`] is the end of the pool. [`cancellation`] is what a closure may ask the pool while it runs. [`handle`]
//! closes a pool that nobody holds any more. [`wait_listing`] is where a thread that is no worker
//! notes its wait for reports.

pub(crate) mod builder;
pub(crate) mod cancellation;
pub(crate) mod handle;
pub(crate) mod offload;
pub(crate) mod outcome;
pub(crate) mod shutdown;
pub(crate) mod wait_listing;

use std::{
    fmt, marker::PhantomData, panic::Location, pin::pin, sync::Arc, task::Poll, time::Duration,
};

use self::{builder::Builder, handle::Handle, offload::Offload, shutdown::PoolShutdown};
use crate::{
    core::{Core, Refusal},
    job::{
        Job,
        ambient::{Ambient, Bare, Config, Timer},
        awaitable::Awaitable,
        large::Large,
        runnable::Submitted,
    },
    platform::fork::{Forked, OfProcess},
    schedule::limits::WhenFull,
    vocabulary::{
        error::{OffloadError, Rejected},
        metrics::Metrics,
        report::Report,
    },
};

/// A bounded pool of threads for blocking closures.
///
/// Clones are handles to the same pool, and each of its futures holds a handle. When the
/// last handle is dropped, the pool takes no further job and runs the jobs that it has.
/// Then its threads end. The drop itself does not wait.
///
/// ```
/// use bridge_offload::Pool;
///
/// let pool: Pool = Pool::builder().max_threads(2).queue_capacity(64).build()?;
/// let length = pollster::block_on(pool.run(|| "blocking work".len()));
/// assert_eq!(length, 13);
/// # Ok::<(), bridge_offload::BuildError>(())
/// ```
pub struct Pool<A = Bare> {
    handle: Arc<Handle>,
    ambient: PhantomData<fn() -> A>,
}

impl Pool {
    /// Returns a pool with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<A: Ambient> Pool<A> {
    /// Returns a builder with the default settings.
    pub fn builder() -> Builder<A> {
        Builder::new()
    }

    pub(crate) fn from_core(core: Arc<Core>, config: Config) -> Self {
        Self {
            handle: Arc::new(Handle {
                name: core.limits.name.clone(),
                core: OfProcess::new(core),
                config,
            }),
            ambient: PhantomData,
        }
    }

    /// Runs a closure on the pool. If the queue is full, the future waits for room, in
    /// order of arrival.
    #[track_caller]
    pub fn run<F, T>(&self, closure: F) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // A large closure is boxed before anything else: see `large`.
        if Large::<F>::IS {
            self.run_at(Box::new(closure), Location::caller())
        } else {
            self.run_at(closure, Location::caller())
        }
    }

    /// Like [`run`](Self::run), but gives `at` as the place of the call.
    #[doc(hidden)]
    pub fn run_at<F, T>(&self, closure: F, at: &'static Location<'static>) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if Large::<F>::IS {
            Offload::new::<A>(Arc::clone(&self.handle), Box::new(closure), at)
        } else {
            Offload::new::<A>(Arc::clone(&self.handle), closure, at)
        }
    }

    /// Queues a closure now, or returns it.
    ///
    /// # Errors
    ///
    /// Returns [`Rejected::Full`] or [`Rejected::ShutDown`], with the closure.
    #[track_caller]
    pub fn try_run<F, T>(&self, closure: F) -> Result<Offload<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_run_at(closure, Location::caller())
    }

    /// Like [`try_run`](Self::try_run), but gives `at` as the place of the call.
    ///
    /// # Errors
    ///
    /// This returns the same errors as `try_run`.
    #[doc(hidden)]
    pub fn try_run_at<F, T>(
        &self,
        closure: F,
        at: &'static Location<'static>,
    ) -> Result<Offload<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if Large::<F>::IS {
            let refused = self.try_run_small(Box::new(closure), at);
            refused.map_err(|rejected| rejected.map(|closure| *closure))
        } else {
            self.try_run_small(closure, at)
        }
    }

    /// Like [`try_run_at`](Self::try_run_at), but the closure is not large, or is boxed.
    fn try_run_small<F, T>(
        &self,
        closure: F,
        at: &'static Location<'static>,
    ) -> Result<Offload<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let config = &self.handle.config;
        let (job, lineage) = Job::<F, T, A>::prepared(closure, at, config);
        let submitted = Submitted {
            job: Arc::clone(&job) as _,
            lineage,
        };
        match self.handle.submit(submitted, WhenFull::Refuse, || None) {
            Ok(_) => Ok(Offload::submitted(Arc::clone(&self.handle), job)),
            Err(refusal) => Err(refuse(&self.handle, job, refusal)),
        }
    }

    /// Runs a closure if the queue gets room before `give_up` resolves. That does
    /// not bound how long the closure runs.
    ///
    /// The caller brings the timer, because this crate has none:
    ///
    /// ```
    /// use bridge_offload::Pool;
    ///
    /// let pool = Pool::new();
    /// let never = std::future::pending();
    /// assert_eq!(pollster::block_on(pool.run_unless(|| 7, never))?, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`Rejected::TimedOut`] or [`Rejected::ShutDown`], with the closure.
    ///
    /// # Panics
    ///
    /// The future panics as [`Offload`] does.
    ///
    /// # Cancel safety
    ///
    /// This is as cancel safe as [`Offload`].
    #[track_caller]
    pub fn run_unless<F, T, G>(
        &self,
        closure: F,
        give_up: G,
    ) -> impl Future<Output = Result<T, Rejected<F>>> + use<F, T, A, G>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        G: Future<Output = ()>,
    {
        let handle = Arc::clone(&self.handle);
        let at = Location::caller();
        async move {
            let (job, lineage) = Job::<F, T, A>::prepared(closure, at, &handle.config);
            let submitted = Submitted {
                job: Arc::clone(&job) as _,
                lineage,
            };
            if let Err(refusal) = handle.submit(submitted, WhenFull::JoinBacklog, || None) {
                return Err(refuse(&handle, job, refusal));
            }
            let task = Offload::submitted(Arc::clone(&handle), Arc::clone(&job) as _);
            let mut task = pin!(task.outcome());
            let mut give_up = pin!(give_up);
            let mut may_give_up = true;
            let result = std::future::poll_fn(|cx| {
                if let Poll::Ready(result) = task.as_mut().poll(cx) {
                    return Poll::Ready(Some(result));
                }
                if may_give_up && give_up.as_mut().poll(cx).is_ready() {
                    may_give_up = false;
                    // A job that is not in the backlog any more was admitted, so it runs.
                    if let Ok(core) = handle.core.get()
                        && core.leave_backlog(Awaitable::header(&*job))
                    {
                        return Poll::Ready(None);
                    }
                }
                Poll::Pending
            })
            .await;
            match result {
                Some(Ok(value)) => Ok(value),
                // A thread of the parent may hold the job's lock.
                Some(Err(error @ OffloadError::Forked { .. })) => error.resume(),
                Some(Err(error)) => match job.reclaim() {
                    Some(closure) => Err(Rejected::ShutDown {
                        closure,
                        pool: handle.name.clone(),
                    }),
                    None => error.resume(),
                },
                None => Err(Rejected::TimedOut {
                    closure: take_back(&job),
                    pool: handle.name.clone(),
                }),
            }
        }
    }

    /// Runs a closure if the queue gets room within `limit`. That does not bound
    /// how long the closure runs.
    ///
    /// # Errors
    ///
    /// Returns [`Rejected::TimedOut`] or [`Rejected::ShutDown`], with the closure, if the queue has
    /// had no room for it.
    ///
    /// # Panics
    ///
    /// The future panics as [`Offload`] does. So it panics if the queue has taken the closure, and a
    /// shutdown uses up its grace before the closure starts.
    ///
    /// # Cancel safety
    ///
    /// This is as cancel safe as [`Offload`].
    #[track_caller]
    pub fn run_timeout<F, T>(
        &self,
        closure: F,
        limit: Duration,
    ) -> impl Future<Output = Result<T, Rejected<F>>> + use<F, T, A>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
        A: Timer,
    {
        self.run_unless(closure, A::sleep(limit))
    }

    /// Returns a call that shuts the pool down. Sync code runs the call with
    /// `.wait()`, and async code with `.await`.
    ///
    /// 1. The pool runs the admitted jobs for at most `grace`: the running and the queued ones. It
    ///    takes no further job, except what these need: jobs that they submit and do not detach,
    ///    and jobs that their waits submit. If the queue is full, detached jobs that wait for room
    ///    run too. Others that wait for room get [`ShutDown`](crate::OffloadError::ShutDown).
    /// 2. After the grace no job starts any more: the callers of queued jobs get
    ///    [`ShutDown`](crate::OffloadError::ShutDown). Running jobs are told to stop:
    ///    [`cancelled`](crate::cancelled) becomes true in them, and their
    ///    [hooks](crate::on_cancel) are called. If they end within the
    ///    [cancel grace](Builder::cancel_grace), their callers get the result.
    /// 3. The callers of jobs that still run get `ShutDown`. The report names these jobs.
    /// 4. If no job is left, this waits within the same time for the threads that have run
    ///    jobs: for their [stop hooks](Builder::on_thread_stop), and for the destructors of
    ///    their thread-locals. So hold no lock that one of these takes.
    ///
    /// A job of this pool may call this, and so may a future that such a job waits for. Then the
    /// shutdown leaves that job out: it does not wait for the job or count it. It also leaves out
    /// jobs that wait for such a job, now or later, but not in a lock or a channel.
    pub fn shutdown(&self, grace: Duration) -> PoolShutdown {
        PoolShutdown::new(&self.handle, grace, A::kept_by_shutdown)
    }

    /// Returns the figures of the pool at this moment.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let core = self.handle.core.get();
        core.map_or_else(
            |Forked| self.handle.metrics_in_child(),
            |core| core.metrics(),
        )
    }

    /// Reports every worker, job and wait of the pool, and who waits for whom.
    ///
    /// ```
    /// use bridge_offload::Pool;
    ///
    /// let pool = Pool::new();
    /// let inner = pool.clone();
    /// let job = pool.run(move || inner.report());
    /// let report = pollster::block_on(job);
    /// assert_eq!(report.jobs()[0].at().file(), file!());
    /// println!("{report}");
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        match self.handle.core.get() {
            Ok(core) => core.take_report(),
            Err(Forked) => Report {
                metrics: self.handle.metrics_in_child(),
                ..Report::default()
            },
        }
    }
}

/// Takes the closure back, and returns it with the reason of the refusal.
fn refuse<F, T, A>(handle: &Handle, job: Arc<Job<F, T, A>>, refusal: Refusal) -> Rejected<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    let Some(closure) = Job::into_closure(job) else {
        unreachable!("the pool has given the job back, so nobody else has it")
    };
    let pool = handle.name.clone();
    match refusal {
        Refusal::Full => Rejected::Full { closure, pool },
        Refusal::ShutDown | Refusal::Forked => Rejected::ShutDown { closure, pool },
    }
}

/// Takes the closure of a refused job back.
fn take_back<F, T, A>(job: &Job<F, T, A>) -> F
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    job.reclaim().unwrap_or_else(|| {
        unreachable!("the pool refused the job, so nobody else can have claimed it")
    })
}

impl<A: Ambient> Default for Pool<A> {
    fn default() -> Self {
        Self::builder()
            .build()
            .unwrap_or_else(|error| unreachable!("the default settings are in range: {error}"))
    }
}

impl<A> Clone for Pool<A> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
            ambient: PhantomData,
        }
    }
}

impl<A: Ambient> fmt::Debug for Pool<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only what needs no lock: a service may format a value that holds the pool at each request.
        f.debug_struct("Pool")
            .field("name", &self.handle.name)
            .finish_non_exhaustive()
    }
}
