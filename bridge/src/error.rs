//! The errors of a wait.

mod leftover;

use std::{error::Error, fmt, io, panic::Location};

use offload_pool::exit;

pub use self::leftover::Leftover;
use crate::{OffloadError, Report};

/// The reason why a wait has no value.
///
/// The future's own results and panics are never in here, because they pass through
/// untouched. Each reason holds the place of the wait: see [`at`](Self::at).
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// This thread polls for an executor that nobody else drives. Parking it would
    /// freeze everything on that executor, and the future may need that executor too.
    /// [`wait_frozen`](crate::wait_frozen) parks the thread all the same.
    #[non_exhaustive]
    WouldFreeze {
        /// The type of the future, or the name of the smart `fn`.
        future: &'static str,
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// This thread is ending, and the thread-locals that a wait needs are gone.
    #[non_exhaustive]
    ThreadEnding {
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// The time limit passed before the future was ready.
    #[non_exhaustive]
    TimedOut {
        /// Where the wait is.
        at: &'static Location<'static>,
        /// The fate of the work.
        left: Leftover,
    },
    /// Too many waits on this runtime have handed over the other tasks of their worker and
    /// are still open. Each of them takes one of the runtime's blocking threads. Code that
    /// waits on a thread of the pool takes none.
    #[non_exhaustive]
    TooDeep {
        /// The limit: `Builder::max_nested_waits`.
        limit: usize,
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// So many waits are nested on this thread that hardly any of its stack is left.
    ///
    /// Only on Linux can a wait find this out. On other systems the stack overflows.
    #[non_exhaustive]
    StackExhausted {
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// The pool can do nothing for this wait, in one of two cases:
    ///
    /// - Every thread of the pool is parked in a wait, no thread can be added, and no parked
    ///   thread can run what is queued. That has been so for one to three seconds. With the
    ///   default settings it has been so for a minute, unless a queued closure belongs to a
    ///   wait, or the pool has just given up another wait. This wait is the one that began last.
    /// - Other threads of the pool run, but no thread is there to run a closure that this
    ///   wait depends on. That has been so for three seconds.
    #[non_exhaustive]
    PoolExhausted {
        /// Where the wait is.
        at: &'static Location<'static>,
        /// The pool at the moment when it gave the wait up.
        report: Box<Report>,
    },
    /// The runtime under the future was dropped or shut down. A wait rests on the reachable
    /// runtime if that is a multi-thread one, and otherwise on the home runtime.
    #[non_exhaustive]
    RuntimeGone {
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// This process is a fork, and the threads that drive the runtime under
    /// the future are in its parent. A wait on the thread that has forked rests on the runtime
    /// around it, even if the bridge was built after the fork. On a new thread it rests on home.
    #[non_exhaustive]
    Forked {
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// The pool has no result of a smart `fn`: it is shut down, or can't start a
    /// thread.
    #[non_exhaustive]
    OffloadFailed {
        /// The pool's error.
        error: Box<OffloadError>,
        /// Where the wait is.
        at: &'static Location<'static>,
    },
    /// The home runtime could not be started.
    #[non_exhaustive]
    NoRuntime {
        /// The system's error.
        error: io::Error,
        /// Where the wait is.
        at: &'static Location<'static>,
    },
}

impl WaitError {
    /// Returns the place of the wait.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use bridge::Wait;
    ///
    /// let never = std::future::pending::<()>();
    /// let error = never.wait_timeout(Duration::ZERO).unwrap_err();
    /// assert_eq!(error.at().file(), file!());
    /// ```
    #[must_use]
    pub fn at(&self) -> &'static Location<'static> {
        match self {
            Self::WouldFreeze { at, .. }
            | Self::ThreadEnding { at }
            | Self::TimedOut { at, .. }
            | Self::TooDeep { at, .. }
            | Self::StackExhausted { at }
            | Self::PoolExhausted { at, .. }
            | Self::RuntimeGone { at }
            | Self::Forked { at }
            | Self::OffloadFailed { at, .. }
            | Self::NoRuntime { at, .. } => at,
        }
    }

    /// Returns the report of the pool that could do nothing for the wait. It comes with
    /// [`PoolExhausted`](Self::PoolExhausted) only.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::PoolExhausted { report, .. } => Some(report),
            _ => None,
        }
    }

    /// Panics with the text of this error, at the caller's line. If the pool could do
    /// nothing for the wait, the report follows. If the runtime is gone
    /// because the process exits, stops this thread first: see [`exit::stop_if_exiting`].
    #[cold]
    #[track_caller]
    pub(crate) fn raise(self) -> ! {
        if let Self::RuntimeGone { .. } = self {
            exit::stop_if_exiting();
        }
        if let Some(report) = self.report() {
            panic!("{self}\n{report}")
        }
        panic!("{self}")
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldFreeze { future, at } => {
                // The compiler calls the future of an `async fn` its closure.
                let future = future.strip_suffix("::{{closure}}").unwrap_or(future);
                write!(
                    f,
                    "waiting for `{future}` at {at} would freeze the executor that runs on this \
                     thread; `.await` it, offload the code that waits, or use a multi-thread \
                     runtime, as by `#[tokio::test(flavor = \"multi_thread\")]`; a destructor may \
                     use `bridge::wait_frozen`"
                )
            }
            Self::ThreadEnding { at } => write!(
                f,
                "can't wait at {at}, on a thread whose thread-locals are being destroyed; wait \
                 before the thread ends, or on another"
            ),
            Self::TimedOut { at, left } => {
                write!(f, "the wait at {at} ran out of time: {}", left.explained())
            }
            Self::TooDeep { limit, at } => write!(
                f,
                "the wait at {at} is one too many: {limit} on its runtime, nested in each other or \
                 not, have handed their worker's tasks over, which is the limit; `.await` in some \
                 of the tasks that wait, offload the code that waits, or raise \
                 `max_nested_waits` and with it the runtime's `max_blocking_threads`"
            ),
            Self::StackExhausted { at } => write!(
                f,
                "the wait at {at} is nested so deeply that its thread has hardly any stack left; \
                 `.await` instead, or give the thread a larger stack"
            ),
            Self::PoolExhausted { at, report } => {
                let pool = report.name();
                write!(f, "the wait at {at} was given up: ")?;
                match report.metrics().running {
                    0 => write!(f, "every thread of the {pool} is parked in a wait")?,
                    1 => write!(
                        f,
                        "1 thread of the {pool} runs and the others are parked, so none is there \
                         for a closure that the wait depends on"
                    )?,
                    running => write!(
                        f,
                        "{running} threads of the {pool} run and the others are parked, so none is \
                         there for a closure that the wait depends on"
                    )?,
                }
                f.write_str(", and no other can be added; ")?;
                match report.cycle().filter(|cycle| cycle.is_certain()) {
                    // More threads would be parked too.
                    Some(cycle) => write!(f, "{cycle}; let one of them not wait"),
                    None => f.write_str(
                        "raise `max_blocked_threads`, nest less deeply, or spawn the tasks in \
                         between with `bridge::spawn`",
                    ),
                }
            }
            Self::RuntimeGone { at } => write!(
                f,
                "the runtime that the wait at {at} rests on is shut down; wait before that, or \
                 under the guard of `enter()` of a bridge that is not shut down"
            ),
            Self::Forked { at } => write!(
                f,
                "the wait at {at} is in a fork, and the threads of its runtime stayed in the \
                 parent; build a bridge after the fork, and if the fork was made inside a runtime, \
                 wait on a new thread"
            ),
            Self::OffloadFailed { error, at } => {
                write!(f, "the wait at {at} has no result: {error}")
            }
            Self::NoRuntime { error, at } => write!(
                f,
                "the home runtime could not be started for the wait at {at}: {error}; have fewer \
                 threads, or give the bridge a runtime"
            ),
        }
    }
}

impl Error for WaitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoRuntime { error, .. } => Some(error),
            // The error itself, so that `downcast_ref` finds it, and not its box.
            Self::OffloadFailed { error, .. } => Some(&**error),
            _ => None,
        }
    }
}

/// The kind of a limit that has passed is `TimedOut`. If the system has refused a thread or a
/// runtime, the kind is that of its error. The kind of all others is `Other`.
impl From<WaitError> for io::Error {
    fn from(error: WaitError) -> Self {
        let kind = match &error {
            WaitError::TimedOut { .. } => io::ErrorKind::TimedOut,
            WaitError::NoRuntime { error, .. } => error.kind(),
            WaitError::OffloadFailed { error, .. } => match &**error {
                OffloadError::NoThread { error, .. } => *error,
                _ => io::ErrorKind::Other,
            },
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Returns the value of a wait. Panics at the caller's line with the text of its error.
#[track_caller]
pub(crate) fn unwrap<T>(result: Result<T, WaitError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => error.raise(),
    }
}

#[cfg(test)]
mod tests;
