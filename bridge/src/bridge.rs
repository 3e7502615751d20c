//! Instances: a home runtime, a pool, and the counts that bound them.

use std::{
    fmt,
    panic::Location,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use cache::Cache;
use detect::Place;
use offload_pool::{
    Lineage,
    exit::{self, BeforeExit, Leaving, Stage},
    helper::OnThread,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::{self, JoinHandle},
};

use crate::{
    Builder, Metrics, Offload, Pool, Rejected, WaitError,
    call::unwrap,
    driven::Driven,
    entered::Entered,
    home::Home,
    shutdown::BridgeShutdown,
    wait::{Terms, forked, large::Large, start},
};

/// A bridge between sync and async code: a home runtime and a pool.
///
/// [`Bridge::global`] needs no setting up and serves everything that names no
/// other. Bridges share nothing, so that one part of a program can't starve
/// another: give a part its own where that matters. Clones are handles to the
/// same bridge.
///
/// ```
/// use bridge::Bridge;
///
/// let bridge = Bridge::builder().max_threads(4).worker_threads(1).build()?;
/// let sum = bridge.wait(async { 40 + 2 });
/// assert_eq!(sum, 42);
/// # Ok::<(), bridge::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Bridge {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    home: Home,
    /// Knows whose task runs here, where this bridge has spawned it.
    cache: Arc<Cache>,
    max_nested_waits: usize,
    spin: Duration,
    debug: bool,
}

/// When the process exits, home ends first. Its [`Threads`](crate::home_threads::Threads)
/// are waited for by an entry of their own, because they outlive a bridge.
impl BeforeExit for Inner {
    fn stage(&self) -> Stage {
        Stage::Runtimes
    }

    fn grace(&self) -> Duration {
        self.home.exit_grace()
    }

    fn begin(self: Arc<Self>, _leaving: &Leaving) -> Option<Box<dyn FnOnce() + Send>> {
        self.home.begin_end();
        None
    }
}

static GLOBAL: OnceLock<Bridge> = OnceLock::new();

impl Bridge {
    /// The instance that serves the whole process.
    ///
    /// Its threads start when they are first needed. To configure it, call
    /// [`Builder::install_global`] before anything else uses it.
    #[must_use]
    pub fn global() -> &'static Self {
        GLOBAL.get_or_init(|| {
            Self::builder()
                .build()
                .unwrap_or_else(|error| unreachable!("the default settings are in range: {error}"))
        })
    }

    /// A builder with the default settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn from_parts(
        pool: Pool,
        home: Home,
        max_nested_waits: usize,
        spin: Duration,
        debug: bool,
    ) -> Self {
        let inner = Arc::new(Inner {
            pool,
            home,
            cache: Arc::new(Cache::new()),
            max_nested_waits,
            spin,
            debug,
        });
        if !inner.home.exit_grace().is_zero() {
            let entry: Arc<dyn BeforeExit> = Arc::clone(&inner) as _;
            let entry: Weak<dyn BeforeExit> = Arc::downgrade(&entry);
            exit::register(entry);
        }
        Self { inner }
    }

    /// Makes this the global instance; false if there is one.
    pub(crate) fn install(self) -> bool {
        GLOBAL.set(self).is_ok()
    }

    /// Waits for `future` on this thread.
    ///
    /// The future need be neither `Send` nor `'static`. A builder that is awaited
    /// is taken as it is: see [`Wait`](crate::Wait#builders). Where this thread may
    /// not park, it panics: see [`try_wait`](Self::try_wait).
    ///
    /// # Panics
    ///
    /// With the text of a [`WaitError`].
    #[track_caller]
    pub fn wait<F: IntoFuture>(&self, future: F) -> F::Output {
        unwrap(start!(F, self, future, Terms::NONE))
    }

    /// Waits for `future` on this thread, or says why that can't be.
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons.
    #[track_caller]
    pub fn try_wait<F: IntoFuture>(&self, future: F) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::NONE)
    }

    /// Waits for `future` on this thread for at most `limit`, then drops it.
    ///
    /// The limit is looked at between polls. So a wait or a blocking call inside
    /// the future is not bounded by it.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and what [`try_wait`](Self::try_wait) fails
    /// with.
    #[track_caller]
    pub fn wait_timeout<F: IntoFuture>(
        &self,
        future: F,
        limit: Duration,
    ) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::within(limit))
    }

    /// Waits for `future` on this thread, even where that freezes the executor
    /// which polls it; see [`wait_frozen`](crate::wait_frozen).
    ///
    /// # Panics
    ///
    /// With the text of a [`WaitError`].
    #[track_caller]
    pub fn wait_frozen<F: IntoFuture>(&self, future: F) -> F::Output {
        unwrap(start!(F, self, future, Terms::FROZEN))
    }

    /// [`wait_frozen`](Self::wait_frozen), with an error instead of a panic; see
    /// [`try_wait_frozen`](crate::try_wait_frozen).
    ///
    /// # Errors
    ///
    /// [`WaitError`] lists the reasons. [`WaitError::WouldFreeze`] is none of them.
    #[track_caller]
    pub fn try_wait_frozen<F: IntoFuture>(&self, future: F) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::FROZEN)
    }

    /// [`wait_frozen`](Self::wait_frozen) for at most `limit`; see
    /// [`wait_frozen_timeout`](crate::wait_frozen_timeout).
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`], and what
    /// [`try_wait_frozen`](Self::try_wait_frozen) fails with.
    #[track_caller]
    pub fn wait_frozen_timeout<F: IntoFuture>(
        &self,
        future: F,
        limit: Duration,
    ) -> Result<F::Output, WaitError> {
        start!(F, self, future, Terms::frozen_within(limit))
    }

    /// Runs a blocking closure on this bridge's pool; see
    /// [`offload`](crate::offload()).
    #[track_caller]
    pub fn offload<F, T>(&self, closure: F) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.offload_at(closure, Location::caller())
    }

    /// [`offload`](Self::offload) in the name of another place in the code.
    pub(crate) fn offload_at<F, T>(&self, closure: F, at: &'static Location<'static>) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.pool.run_at(closure, at)
    }

    /// Queues a blocking closure now, or gives it back.
    ///
    /// # Errors
    ///
    /// [`Rejected`] says why, and holds the closure.
    #[track_caller]
    pub fn try_offload<F, T>(&self, closure: F) -> Result<Offload<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.try_offload_at(closure, Location::caller())
    }

    /// [`try_offload`](Self::try_offload) in the name of another place in the
    /// code.
    pub(crate) fn try_offload_at<F, T>(
        &self,
        closure: F,
        at: &'static Location<'static>,
    ) -> Result<Offload<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.pool.try_run_at(closure, at)
    }

    /// Spawns a task that counts as a descendant of what spawns it.
    ///
    /// It runs on the runtime of this thread if that is sure to be driven, else
    /// on home: a current-thread runtime is only where it polls what spawns. (One
    /// corner: under the guard of a current-thread runtime that has tasks, in a
    /// task of a multi-thread runtime's first worker, that can't be told from it,
    /// and the new task is spawned on the former.)
    /// Unlike a task of `tokio::spawn` it carries the [`Lineage`] of its spawner:
    /// a thread of a pool that waits for it knows its work.
    ///
    /// # Panics
    ///
    /// With the text of a [`WaitError`] if the home runtime is needed and can't
    /// be had.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if Large::<F>::IS {
            self.spawn_small(Box::pin(future))
        } else {
            self.spawn_small(future)
        }
    }

    /// [`spawn`](Self::spawn) of a future that is not large, or that is boxed.
    #[track_caller]
    fn spawn_small<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = match Handle::try_current() {
            Ok(here) if self.is_driven(&here) => here,
            _ => match self.home(Location::caller()) {
                Ok(home) => home.clone(),
                Err(error) => panic!("{error}"),
            },
        };
        let task = Lineage::current().scope(future);
        runtime.spawn(Driven::new(&self.inner.cache, &runtime, task))
    }

    /// Enters the home runtime on this thread until the guard drops; see
    /// [`enter`](crate::enter).
    ///
    /// ```
    /// use bridge::Bridge;
    ///
    /// let bridge = Bridge::builder().worker_threads(1).build()?;
    /// let task = {
    ///     let _entered = bridge.enter();
    ///     tokio::spawn(async { 7 })
    /// };
    /// assert_eq!(bridge.wait(task).unwrap(), 7);
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// With the text of a [`WaitError`] if home can't be had; see
    /// [`try_enter`](Self::try_enter).
    ///
    /// Tokio panics where guards are not dropped in the reverse order of their
    /// making.
    #[track_caller]
    pub fn enter(&self) -> Entered<'_> {
        unwrap(Entered::home_of(self, Location::caller()))
    }

    /// [`enter`](Self::enter), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// As [`handle`](Self::handle), and [`WaitError::ThreadEnding`] on a thread whose
    /// thread-locals are being destroyed.
    #[track_caller]
    pub fn try_enter(&self) -> Result<Entered<'_>, WaitError> {
        Entered::home_of(self, Location::caller())
    }

    /// Returns the handle of the home runtime, which it starts if need be.
    ///
    /// The handle does not keep the runtime alive: [`shutdown`](Self::shutdown) ends
    /// it, and so does dropping the last clone of this bridge.
    ///
    /// ```
    /// use bridge::Bridge;
    ///
    /// let task = Bridge::global().handle()?.spawn(async { 7 });
    /// assert_eq!(bridge::wait(task).unwrap(), 7);
    /// # Ok::<(), bridge::WaitError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// * [`WaitError::NoRuntime`] if the runtime can't be started.
    /// * [`WaitError::RuntimeGone`] if it was shut down.
    /// * [`WaitError::Forked`] in a fork's child, if the parent made the bridge.
    #[track_caller]
    pub fn handle(&self) -> Result<Handle, WaitError> {
        self.living_home(Location::caller()).cloned()
    }

    /// What this bridge's pool is doing.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.inner.pool.metrics()
    }

    /// Makes threads forget which runtime drives their tasks; from any thread.
    ///
    /// There is never a need to: what is remembered ends with the poll that it
    /// is about, and nothing is remembered that could be wrong. A task that holds
    /// the guard of another runtime meanwhile is no longer told from that one's,
    /// so that a wait in it may be refused.
    pub fn reset_cache(&self) {
        self.inner.cache.reset();
    }

    /// Shuts this bridge down: a call, to be `.wait()`ed for in sync code or awaited in
    /// async code, where it doesn't block the executor.
    ///
    /// First the pool shuts down, in the steps that
    /// [`Pool::shutdown`](crate::Pool::shutdown) describes: it runs what was admitted
    /// for at most `grace`, then tells the jobs that still run to stop, and waits for
    /// [`cancel_grace`](Builder::cancel_grace). Then the home runtime ends, and the
    /// shutdown waits for its blocking tasks with what is left of `grace`.
    ///
    /// Waits that are open end with [`WaitError::RuntimeGone`], offloads with
    /// [`OffloadError::ShutDown`](crate::OffloadError::ShutDown). A runtime
    /// that was given to the builder is left alone.
    ///
    /// # Corner cases
    ///
    /// A task on the home runtime that awaits this is dropped with the runtime. Await
    /// it in another runtime, or wait for it in sync code.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let bridge = bridge::Bridge::builder().max_threads(2).build()?;
    /// let report = bridge.shutdown(Duration::from_secs(10)).wait();
    /// assert!(report.running.is_empty());
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn shutdown(&self, grace: Duration) -> BridgeShutdown {
        BridgeShutdown::new(self.clone(), self.inner.pool.shutdown(grace), grace)
    }

    /// Ends the home runtime, and blocks for it.
    pub(crate) fn home_end(&self, timeout: Duration) {
        self.inner.home.shut_down(timeout);
    }

    /// Ends the home runtime without blocking.
    pub(crate) fn home_end_elsewhere(&self, timeout: Duration) -> Option<OnThread<()>> {
        self.inner.home.shut_down_elsewhere(timeout)
    }

    /// Whether somebody is sure to drive `here`, the runtime that is reachable.
    fn is_driven(&self, here: &Handle) -> bool {
        if here.runtime_flavor() == RuntimeFlavor::MultiThread {
            return !forked::is_noted(here);
        }
        // A guard proves nothing, and the poll around it may be another's. On
        // worker 0 it is this runtime's own, or that of a multi-thread worker;
        // in a task of that one, this runtime has none.
        let is_its_worker = Place::current() == Place::Worker(0)
            && (task::try_id().is_none() || here.metrics().num_alive_tasks() > 0);
        is_its_worker
            && self
                .cache()
                .with_driver(|driver| driver.is_none_or(|driver| driver.id() == here.id()))
    }

    pub(crate) fn home(&self, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        self.inner.home.handle(at)
    }

    /// The home runtime, for those who use it without a wait that looks after it.
    pub(crate) fn living_home(&self, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        self.inner.home.living(at)
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    pub(crate) fn max_nested_waits(&self) -> usize {
        self.inner.max_nested_waits
    }

    pub(crate) fn spin(&self) -> Duration {
        self.inner.spin
    }

    pub(crate) fn is_debug(&self) -> bool {
        self.inner.debug
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("metrics", &self.metrics())
            .finish_non_exhaustive()
    }
}

/// Spawns a task that counts as a descendant of what spawns it, by
/// [`Bridge::global`]. See [`Bridge::spawn`].
///
/// # Panics
///
/// As [`Bridge::spawn`].
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // As in `Bridge::spawn`: passing a large future on would copy it.
    if Large::<F>::IS {
        Bridge::global().spawn_small(Box::pin(future))
    } else {
        Bridge::global().spawn_small(future)
    }
}
