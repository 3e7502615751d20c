//! The terminal: its lines, and the signals that interrupt a call.
//!
//! Nothing can interrupt a thread that reads from the terminal. So a thread of its own
//! reads the lines, and the main thread waits for a line and for a signal at once.

use std::{
    io::{self, IsTerminal as _, Write as _},
    thread,
};

use bridge::Wait as _;
use tokio::{
    select,
    signal::unix::{self, SignalKind},
    sync::mpsc,
};

/// A signal that ends a call.
pub enum Signal {
    /// Ctrl-C. The session goes on.
    Interrupt,
    /// The process has to end.
    Terminate,
}

/// An answer to the prompt.
pub enum Event {
    Line(String),
    End,
    Signal(Signal),
}

/// The lines and the signals of the process.
pub struct Terminal {
    lines: mpsc::Receiver<io::Result<String>>,
    signals: Signals,
    /// Whether the input is no terminal. Then the session shows each line that it read.
    echo: bool,
}

struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

impl Signals {
    async fn next(&mut self) -> Signal {
        select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

impl Terminal {
    /// Starts to listen to the input and to the signals.
    pub fn open() -> io::Result<Self> {
        // Tokio registers a signal with the runtime that is entered.
        let _home = bridge::enter();
        let signals = Signals {
            interrupt: unix::signal(SignalKind::interrupt())?,
            terminate: unix::signal(SignalKind::terminate())?,
        };
        let (send, lines) = mpsc::channel(1);
        // Nobody joins this thread, because it may stay in its read for ever.
        thread::spawn(move || {
            for line in io::stdin().lines() {
                if send.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            lines,
            signals,
            echo: !io::stdin().is_terminal(),
        })
    }

    /// Shows the prompt, and waits for a line or a signal. Tasks go on meanwhile.
    pub fn prompt(&mut self) -> io::Result<Event> {
        print!("> ");
        io::stdout().flush()?;
        let event = async {
            select! {
                signal = self.signals.next() => Ok(Event::Signal(signal)),
                line = self.lines.recv() => line.map_or(Ok(Event::End), |line| line.map(Event::Line)),
            }
        }
        .wait()?;
        match &event {
            Event::Line(line) if self.echo => println!("{line}"),
            Event::Line(_) => {}
            Event::End | Event::Signal(_) => println!(),
        }
        Ok(event)
    }

    /// Waits for `call` at the prompt. A signal drops the call, and nothing else.
    pub fn wait<T>(&mut self, call: impl Future<Output = T>) -> Result<T, Signal> {
        async {
            select! {
                value = call => Ok(value),
                signal = self.signals.next() => Err(signal),
            }
        }
        .wait()
    }
}
