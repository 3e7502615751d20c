//! How a pool is set up.

use std::{fmt, marker::PhantomData, sync::Arc, thread, time::Duration};

use crate::{
    Ambient, Bare, BuildError, Pool,
    core::{Core, Reports},
    pool::limits::{Hooks, Limits},
    schedule::policy,
    thread::worker,
};

/// No setting that counts threads or jobs may exceed this.
const MOST: usize = u32::MAX as usize;

/// Sets up a [`Pool`]; every setting has a default that suits most.
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<A = Bare> {
    limits: Limits,
    hooks: Hooks,
    ambient: PhantomData<fn() -> A>,
}

impl<A> Builder<A> {
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let limits = Limits {
            max_threads: (4 * cores).max(32),
            grows: true,
            max_blocked_threads: 64,
            queue_capacity: 1024,
            keep_alive: Duration::from_secs(10),
            thread_name: "bridge-offload".to_owned(),
            stack_size: 2 * 1024 * 1024,
            // Of no use on one processor: who would bring the work meanwhile?
            spin: if cores > 1 {
                Duration::from_micros(50)
            } else {
                Duration::ZERO
            },
            exit_grace: Duration::from_secs(5),
            cancel_grace: None,
            cores,
            decide: policy::decide,
        };
        Self {
            limits,
            hooks: Hooks::default(),
            ambient: PhantomData,
        }
    }

    /// At most this many jobs run at a time. A job that is parked in a wait of the
    /// bridge does not count. Beyond this number run only descendants of parked
    /// jobs, at most one for each.
    ///
    /// Unset, it is `max(32, 4 × processors)`, and a pool that stands still for
    /// 100 ms grows, up to 512: it then starts one job more, then two, four and so
    /// on, every 100 ms, until something moves. So code that works on
    /// `spawn_blocking` works here, such as a barrier of 100 jobs. A pool whose
    /// size is set does not grow. If it stands still it says so within a second,
    /// through [`Ambient::stalled`].
    pub fn max_threads(mut self, count: usize) -> Self {
        self.limits.max_threads = count;
        self.limits.grows = false;
        self
    }

    /// At most this many threads are added for jobs parked in waits; 64 unless
    /// set.
    pub fn max_blocked_threads(mut self, count: usize) -> Self {
        self.limits.max_blocked_threads = count;
        self
    }

    /// At most this many jobs are queued; 1024 unless set.
    pub fn queue_capacity(mut self, count: usize) -> Self {
        self.limits.queue_capacity = count;
        self
    }

    /// A thread without work ends after this time; 10 seconds unless set.
    pub fn keep_alive(mut self, time: Duration) -> Self {
        self.limits.keep_alive = time;
        self
    }

    /// The threads' name; `bridge-offload` unless set.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.limits.thread_name = name.into();
        self
    }

    /// The threads' stack, in bytes; 2 MiB unless set.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.limits.stack_size = bytes;
        self
    }

    /// How long a thread looks for further work before it sleeps, at most;
    /// 50 µs unless set, never on a machine with one processor. Zero switches
    /// spinning off.
    pub fn spin(mut self, time: Duration) -> Self {
        self.limits.spin = time;
        self
    }

    /// Sets how long the process waits for admitted jobs when it exits; 5 seconds
    /// unless set. Zero switches this off.
    ///
    /// When `main` returns or [`std::process::exit`] is called, jobs that are queued
    /// or running finish first, detached ones and those whose caller has left
    /// included. A job that takes longer than this is cut off and reported through
    /// [`Ambient::cut_off`]. A job that calls `exit` itself is not waited for, nor
    /// are the jobs that wait for it. A fork's child does not wait for its parent's
    /// jobs.
    ///
    /// # Corner cases
    ///
    /// [`std::process::abort`] and signals end the process at once. So does
    /// `std::process::exit` on Windows, where it runs no exit handlers.
    pub fn exit_grace(mut self, time: Duration) -> Self {
        self.limits.exit_grace = time;
        self
    }

    /// Sets how long a [shutdown](Pool::shutdown) waits for jobs that were told to
    /// stop, after its grace; a tenth of the grace unless set.
    pub fn cancel_grace(mut self, time: Duration) -> Self {
        self.limits.cancel_grace = Some(time);
        self
    }

    /// Runs on each thread before its first job. It must not wait for a job of this
    /// pool, nor for the pool's end: this thread may be the one that is to run what
    /// is queued, and no other is started before it is ready.
    pub fn on_thread_start(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.on_thread_start = Some(Arc::new(hook));
        self
    }

    /// Runs on each thread after its last job.
    pub fn on_thread_stop(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.hooks.on_thread_stop = Some(Arc::new(hook));
        self
    }

    /// Lets the thread on call watch whenever another works: in loom's world
    /// no job is known to be instant.
    #[cfg(bridge_loom)]
    #[doc(hidden)]
    pub fn watchful(mut self) -> Self {
        self.limits.decide = policy::watchful;
        self
    }

    /// What is set for [`spin`](Self::spin).
    #[doc(hidden)]
    #[must_use]
    pub fn spin_limit(&self) -> Duration {
        self.limits.spin
    }

    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
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
        if self.limits.thread_name.contains('\0') {
            return Err(BuildError::ThreadName);
        }
        if self.limits.keep_alive.is_zero() {
            return Err(BuildError::Zero {
                setting: "keep_alive",
            });
        }
        Ok(())
    }

    /// Builds the pool. No thread starts before the first job.
    ///
    /// # Errors
    ///
    /// [`BuildError::Zero`] and [`BuildError::TooLarge`] name the setting that
    /// can't be meant; [`BuildError::ThreadName`] speaks for itself.
    pub fn build(self) -> Result<Pool<A>, BuildError>
    where
        A: Ambient,
    {
        self.check()?;
        Ok(Pool::from_core(Core::new(
            self.limits,
            self.hooks,
            worker::main,
            Reports {
                stalled: A::stalled,
                cut_off: A::cut_off,
            },
        )))
    }
}

// By hand, for a derive would ask it of the ambient.
impl<A> Clone for Builder<A> {
    fn clone(&self) -> Self {
        Self {
            limits: self.limits.clone(),
            hooks: self.hooks.clone(),
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
