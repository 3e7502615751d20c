//! The settings of a bridge.

use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{
    Bridge, BuildError,
    ambient::InRuntime,
    runtime::home::{Home, Source},
};

/// Threads that `spawn_blocking` may use on home, beside those for waits:
/// Tokio's own default.
const BLOCKING_THREADS: usize = 512;

/// The greatest `worker_threads`: Tokio counts them in 16 bits.
const MOST_WORKERS: usize = u16::MAX as usize;

/// The greatest `max_nested_waits`. They are threads, and Tokio adds their
/// number to others without a look at what a `usize` holds.
const MOST_WAITS: usize = i32::MAX as usize;

/// Sets up a [`Bridge`]; every setting has a default that suits most.
///
/// ```
/// use std::time::Duration;
///
/// let bridge = bridge::Bridge::builder()
///     .worker_threads(2)
///     .max_threads(16)
///     .queue_capacity(256)
///     .keep_alive(Duration::from_secs(5))
///     .build()?;
/// # Ok::<(), bridge::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` or `install_global`"]
pub struct Builder {
    pool: offload_pool::Builder<InRuntime>,
    runtime: Option<Handle>,
    worker_threads: Option<usize>,
    max_nested_waits: usize,
    spin: Duration,
    exit_grace: Duration,
    debug: bool,
}

/// Settings that are the pool's own.
macro_rules! pool_settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, $name: $type) -> Self {
                self.pool = self.pool.$name($name);
                self
            }
        )*
    };
}

impl Builder {
    pub(crate) fn new() -> Self {
        let pool = offload_pool::Builder::default();
        Self {
            spin: pool.spin_limit(),
            pool,
            runtime: None,
            worker_threads: None,
            max_nested_waits: 256,
            exit_grace: Duration::from_secs(5),
            debug: false,
        }
    }

    pool_settings! {
        /// At most this many offloaded closures run at a time. A closure that is
        /// parked in a wait does not count. Beyond this number run only
        /// descendants of parked closures, at most one for each: they may be what
        /// releases a lock on which all others block.
        ///
        /// Unset, it is `max(32, 4 × processors)`, and a pool that stands still for
        /// 100 ms grows, up to 512, as long as nothing moves. A pool whose size is
        /// set does not grow; if it stands still for a second, it warns through
        /// `tracing`.
        max_threads: usize;
        /// At most this many threads are added for closures parked in waits;
        /// 64 unless set.
        max_blocked_threads: usize;
        /// At most this many closures are queued; 1024 unless set.
        queue_capacity: usize;
        /// A pool's thread without work ends after this time; 10 seconds
        /// unless set.
        keep_alive: Duration;
        /// The name of the pool's threads; `bridge-offload` unless set.
        thread_name: impl Into<String>;
        /// The stack of the pool's threads, in bytes; 2 MiB unless set.
        stack_size: usize;
        /// Sets how long a [shutdown](Bridge::shutdown) waits for closures that were
        /// told to stop, after its grace; a tenth of the grace unless set.
        cancel_grace: Duration;
        /// Runs on each of the pool's threads before its first closure. It must not wait on
        /// that pool, because the pool starts no other thread before this one is ready.
        on_thread_start: impl Fn() + Send + Sync + 'static;
        /// Runs on each of the pool's threads after its last closure.
        on_thread_stop: impl Fn() + Send + Sync + 'static;
    }

    /// Sets how long a thread spins before it sleeps, at most. The default is 50 µs. Zero
    /// switches spinning off, and a machine with one processor never spins.
    pub fn spin(mut self, time: Duration) -> Self {
        self.pool = self.pool.spin(time);
        self.spin = self.pool.spin_limit();
        self
    }

    /// Sets how long the process waits for accepted work when it exits; 5 seconds
    /// unless set. Zero switches this off.
    ///
    /// When `main` returns or [`std::process::exit`] is called, these finish first:
    ///
    /// - closures that are queued or running, detached ones and those whose caller has
    ///   left included;
    /// - on the home runtime the blocking tasks that have started, and those of
    ///   `tokio::fs` and `tokio::io::stdout`, as under `#[tokio::main]`.
    ///
    /// Tasks of the home runtime are dropped, as under `#[tokio::main]`. Work
    /// that takes longer is cut off, and logged through `tracing` with its place in the
    /// code. The owner of a runtime that was [given](Self::runtime) has to finish it.
    ///
    /// # Corner cases
    ///
    /// A closure that calls `exit` is not waited for, nor are those that wait for it.
    /// A fork's child waits for what it has accepted itself. [`std::process::abort`]
    /// and signals end the process at once. So does `std::process::exit` on Windows,
    /// where it runs no exit handlers.
    pub fn exit_grace(mut self, time: Duration) -> Self {
        self.pool = self.pool.exit_grace(time);
        self.exit_grace = time;
        self
    }

    /// Makes this runtime the home runtime. It must be a multi-thread runtime, so that its
    /// workers drive it while a thread waits. Its owner keeps it, and ends it.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Sets the number of home's worker threads. The default is the number of processors.
    /// It has no effect on a runtime that is given.
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.worker_threads = Some(count);
        self
    }

    /// Sets how many waits at a time may hand the tasks of their worker over, on one runtime
    /// and by all bridges together. The default is 256.
    ///
    /// Each such wait takes a blocking thread of that runtime. Tokio has 512 by default. Set
    /// less for a runtime with fewer.
    pub fn max_nested_waits(mut self, count: usize) -> Self {
        self.max_nested_waits = count;
        self
    }

    /// Logs the route, duration and place of each wait through `tracing`.
    pub fn debug(mut self, on: bool) -> Self {
        self.debug = on;
        self
    }

    /// Builds the bridge. Nothing starts before it is needed.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] names the setting that can't be meant.
    pub fn build(self) -> Result<Bridge, BuildError> {
        if self.worker_threads == Some(0) {
            return Err(BuildError::zero("worker_threads"));
        }
        if self.max_nested_waits == 0 {
            return Err(BuildError::zero("max_nested_waits"));
        }
        if self
            .worker_threads
            .is_some_and(|count| count > MOST_WORKERS)
        {
            return Err(BuildError::too_large("worker_threads", MOST_WORKERS));
        }
        if self.max_nested_waits > MOST_WAITS {
            return Err(BuildError::too_large("max_nested_waits", MOST_WAITS));
        }
        let source = match self.runtime {
            Some(runtime) if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread => {
                return Err(BuildError::CurrentThreadHome);
            }
            Some(runtime) => Source::Given(runtime),
            None => Source::Own {
                worker_threads: self.worker_threads,
                max_blocking_threads: BLOCKING_THREADS.saturating_add(self.max_nested_waits),
                exit_grace: self.exit_grace,
            },
        };
        let pool = self.pool.build()?;
        Ok(Bridge::from_parts(
            pool,
            Home::new(source),
            self.max_nested_waits,
            self.spin,
            self.debug,
        ))
    }

    /// Builds the bridge and makes it [`Bridge::global`].
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`BuildError::GlobalInUse`] if the global
    /// bridge has been used already.
    pub fn install_global(self) -> Result<(), BuildError> {
        if self.build()?.install() {
            Ok(())
        } else {
            Err(BuildError::GlobalInUse)
        }
    }
}
