//! A request to stop, by Ctrl-C or by a `SIGTERM`.

use std::{
    io,
    process::ExitCode,
    sync::{Arc, OnceLock},
};

use bridge_scenarios::{Signal, Signals};

/// Whether the program has been asked to stop, and by which signal.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<OnceLock<Signal>>);

impl Stop {
    /// Listens for both signals from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self(Arc::default());
        let set = Arc::clone(&stop.0);
        // Tokio's signals need a runtime when they are made.
        let _entered = bridge::enter();
        let mut signals = Signals::listen()?;
        bridge::spawn(async move {
            let _first = set.set(signals.next().await);
        });
        Ok(stop)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }

    /// Returns the exit code that a shell gives to a program which this signal has ended.
    pub(crate) fn code(&self) -> Option<ExitCode> {
        self.0
            .get()
            .map(|signal| ExitCode::from(signal.exit_code()))
    }
}
