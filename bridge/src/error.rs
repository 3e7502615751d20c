//! PLACEHOLDER: what can go wrong.
use std::{fmt, panic::Location};

/// Why a wait could not be done.
#[derive(Debug)]
#[non_exhaustive]
pub enum WaitError {
    /// Waiting here would freeze the executor that polls this thread.
    #[non_exhaustive]
    WouldFreeze {
        /// The future's type.
        future: &'static str,
        /// The call's place.
        at: &'static Location<'static>,
    },
    /// The thread is ending.
    ThreadEnding,
    /// The limit passed.
    TimedOut,
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for WaitError {}
