//! A request to stop, by Ctrl-C or by a `SIGTERM`.

use std::{
    io,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
};

use tokio::{
    select,
    signal::unix::{SignalKind, signal},
};

/// Whether the program has been asked to stop, and by which signal.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicU8>);

impl Stop {
    /// Listens for both signals from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Self(Arc::default());
        let set = Arc::clone(&stop.0);
        // Tokio's signals need a runtime when they are made.
        let _entered = bridge::enter();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        bridge::spawn(async move {
            let number = select! {
                _ = interrupt.recv() => 2,
                _ = terminate.recv() => 15,
            };
            set.store(number, SeqCst);
        });
        Ok(stop)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(SeqCst) != 0
    }

    /// Returns the exit code that a shell gives to a program which this signal has ended.
    pub(crate) fn code(&self) -> Option<ExitCode> {
        self.is_set()
            .then(|| ExitCode::from(128 + self.0.load(SeqCst)))
    }
}
