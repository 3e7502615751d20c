//! The errors of the pool, with a variant for each case that callers may handle
//! separately.

use std::{
    any::Any,
    error::Error,
    fmt, io,
    panic::{Location, resume_unwind},
    sync::{Mutex, PoisonError},
};

use super::name::PoolName;

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

/// The reason why a [`Builder`](crate::Builder) was refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting that counts or measures something was zero.
    #[non_exhaustive]
    Zero {
        /// The builder's method.
        setting: &'static str,
    },
    /// A setting was greater than this pool can count.
    #[non_exhaustive]
    TooLarge {
        /// The builder's method.
        setting: &'static str,
        /// The greatest value that is accepted.
        limit: usize,
    },
    /// The name of the pool, or of its threads, contains a NUL, which no thread's name can
    /// have.
    ThreadName,
    /// The global bridge is in use already, so it can't be replaced.
    GlobalInUse,
    /// The runtime that was given as home is a current-thread runtime.
    CurrentThreadHome,
}

impl BuildError {
    /// Returns the error for a `setting` that was zero.
    #[doc(hidden)]
    #[must_use]
    pub fn zero(setting: &'static str) -> Self {
        Self::Zero { setting }
    }

    /// Returns the error for a `setting` that was greater than `limit`.
    #[doc(hidden)]
    #[must_use]
    pub fn too_large(setting: &'static str, limit: usize) -> Self {
        Self::TooLarge { setting, limit }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { setting } => write!(f, "`{setting}` is zero; it must be more"),
            Self::TooLarge { setting, limit } => {
                write!(f, "`{setting}` is too large; it must be at most {limit}")
            }
            Self::ThreadName => {
                f.write_str("the name has a NUL in it, which no thread's name can have")
            }
            Self::GlobalInUse => f.write_str(
                "the global bridge is in use already; install yours before anything else runs",
            ),
            Self::CurrentThreadHome => f.write_str(
                "`runtime` is a current-thread runtime, which nobody may be driving while a \
                 thread waits; give a multi-thread one",
            ),
        }
    }
}

impl Error for BuildError {}

/// The kind is `InvalidInput`.
impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

/// The reason why the pool did not take a closure, together with the closure.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected<F> {
    /// The queue is full.
    #[non_exhaustive]
    Full {
        /// The closure, which has not run.
        closure: F,
        /// The name of the pool.
        pool: PoolName,
    },
    /// The pool is shut down, or belongs to the process that forked this one.
    #[non_exhaustive]
    ShutDown {
        /// The closure, which has not run.
        closure: F,
        /// The name of the pool.
        pool: PoolName,
    },
    /// The limit passed before there was room in the queue.
    #[non_exhaustive]
    TimedOut {
        /// The closure, which has not run.
        closure: F,
        /// The name of the pool.
        pool: PoolName,
    },
}

impl<F> Rejected<F> {
    /// Returns the closure.
    #[must_use]
    pub fn into_inner(self) -> F {
        match self {
            Self::Full { closure, .. }
            | Self::ShutDown { closure, .. }
            | Self::TimedOut { closure, .. } => closure,
        }
    }

    /// Returns the same refusal with the value that `change` makes of the closure.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use bridge_offload::Pool;
    ///
    /// let pool = Pool::new();
    /// let _report = pool.shutdown(Duration::ZERO).wait();
    /// let rejected = pool.try_run(|| 7).unwrap_err();
    /// assert_eq!(rejected.map(|closure| closure() + 1).into_inner(), 8);
    /// ```
    #[must_use]
    pub fn map<G>(self, change: impl FnOnce(F) -> G) -> Rejected<G> {
        match self {
            Self::Full { closure, pool } => Rejected::Full {
                closure: change(closure),
                pool,
            },
            Self::ShutDown { closure, pool } => Rejected::ShutDown {
                closure: change(closure),
                pool,
            },
            Self::TimedOut { closure, pool } => Rejected::TimedOut {
                closure: change(closure),
                pool,
            },
        }
    }

    /// Returns whether the queue was full, so that trying again later can help.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// Returns whether the pool takes no further job.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::ShutDown { .. })
    }

    /// Returns whether the limit passed.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self, Self::TimedOut { .. })
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full { .. } => "Full(..)",
            Self::ShutDown { .. } => "ShutDown(..)",
            Self::TimedOut { .. } => "TimedOut(..)",
        })
    }
}

impl<F> fmt::Display for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { pool, .. } => write!(
                f,
                "the queue of the {pool} is full; try again later, or `.await` the closure's call \
                 to wait for room"
            ),
            Self::ShutDown { pool, .. } => write!(
                f,
                "the {pool} takes no further job: it is shut down, or the parent process of this \
                 fork has built it; submit before the shutdown, or build a pool after the fork"
            ),
            Self::TimedOut { pool, .. } => {
                write!(f, "the queue of the {pool} had no room within the limit")
            }
        }
    }
}

impl<F> Error for Rejected<F> {}

/// The kind of a full queue is `WouldBlock`, and that of a limit `TimedOut`. The closure is
/// dropped.
impl<F> From<Rejected<F>> for io::Error {
    fn from(rejected: Rejected<F>) -> Self {
        let kind = match &rejected {
            Rejected::Full { .. } => io::ErrorKind::WouldBlock,
            Rejected::TimedOut { .. } => io::ErrorKind::TimedOut,
            Rejected::ShutDown { .. } => io::ErrorKind::Other,
        };
        Self::new(kind, rejected.map(drop))
    }
}

/// The reason why an offloaded closure has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum OffloadError {
    /// The closure panicked.
    Panicked(Panic),
    /// The pool was shut down before the closure had finished.
    #[non_exhaustive]
    ShutDown {
        /// Where the closure was offloaded.
        at: &'static Location<'static>,
        /// The name of the pool.
        pool: PoolName,
    },
    /// The job was withdrawn before it started.
    #[non_exhaustive]
    Cancelled {
        /// Where the closure was offloaded.
        at: &'static Location<'static>,
    },
    /// The pool has no thread that could run the closure, and none could be started. It has no
    /// thread at all, or all its threads are parked.
    #[non_exhaustive]
    NoThread {
        /// Where the closure was offloaded.
        at: &'static Location<'static>,
        /// The error of the system.
        error: io::ErrorKind,
        /// The name of the pool.
        pool: PoolName,
    },
    /// This process is a fork of the one whose threads serve the pool.
    #[non_exhaustive]
    Forked {
        /// Where the closure was offloaded.
        at: &'static Location<'static>,
        /// The name of the pool.
        pool: PoolName,
    },
}

impl fmt::Display for OffloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(panic) => write!(
                f,
                "the closure offloaded at {} panicked: {}",
                panic.at,
                panic.text()
            ),
            Self::ShutDown { at, pool } => write!(
                f,
                "the closure offloaded at {at} did not finish: the {pool} was shut down; \
                 offload before the shutdown, or allow it more time"
            ),
            Self::Cancelled { at } => {
                write!(
                    f,
                    "the closure offloaded at {at} was withdrawn before it started"
                )
            }
            Self::NoThread { at, error, pool } => write!(
                f,
                "the closure offloaded at {at} did not run: the {pool} has no thread that \
                 could run it, and none could be started ({error}); raise the system's limit on threads"
            ),
            Self::Forked { at, pool } => write!(
                f,
                "the closure offloaded at {at} did not run: this process is a fork, and the \
                 threads of the {pool} stayed in its parent; build a pool after the fork"
            ),
        }
    }
}

impl Error for OffloadError {}

/// The kind is that of the system's error if the system gave no thread, and `Other` otherwise.
impl From<OffloadError> for io::Error {
    fn from(error: OffloadError) -> Self {
        let kind = match &error {
            OffloadError::NoThread { error, .. } => *error,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

impl OffloadError {
    /// Returns the place where the closure was offloaded.
    #[must_use]
    pub fn at(&self) -> &'static Location<'static> {
        match self {
            Self::Panicked(panic) => panic.at,
            Self::ShutDown { at, .. }
            | Self::Cancelled { at }
            | Self::NoThread { at, .. }
            | Self::Forked { at, .. } => at,
        }
    }

    /// Returns the error of a closure that the shutdown of this pool has cut off. Without a
    /// name, the caller of this function sets it later.
    pub(crate) fn shut_down(at: &'static Location<'static>, pool: Option<&PoolName>) -> Self {
        let pool = pool.cloned().unwrap_or_default();
        Self::ShutDown { at, pool }
    }

    /// Returns the name of the pool, if this error speaks of the pool.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolName> {
        match self {
            Self::ShutDown { pool, .. }
            | Self::NoThread { pool, .. }
            | Self::Forked { pool, .. } => Some(pool),
            Self::Panicked(_) | Self::Cancelled { .. } => None,
        }
    }

    /// Resumes the closure's panic, or panics with this error's text.
    pub(crate) fn resume(self) -> ! {
        match self {
            Self::Panicked(panic) => resume_unwind(panic.into_payload()),
            error => panic!("{error}"),
        }
    }
}

/// The panic of a closure.
pub struct Panic {
    // A payload is not `Sync`. The lock makes this type `Sync`, as users expect of
    // errors.
    payload: Mutex<Box<dyn Any + Send>>,
    /// Where the closure was offloaded.
    at: &'static Location<'static>,
}

impl Panic {
    pub(crate) fn new(payload: Box<dyn Any + Send>, at: &'static Location<'static>) -> Self {
        Self {
            payload: Mutex::new(payload),
            at,
        }
    }

    /// Returns the payload, as [`std::panic::catch_unwind`] returns it.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the panic's message, or a substitute if the payload is no text.
    #[must_use]
    pub fn text(&self) -> String {
        let payload = self.payload.lock().unwrap_or_else(PoisonError::into_inner);
        match (
            payload.downcast_ref::<&str>(),
            payload.downcast_ref::<String>(),
        ) {
            (Some(text), _) => (*text).to_owned(),
            (None, Some(text)) => text.clone(),
            (None, None) => "a payload that is no text".to_owned(),
        }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.text()).finish()
    }
}
