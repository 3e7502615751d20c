//! The settings of a pool, and the checks of their values.

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use super::Pool;
use crate::{
    core::{Core, Reports},
    job::ambient::{Ambient, Bare, Config},
    platform::{load::processors, sync::MODEL},
    schedule::{
        limits::{Hooks, Limits, TOKIOS_LIMIT},
        policy,
    },
    vocabulary::{error::BuildError, name::PoolName},
    worker::body,
};

/// The greatest value of a setting that counts threads or jobs.
const MOST: usize = u32::MAX as usize;

/// Sets up a [`Pool`]. Every setting has a default that suits most programs.
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<A = Bare> {
    limits: Limits,
    hooks: Hooks,
    config: Config,
    ambient: PhantomData<fn() -> A>,
}

impl<A> Builder<A> {
    pub(crate) fn new() -> Self {
        let cores = if MODEL { 2 } else { processors() };
        let limits = Limits {
            max_threads: (4 * cores).max(32),
            grows: true,
            max_blocked_threads: 64,
            most_while_parked: TOKIOS_LIMIT,
            queue_capacity: 1024,
            timings: false,
            keep_alive: Duration::from_secs(10),
            name: PoolName::default(),
            thread_name: None,
            stack_size: 2 * 1024 * 1024,
            // On one processor, spinning would keep submitters from running.
            spin: if cores > 1 {
                Duration::from_micros(50)
            } else {
                Duration::ZERO
            },
            exit_grace: Duration::from_secs(5),
            cancel_grace: None,
            cores,
            decide: policy::DECIDE,
            watches_end: false,
        };
        Self {
            limits,
            hooks: Hooks::default(),
            config: Config::default(),
            ambient: PhantomData,
        }
    }

    /// Sets the number of permits: at most this many jobs run at a time. A job that is
    /// parked in a wait of the bridge does not count. Beyond this number run only
    /// descendants of parked jobs, and jobs that come back from a wait. For each parked job
    /// at most two descendants run beyond it: one that its wait depends on, and one other.
    /// More run only while the pool stands still.
    ///
    /// The default is `max(32, 4 × processors)`, and a pool with the default grows, up to 512
    /// permits, for two reasons:
    ///
    /// - Its jobs block. All permits are taken, the queue is long, and most of the threads that run
    ///   jobs sleep. Then the pool quadruples, but it adds no more permits than jobs are queued. The
    ///   first time is after 1 to 60 ms, and the second follows within a few milliseconds. The queue
    ///   is long if more jobs are queued than run, or if they would wait for some milliseconds. On
    ///   Apple's systems the process must use less than half of its processors' time instead, and
    ///   the first time is after 20 to 70 ms.
    /// - It stands still for 100 ms. Then it adds a permit, and each 10 ms for as long as this
    ///   lasts two, four and so on. It starts over once it has kept up for half a second. If it
    ///   still stands still at 512, up to 32 jobs more start that its own jobs have submitted.
    ///
    /// So code that works on `spawn_blocking` works here, such as a barrier of 100 jobs. On
    /// systems other than Linux, Android and those of Apple, only the second reason counts.
    ///
    /// A pool whose size is set does not grow. If it stands still while jobs are queued, it
    /// reports that within a second, through [`Ambient::stalled`].
    pub fn max_threads(mut self, count: usize) -> Self {
        self.limits.max_threads = count;
        self.limits.grows = false;
        self.limits.most_while_parked = 0;
        self
    }

    /// Sets how many workers may be added because others are parked. The default is 64.
    /// If you set neither this nor `max_threads`, more are added, up to 512 workers in all. A pool
    /// that has grown may have as many beyond its permits as this allows. If you set only this,
    /// the pool grows as [`max_threads`](Self::max_threads) describes.
    pub fn max_blocked_threads(mut self, count: usize) -> Self {
        self.limits.max_blocked_threads = count;
        self.limits.most_while_parked = 0;
        self
    }

    /// Sets how many jobs the queue holds at most. The default is 1024.
    pub fn queue_capacity(mut self, count: usize) -> Self {
        self.limits.queue_capacity = count;
        self
    }

    /// Measures how long jobs are queued and how long they run, for
    /// [`Metrics::queued_for`](crate::Metrics::queued_for) and
    /// [`Metrics::ran_for`](crate::Metrics::ran_for). Off by default.
    ///
    /// ```
    /// use bridge_offload::Pool;
    ///
    /// let pool: Pool = Pool::builder().timings(true).build()?;
    /// pollster::block_on(pool.run(|| ()));
    /// assert_eq!(pool.metrics().ran_for.map(|ran| ran.count), Some(1));
    /// # Ok::<(), bridge_offload::BuildError>(())
    /// ```
    pub fn timings(mut self, on: bool) -> Self {
        self.limits.timings = on;
        self
    }

    /// Sets after which time a worker without work ends. The default is 10 seconds.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.limits.keep_alive = time;
        self
    }

    /// Sets the name of the pool. Its figures, reports and errors carry this name, and its
    /// workers are called so too. A pool has no name by default.
    ///
    /// Linux shows only the first 15 bytes of a thread's name.
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.limits.name = PoolName::new(name.as_ref());
        self
    }

    /// Sets the name of the workers. The default is the name of the pool, or
    /// `bridge-offload` if the pool has none.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.limits.thread_name = Some(name.into());
        self
    }

    /// Sets the stack size of the workers, in bytes. The default is 2 MiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.limits.stack_size = bytes;
        self
    }

    /// Sets how long a worker looks for further work, at most, before it sleeps. The
    /// default is 50 µs, and zero on a machine with one processor. Zero switches spinning
    /// off. Now and then meanwhile, the worker lets another thread have its processor.
    pub fn spin(mut self, time: Duration) -> Self {
        self.limits.spin = time;
        self
    }

    /// Sets how long the process waits for admitted jobs when it exits. The default is 5
    /// seconds. Zero switches this off.
    ///
    /// When `main` returns or [`std::process::exit`] is called, jobs that are queued or
    /// running finish first. These include detached jobs, and running jobs whose caller
    /// has left. A job that takes longer than this time is cut off and reported through
    /// [`Ambient::cut_off`]. The exit does not wait for a job that calls `exit` itself,
    /// nor for jobs that wait for such a job. A fork's child does not wait for its
    /// parent's jobs.
    ///
    /// After the jobs, workers that have none end within the same time: their stop hooks run,
    /// and the destructors of their thread-locals.
    ///
    /// # Corner cases
    ///
    /// Once `main` has returned, or another thread has called `exit`, a call of `exit` never
    /// returns on most systems. A job or a stop hook that makes such a call holds the process up
    /// for the whole time. A start hook that calls `exit` does so too if a job waits for its thread.
    ///
    /// [`std::process::abort`] and signals end the process at once. So does
    /// `std::process::exit` on Windows, where it runs no exit handlers.
    pub fn exit_grace(mut self, time: Duration) -> Self {
        self.limits.exit_grace = time;
        self
    }

    /// Sets how long a [shutdown](Pool::shutdown) waits, after its grace, for jobs that
    /// were told to stop. The default is a tenth of the grace.
    pub fn cancel_grace(mut self, time: Duration) -> Self {
        self.limits.cancel_grace = Some(time);
        self
    }

    /// Sets a hook that runs on each worker before its first job.
    ///
    /// The hook must not wait for a job of this pool, nor for the pool's end. This worker
    /// may be the one that should run what is queued, and the pool starts no other worker
    /// before the hook returns.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Sets a hook that runs on each worker after its last job.
    ///
    /// A worker that runs this hook does not count against
    /// [`max_threads`](Self::max_threads) any more. So if the hook takes longer than
    /// [`keep_alive`](Self::keep_alive), more threads may live at a time.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Sets the value that [`Ambient::context`] gets at each submission.
    #[doc(hidden)]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Returns the time set by [`spin`](Self::spin).
    #[doc(hidden)]
    #[must_use]
    pub fn spin_limit(&self) -> Duration {
        self.limits.spin
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// This returns the same errors as [`build`](Self::build).
    #[doc(hidden)]
    pub fn check(&self) -> Result<(), BuildError> {
        let Limits {
            max_threads,
            max_blocked_threads,
            queue_capacity,
            stack_size,
            ..
        } = self.limits;
        for (setting, value, most) in [
            ("max_threads", max_threads, MOST),
            ("max_blocked_threads", max_blocked_threads, MOST),
            ("queue_capacity", queue_capacity, MOST),
            ("stack_size", stack_size, isize::MAX.unsigned_abs()),
        ] {
            if value == 0 {
                return Err(BuildError::Zero { setting });
            }
            if value > most {
                return Err(BuildError::TooLarge {
                    setting,
                    limit: most,
                });
            }
        }
        let names = [
            self.limits.thread_name.as_deref(),
            self.limits.name.as_str(),
        ];
        if names.into_iter().flatten().any(|name| name.contains('\0')) {
            return Err(BuildError::ThreadName);
        }
        if self.limits.keep_alive.is_zero() {
            return Err(BuildError::Zero {
                setting: "keep_alive",
            });
        }
        Ok(())
    }

    /// Builds the pool. No worker starts before the first job.
    ///
    /// # Errors
    ///
    /// [`BuildError::Zero`] and [`BuildError::TooLarge`] name the setting whose value is
    /// refused. [`BuildError::ThreadName`] says that the name contains a NUL.
    pub fn build(self) -> Result<Pool<A>, BuildError>
    where
        A: Ambient,
    {
        self.check()?;
        let reports = Reports {
            stalled: A::stalled,
            cut_off: A::cut_off,
        };
        let core = Core::new(self.limits, self.hooks, body::main, reports);
        Ok(Pool::from_core(core, self.config))
    }
}

#[cfg(bridge_loom)]
impl<A> Builder<A> {
    /// Lets the searching worker watch whenever another worker runs a job. In loom's
    /// world the policy never chooses that, because no job is known to be short.
    #[doc(hidden)]
    pub fn watchful(mut self) -> Self {
        self.limits.decide = policy::watchful;
        self
    }

    /// Lets the searching worker call a worker for each job that may start. In loom's world the
    /// policy never chooses that, because no time passes.
    #[doc(hidden)]
    pub fn calling(mut self) -> Self {
        self.limits.decide = policy::calling;
        self
    }

    /// Lets the searching worker watch during the first two jobs, in watches that end. In
    /// loom's world no other watch ends.
    #[doc(hidden)]
    pub fn watchful_at_first(mut self) -> Self {
        self.limits.decide = policy::watchful_at_first;
        self.limits.watches_end = true;
        self
    }
}

#[cfg(bridge_shuttle)]
impl<A> Builder<A> {
    /// Builds a pool with this number of permits that grows as if nobody had set its
    /// size. The default size is too large for shuttle's world.
    #[doc(hidden)]
    pub fn growing_from(mut self, count: usize) -> Self {
        self.limits.max_threads = count;
        self.limits.grows = true;
        self
    }
}

// Not derived, because a derive would require `A: Clone`.
impl<A> Clone for Builder<A> {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits.clone(),
            hooks: self.hooks.clone(),
            config: self.config.clone(),
            ambient: PhantomData,
        }
    }
}

impl<A> Default for Builder<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A> fmt::Debug for Builder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
