//! The settings of a bridge.

use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{
    Bridge, BuildError,
    ambient::InRuntime,
    carry::{Carrier, Carriers},
    runtime::home::{Home, Source},
};

/// The number of threads that `spawn_blocking` may use on home, beside those for waits. It
/// is Tokio's default.
const BLOCKING_THREADS: usize = 512;

/// The greatest `worker_threads`, because Tokio counts workers in 16 bits.
const MOST_WORKERS: usize = u16::MAX as usize;

/// The greatest `max_nested_waits`. Each wait takes a thread, and Tokio adds up numbers of
/// threads without a check for overflow.
const MOST_WAITS: usize = i32::MAX as usize;

/// Sets up a [`Bridge`]. Every setting has a default that suits most programs.
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
    carriers: Carriers,
}

/// Declares the methods of settings that belong to the pool.
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
            carriers: Carriers::default(),
        }
    }

    pool_settings! {
        /// Sets how many offloaded closures run at a time, at most. A closure that is
        /// parked in a wait does not count. Beyond this number run only descendants of
        /// parked closures, and closures that come back from a wait. These must run, because
        /// all other closures may block on a lock that only they release.
        ///
        /// The default is `max(32, 4 × processors)`. With the default, a pool grows while its
        /// closures [block](crate::guide::pool#how-to-size-it), up to 512. A pool whose size is
        /// set does not grow. If it stands still while closures are queued, it warns within
        /// a second, through `tracing`.
        max_threads: usize;
        /// Sets how many threads are added for closures that are parked in waits, at most.
        /// The default is 64. If you set neither this nor `max_threads`, more are added, up to 512
        /// threads in all. A pool that has grown may have as many threads beyond its permits as
        /// this allows.
        ///
        /// If every thread is parked and this allows no other, a wait is given up after a
        /// few seconds. So allow as many as may wait for slow answers at a time.
        max_blocked_threads: usize;
        /// Sets how many closures are queued, at most. The default is 1024.
        queue_capacity: usize;
        /// Measures how long closures are queued and how long they run, for
        /// [`Metrics::queued_for`](crate::Metrics::queued_for) and
        /// [`Metrics::ran_for`](crate::Metrics::ran_for). Off by default. It costs each
        /// closure about 40 ns, most of them for three reads of the clock.
        ///
        /// ```
        /// use bridge::Bridge;
        ///
        /// let bridge = Bridge::builder().timings(true).build()?;
        /// bridge.wait(bridge.offload(|| ()));
        /// let ran = bridge.metrics().ran_for.expect("it is measured");
        /// println!("{} closures, half of them within {:?}", ran.count, ran.p50);
        /// # assert_eq!(ran.count, 1);
        /// # Ok::<(), bridge::BuildError>(())
        /// ```
        timings: bool;
        /// Sets the time after which a thread of the pool that has no work ends. The default
        /// is 10 seconds.
        keep_alive: Duration;
        /// Sets the name of the pool's threads. The default is the bridge's [name](Self::name),
        /// or `bridge-offload` if it has none.
        thread_name: impl Into<String>;
        /// Sets the stack size of the pool's threads, in bytes. The default is 2 MiB.
        stack_size: usize;
        /// Sets how long a [shutdown](Bridge::shutdown), after its grace, waits for closures
        /// that were told to stop. The default is a tenth of the grace.
        cancel_grace: Duration;
        /// Sets a hook that runs on each thread of the pool before its first closure. It must
        /// not wait on that pool, because the pool starts no other thread before this one is
        /// ready.
        on_thread_start: impl Fn() + Send + Sync + 'static;
        /// Sets a hook that runs on each thread of the pool after its last closure. A
        /// [shutdown](Bridge::shutdown) waits for it within its grace, and the exit of the
        /// process within the [exit grace](Self::exit_grace).
        on_thread_stop: impl Fn() + Send + Sync + 'static;
    }

    /// Sets the name of this bridge's pool. The pool's threads are called so. Each metric,
    /// report, log line and error that speaks of the pool carries the name. A pool has no
    /// name by default.
    ///
    /// Linux shows only the first 15 bytes of a thread's name.
    ///
    /// ```
    /// use bridge::Bridge;
    ///
    /// let db = Bridge::builder().name("db").max_threads(4).build()?;
    /// let thread = db.wait(db.offload(|| std::thread::current().name().map(str::to_owned)));
    /// assert_eq!(thread.as_deref(), Some("db"));
    /// assert_eq!(db.metrics().name.as_str(), Some("db"));
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.pool = self.pool.name(name);
        self
    }

    /// Sets how long a thread spins before it sleeps, at most. The default is 50 µs, and zero
    /// on a machine with one processor. Zero switches spinning off.
    pub fn spin(mut self, time: Duration) -> Self {
        self.pool = self.pool.spin(time);
        self.spin = self.pool.spin_limit();
        self
    }

    /// Sets how long the process waits for accepted work when it exits. The default is
    /// 5 seconds. Zero switches this off.
    ///
    /// When `main` returns or [`std::process::exit`] is called, this work finishes first:
    ///
    /// - closures that are queued or running, even if they are detached or their caller has
    ///   left;
    /// - on the home runtime the blocking tasks that have started, and those of
    ///   `tokio::fs` and `tokio::io::stdout`, as under `#[tokio::main]`;
    /// - the stop hooks of the pool's threads, and the destructors of their thread-locals.
    ///
    /// Tasks of the home runtime are dropped, as under `#[tokio::main]`. Work that takes
    /// longer is cut off, and the exit logs it through `tracing` with its place in the code.
    /// If a runtime was [given](Self::runtime), its owner has to finish that runtime's work.
    ///
    /// A closure runs inside the runtime that submitted it. Under `#[tokio::main]` that
    /// runtime ends before this time begins. So a wait in the closure ends with
    /// [`WaitError::RuntimeGone`](crate::WaitError::RuntimeGone): see
    /// [the guide](crate::guide::shutdown#a-job-that-waits-needs-its-runtime).
    ///
    /// # Corner cases
    ///
    /// A closure that calls `exit` does not hold the process up, and neither do the closures
    /// that wait for it. But once `main` has returned, or another thread has called `exit`, a
    /// call of `exit` never returns on most systems. A closure or a stop hook that makes such a
    /// call holds the process up for the whole time, and is logged as cut off. A start hook that
    /// calls `exit` does so too if a closure waits for its thread.
    ///
    /// A fork's child waits only for work that it has accepted itself. [`std::process::abort`] and
    /// signals end the process at once. On Windows `std::process::exit` does so too, because it runs
    /// no exit handlers there.
    pub fn exit_grace(mut self, time: Duration) -> Self {
        self.pool = self.pool.exit_grace(time);
        self.exit_grace = time;
        self
    }

    /// Makes this runtime the home runtime. It must be a multi-thread runtime, so that its
    /// workers drive it while a thread waits. The bridge never ends it: that is left to its
    /// owner.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Sets the number of home's worker threads. The default is Tokio's: the
    /// number of processors, or what the environment variable `TOKIO_WORKER_THREADS` says.
    /// It has no effect on a runtime that is given.
    pub fn worker_threads(mut self, count: usize) -> Self {
        self.worker_threads = Some(count);
        self
    }

    /// Sets how many waits at a time may hand the tasks of their worker over, on one runtime
    /// and by all bridges together. The default is 256.
    ///
    /// Each such wait takes a blocking thread of that runtime. A Tokio runtime has 512 by
    /// default, and hangs if none is left. So this number must stay below the
    /// `max_blocking_threads` of each runtime of your own. The home of this bridge gets enough threads. The
    /// home of another bridge has enough for the number of that bridge.
    pub fn max_nested_waits(mut self, count: usize) -> Self {
        self.max_nested_waits = count;
        self
    }

    /// Logs each wait through `tracing`: its future, the line of its call, where its thread
    /// stood, its duration, and its error or panic.
    pub fn debug(mut self, on: bool) -> Self {
        self.debug = on;
        self
    }

    /// Carries the current `tracing` span to offloaded closures and spawned tasks, or not. The
    /// default is that it does.
    ///
    /// The log lines of a closure then belong to the span in which it was submitted. If a
    /// subscriber is set for one thread only, it travels with its span. Without a subscriber
    /// this costs nothing.
    ///
    /// ```
    /// let bridge = bridge::Bridge::builder().carry_span(false).build()?;
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn carry_span(mut self, on: bool) -> Self {
        self.carriers.span = on;
        self
    }

    /// Adds a carrier, which takes a context along to offloaded closures and spawned tasks.
    ///
    /// A bridge may have any number of carriers. A carrier that is added later is entered
    /// inside the earlier ones, and all of them inside the span.
    ///
    /// ```
    /// use bridge::{Bridge, carry::TaskLocal};
    ///
    /// tokio::task_local! {
    ///     static TENANT: &'static str;
    /// }
    ///
    /// let bridge = Bridge::builder().carry(TaskLocal::of(&TENANT)).build()?;
    /// let tenant = bridge.wait(TENANT.scope("acme", bridge.offload(|| TENANT.get())));
    /// assert_eq!(tenant, "acme");
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn carry(mut self, carrier: impl Carrier) -> Self {
        self.carriers.add(carrier);
        self
    }

    /// Builds the bridge. Nothing starts before it is needed.
    ///
    /// # Errors
    ///
    /// Returns a [`BuildError`] that names the setting which is out of range or not
    /// possible.
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
        let carriers = self.carriers.into_config();
        let pool = self.pool.config(carriers.clone()).build()?;
        Ok(Bridge::from_parts(
            pool,
            Home::new(source),
            carriers,
            self.max_nested_waits,
            self.spin,
            self.debug,
        ))
    }

    /// Builds the bridge and makes it [`Bridge::global`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`build`](Self::build), and [`BuildError::GlobalInUse`] if the
    /// global bridge has been used already.
    pub fn install_global(self) -> Result<(), BuildError> {
        if self.build()?.install() {
            Ok(())
        } else {
            Err(BuildError::GlobalInUse)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise home has a thread for each processor, however many these are.
    #[test]
    fn home_has_as_many_workers_as_it_is_given() {
        let bridge = Bridge::builder().worker_threads(3).build().unwrap();
        assert_eq!(bridge.handle().unwrap().metrics().num_workers(), 3);
    }

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let bridge = Bridge::builder().build().unwrap();
        assert_eq!(bridge.max_nested_waits(), 256);
        assert_eq!(bridge.inner.home.exit_grace(), Duration::from_secs(5));
        assert!(!bridge.is_debug());
    }

    /// A wait spins as long as the pool does.
    #[test]
    fn zero_switches_the_spinning_of_waits_off() {
        let bridge = Bridge::builder().spin(Duration::ZERO).build().unwrap();
        assert_eq!(bridge.spin(), Duration::ZERO);
    }

    /// Otherwise a program can't override what a shared builder has set.
    #[test]
    fn the_last_word_on_a_switch_counts() {
        let first = Bridge::builder().debug(true).carry_span(false);
        let last = first.clone().debug(false).carry_span(true);
        let last = last.build().unwrap();
        assert!(!last.is_debug() && !last.carriers().is_set());
        let first = first.build().unwrap();
        assert!(first.is_debug() && first.carriers().is_set());
    }
}
