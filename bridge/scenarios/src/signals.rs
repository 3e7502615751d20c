//! The signals by which users and systems ask a program to stop.

use std::io;

#[cfg(unix)]
use tokio::signal::unix;

/// A request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The user pressed Ctrl-C.
    Interrupt,
    /// The system asked for the end.
    Terminate,
}

impl Signal {
    /// Returns the exit code of a program that stopped because of this signal, as shells
    /// count it.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

/// Receives requests to stop.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    interrupt: unix::Signal,
    #[cfg(unix)]
    terminate: unix::Signal,
}

impl Signals {
    /// Starts to listen. From now on a signal no longer ends the process by itself.
    ///
    /// # Errors
    ///
    /// Returns the system's error if the handlers can't be installed.
    ///
    /// # Panics
    ///
    /// Panics outside a Tokio runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            interrupt: unix::signal(unix::SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: unix::signal(unix::SignalKind::terminate())?,
        })
    }

    /// Waits for the next request.
    ///
    /// # Cancel safety
    ///
    /// A drop of the future loses no signal.
    #[cfg(unix)]
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }

    /// Waits for the next Ctrl-C.
    #[cfg(not(unix))]
    pub async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
