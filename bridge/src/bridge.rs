//! A bridge: a home runtime, a pool, and their settings.
//!
//! `builder` makes one, `shutdown` ends it, `entered` enters its home, and `publish` counts.

mod builder;
mod entered;
#[cfg(feature = "metrics")]
mod publish;
mod shutdown;

use std::{
    fmt,
    panic::Location,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use cache::Cache;
use offload_pool::{
    Config,
    exit::{self, BeforeExit, ProcessExit, Turn},
    large::Large,
    on_thread::OnThread,
};
use tokio::runtime::Handle;

pub use self::{
    builder::Builder,
    entered::{Entered, enter},
    shutdown::BridgeShutdown,
};
use crate::{
    Metrics, Offload, Pool, Rejected, Report, WaitError, error::unwrap, runtime::home::Home,
};

/// A bridge between sync and async code: a home runtime and a pool.
///
/// [`Bridge::global`] needs no setting up, and serves all code that names no other bridge.
/// Bridges share neither threads nor queues, so none can starve another. Only
/// [`max_nested_waits`](Builder::max_nested_waits) counts for all bridges together. Clones are
/// handles to the same bridge.
///
/// A wait rests on the home runtime only where no other multi-thread runtime is reachable,
/// as on a plain thread. Inside a multi-thread runtime, a wait of any bridge rests on that
/// runtime. [`Bridge::enter`] makes home the reachable runtime in blocking code.
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
    /// Remembers which runtime drives a task of this bridge, while the task is polled.
    cache: Arc<Cache>,
    /// The carriers of the context that spawned tasks and offloaded closures take along.
    carriers: Config,
    max_nested_waits: usize,
    spin: Duration,
    debug: bool,
}

static GLOBAL: OnceLock<Bridge> = OnceLock::new();

impl Bridge {
    /// Returns the bridge that serves the whole process.
    ///
    /// Its threads start when they are first needed. To configure it, call
    /// [`Builder::install_global`] before anything else uses it.
    #[must_use]
    pub fn global() -> &'static Self {
        GLOBAL.get().unwrap_or_else(Self::install_default)
    }

    /// Builds the global bridge before the cell is locked. Otherwise a fork's child would wait
    /// for ever for the thread of its parent that builds it.
    #[cold]
    fn install_default() -> &'static Self {
        let built = Self::builder()
            .build()
            .unwrap_or_else(|error| unreachable!("the default settings are in range: {error}"));
        GLOBAL.get_or_init(|| built)
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn from_parts(
        pool: Pool,
        home: Home,
        carriers: Config,
        max_nested_waits: usize,
        spin: Duration,
        debug: bool,
    ) -> Self {
        let inner = Arc::new(Inner {
            pool,
            home,
            cache: Arc::new(Cache::new()),
            carriers,
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

    /// Makes this the global bridge. Returns false if there is one already.
    pub(crate) fn install(self) -> bool {
        GLOBAL.set(self).is_ok()
    }

    /// Runs a blocking closure on this bridge's pool: see
    /// [`offload`](crate::offload()).
    #[track_caller]
    pub fn offload<F, T>(&self, closure: F) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if Large::<F>::IS {
            self.offload_at(Box::new(closure), Location::caller())
        } else {
            self.offload_at(closure, Location::caller())
        }
    }

    /// Like [`offload`](Self::offload), but errors name the place `at`.
    pub(crate) fn offload_at<F, T>(&self, closure: F, at: &'static Location<'static>) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.inner.pool.run_at(closure, at)
    }

    /// Queues a blocking closure now. If the pool refuses it, returns the closure.
    ///
    /// # Errors
    ///
    /// Returns a [`Rejected`], which names the reason and holds the closure.
    #[track_caller]
    pub fn try_offload<F, T>(&self, closure: F) -> Result<Offload<T>, Rejected<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if Large::<F>::IS {
            let refused = self.try_offload_at(Box::new(closure), Location::caller());
            refused.map_err(|rejected| rejected.map(|closure| *closure))
        } else {
            self.try_offload_at(closure, Location::caller())
        }
    }

    /// Like [`try_offload`](Self::try_offload), but errors name the place `at`.
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

    /// Enters the home runtime on this thread until the guard drops: see
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
    /// Panics with the text of a [`WaitError`] if the home runtime can't be started or has
    /// ended: see [`try_enter`](Self::try_enter).
    ///
    /// Tokio panics if guards are not dropped in the reverse order of their making.
    #[track_caller]
    pub fn enter(&self) -> Entered<'_> {
        unwrap(Entered::home_of(self, Location::caller()))
    }

    /// Like [`enter`](Self::enter), but returns an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`handle`](Self::handle), and [`WaitError::ThreadEnding`] on a
    /// thread whose thread-locals are being destroyed.
    #[track_caller]
    pub fn try_enter(&self) -> Result<Entered<'_>, WaitError> {
        Entered::home_of(self, Location::caller())
    }

    /// Returns the handle of the home runtime. Starts the runtime if it has not started.
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

    /// Returns the figures of this bridge's pool.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.inner.pool.metrics()
    }

    /// Reports every thread of this bridge's pool, every offloaded closure, and every wait,
    /// with its place, state and age. It says who waits for whom.
    ///
    /// The report is data, and displays as a tree. Take it from another thread when
    /// something seems to hang: [`guide::reading_a_report`](crate::guide::reading_a_report)
    /// reads one line by line. A report holds up the pool's threads for as long as
    /// [`metrics`](Self::metrics) does, and for the copy of what it lists.
    ///
    /// ```
    /// use bridge::Bridge;
    ///
    /// let db = Bridge::builder().name("db").max_threads(4).build()?;
    /// let own = db.clone();
    /// let report = db.wait(db.offload(move || own.report()));
    /// assert_eq!(report.jobs()[0].at().file(), file!());
    /// println!("{report}");
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> Report {
        self.inner.pool.report()
    }

    /// Makes all threads forget which runtime drives their tasks. Any thread may call this.
    ///
    /// No program needs this: an entry is never wrong, and ends with the poll that it
    /// belongs to. If a task holds the guard of another runtime at this time, the bridge no
    /// longer knows which of the two runtimes drives the task. So a wait in the task may be
    /// refused until its next poll.
    pub fn reset_cache(&self) {
        self.inner.cache.reset();
    }

    /// Shuts this bridge down.
    ///
    /// This returns a call: `.wait()` on it in sync code, or `.await` it in async code,
    /// where it doesn't block the executor.
    ///
    /// First the pool shuts down, in the steps that
    /// [`Pool::shutdown`](crate::Pool::shutdown) describes. It runs the admitted jobs for at
    /// most `grace`. Then it tells the jobs that still run to stop, and waits for
    /// [`cancel_grace`](Builder::cancel_grace). After the pool the home runtime ends, and the
    /// shutdown waits for its blocking tasks with the rest of `grace`.
    ///
    /// Open waits on the home runtime end with [`WaitError::RuntimeGone`], and offloads end
    /// with [`OffloadError::ShutDown`](crate::OffloadError::ShutDown). A runtime that was
    /// given to the builder does not end.
    ///
    /// # Corner cases
    ///
    /// A task on the home runtime that awaits this is dropped with the runtime. Await the
    /// shutdown in another runtime, or wait in sync code.
    ///
    /// A wait that rests on the home runtime may await this, and gets the report. But what it
    /// does after that finds no timer and no socket any more. While home ends, such a wait
    /// polls nothing else, and it may exceed its time limit by the rest of `grace`.
    ///
    /// A thread of the home runtime may shut the bridge down in blocking code. It does not
    /// wait for itself.
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

    /// Ends the home runtime. Blocks until it has ended or `timeout` is over.
    pub(crate) fn end_home(&self, timeout: Duration) {
        self.inner.home.shut_down(timeout);
    }

    /// Ends the home runtime in a poll. Blocks only the thread of a wait that rests on home.
    /// Otherwise another thread waits for the end, and is returned if the system has one.
    pub(crate) fn end_home_in_poll(&self, timeout: Duration) -> Option<OnThread<()>> {
        self.inner.home.shut_down_in_poll(timeout)
    }

    /// Returns the home runtime, started. A runtime that was given may have ended since its
    /// first use, which a wait notices itself.
    pub(crate) fn home(&self, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        self.inner.home.started(at)
    }

    /// Returns the home runtime, started, and an error if it has ended. Use this where no
    /// wait follows.
    pub(crate) fn living_home(&self, at: &'static Location<'static>) -> Result<&Handle, WaitError> {
        self.inner.home.living(at)
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    pub(crate) fn cache(&self) -> &Arc<Cache> {
        &self.inner.cache
    }

    pub(crate) fn carriers(&self) -> &Config {
        &self.inner.carriers
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

/// When the process exits, this begins to end the home runtime. It waits for nothing: the
/// runtime's [`Threads`](crate::runtime::home_threads::Threads) have an entry of their own,
/// because they may outlive the bridge.
impl BeforeExit for Inner {
    fn grace(&self) -> Duration {
        self.home.exit_grace()
    }

    fn begin(
        self: Arc<Self>,
        _exit: &Arc<ProcessExit>,
        turn: Turn,
    ) -> Option<Box<dyn FnOnce() + Send>> {
        if turn == Turn::Runtimes {
            self.home.begin_end();
        }
        None
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bridge")
            .field("pool", &self.inner.pool)
            .finish_non_exhaustive()
    }
}
