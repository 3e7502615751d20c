//! PLACEHOLDER: instances (the real one is being written).
use std::{sync::OnceLock, time::Duration};

use crate::{Offload, WaitError};

/// An instance.
#[derive(Clone, Debug)]
pub struct Bridge(());

impl Bridge {
    /// The process-wide instance.
    pub fn global() -> &'static Bridge {
        static GLOBAL: OnceLock<Bridge> = OnceLock::new();
        GLOBAL.get_or_init(|| Bridge(()))
    }

    /// Waits.
    #[track_caller]
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        match self.try_wait(future) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits.
    #[track_caller]
    pub fn try_wait<F: Future>(&self, future: F) -> Result<F::Output, WaitError> {
        crate::wait::run(self, future, None)
    }

    /// Waits at most `limit`.
    #[track_caller]
    pub fn wait_timeout<F: Future>(&self, future: F, limit: Duration) -> Result<F::Output, WaitError> {
        crate::wait::run(self, future, Some(limit))
    }

    /// Offloads.
    #[track_caller]
    pub fn offload<F, T>(&self, f: F) -> Offload<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Offload::new(f)
    }
}
