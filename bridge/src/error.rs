//! Why a wait has no value.

use std::{error::Error, fmt, io, panic::Location};

/// Why a future could not be waited for.
///
/// What the future itself returns or panics with is never in here: it passes
/// through untouched.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// This thread polls for an executor that nobody else drives: parking it
    /// would freeze everything on it, perhaps what the future waits for too.
    #[non_exhaustive]
    WouldFreeze {
        /// The type of the future.
        future: &'static str,
        /// Where it was to be waited for.
        at: &'static Location<'static>,
    },
    /// This thread is ending, and what a wait needs of it is gone.
    ThreadEnding,
    /// The limit passed; the future was dropped.
    TimedOut,
    /// Too many waits at a time have handed their worker's tasks over.
    #[non_exhaustive]
    TooDeep {
        /// The limit: `Builder::max_nested_waits`.
        limit: usize,
    },
    /// Parking the pool's last thread would leave nobody to run what the
    /// future waits for.
    PoolExhausted,
    /// The runtime under the future was dropped or shut down.
    RuntimeGone,
    /// This process is a fork of the one whose threads drive the home runtime.
    Forked,
    /// The home runtime could not be started.
    NoRuntime(io::Error),
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WouldFreeze { future, at } => {
                // What an `async fn` returns is called its closure.
                let future = future.strip_suffix("::{{closure}}").unwrap_or(future);
                write!(
                    f,
                    "waiting for `{future}` at {at} would freeze the executor that polls this \
                     thread; `.await` it, or offload the code that waits"
                )
            }
            Self::ThreadEnding => f.write_str(
                "can't wait on a thread whose thread-locals are being destroyed; wait before the \
                 thread ends, or on another",
            ),
            Self::TimedOut => f.write_str(
                "the future was not ready within the limit, and was dropped; allow it more time, \
                 or wait on a `&mut` of it to keep it",
            ),
            Self::TooDeep { limit } => write!(
                f,
                "{limit} waits have handed their worker's tasks over, which is the limit; \
                 `.await` at some level, or raise `max_nested_waits`"
            ),
            Self::PoolExhausted => f.write_str(
                "every thread of the offload pool would be parked in a wait; raise \
                 `max_blocked_threads`, or nest less deeply",
            ),
            Self::RuntimeGone => f.write_str(
                "the runtime that the wait rests on is shut down; wait before that, or on a bridge \
                 of its own",
            ),
            Self::Forked => f.write_str(
                "this process is a fork, and the home runtime's threads stayed in its parent; \
                 build a bridge after the fork",
            ),
            Self::NoRuntime(error) => {
                write!(f, "the home runtime could not be started: {error}")
            }
        }
    }
}

impl Error for WaitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoRuntime(error) => Some(error),
            _ => None,
        }
    }
}
