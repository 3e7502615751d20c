//! An interactive session. Calls run at the prompt, and tasks run between the prompts.
//!
//! `cargo run -p bridge-scenarios --bin repl` starts it. Type `help` at the prompt. A pipe
//! works too: the session ends at the end of its input.
//!
//! `main` is plain sync code. It waits for each async call. Ctrl-C drops the call that runs
//! and nothing else, because [`terminal`] waits for the call and for the signal at once.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod command;
mod service;
mod terminal;
mod watches;

use std::{
    error::Error,
    process::ExitCode,
    time::{Duration, Instant},
};

use bridge::Bridge;

use crate::{
    command::Command,
    service::{Service, count_primes},
    terminal::{Event, Signal, Terminal},
    watches::Watches,
};

/// Any error. The session prints it and goes on.
type Failure = Box<dyn Error + Send + Sync>;

/// The step after a command.
enum Next {
    Prompt,
    End,
    Terminate,
}

fn main() -> Result<ExitCode, Failure> {
    let mut terminal = Terminal::open()?;
    let service = Service::start()?;
    let mut watches = Watches::default();
    println!("A service runs at {}. Type `help`.", service.url());
    let code = loop {
        let next = match terminal.prompt()? {
            Event::Line(line) => match Command::read(&line) {
                Ok(Some(command)) => run(&command, &mut terminal, &service, &mut watches),
                Ok(None) => Next::Prompt,
                Err(usage) => {
                    println!("{usage}");
                    Next::Prompt
                }
            },
            Event::End => Next::End,
            Event::Signal(Signal::Interrupt) => {
                println!("no call runs; `quit` or Ctrl-D ends the session");
                Next::Prompt
            }
            Event::Signal(Signal::Terminate) => Next::Terminate,
        };
        match next {
            Next::Prompt => {}
            Next::End => break ExitCode::SUCCESS,
            // 128 and the number of the signal, as a shell reports it.
            Next::Terminate => break ExitCode::from(128 + 15),
        }
    };
    let ticks = watches.stop_all();
    let report = Bridge::global().shutdown(Duration::from_secs(2)).wait();
    let cut = report.running.len();
    println!("bye: {ticks} ticks of background tasks, {cut} jobs cut off");
    Ok(code)
}

/// Runs one command. Nothing here is async: each call is waited for at the prompt.
fn run(
    command: &Command,
    terminal: &mut Terminal,
    service: &Service,
    watches: &mut Watches,
) -> Next {
    match *command {
        Command::Get { item } => finish(terminal, service.get(item)),
        Command::Slow { ms } => finish(terminal, service.slow(ms)),
        Command::Pause { ms } => finish(terminal, async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok("time has passed".to_owned())
        }),
        // The function blocks. As a future it runs on the pool, so Ctrl-C can drop it.
        Command::Primes { below } => finish(terminal, async move {
            let count = count_primes(below).await;
            Ok(format!("{count} primes below {below}"))
        }),
        Command::Log => finish(terminal, service.log()),
        Command::Watch { item, ms } => {
            let number = watches.start(service, item, Duration::from_millis(ms));
            say(&format!("watch {number} runs in the background"))
        }
        Command::Watches => say(&watches.list()),
        Command::Stop { number } => say(&watches.stop(number)),
        Command::Pool => {
            let metrics = Bridge::global().metrics();
            let (running, queued) = (metrics.running, metrics.queued);
            say(&format!("the pool: {running} running, {queued} queued"))
        }
        Command::Quit => Next::End,
    }
}

/// Waits for a call at the prompt, and prints what became of it.
fn finish(terminal: &mut Terminal, call: impl Future<Output = Result<String, Failure>>) -> Next {
    let start = Instant::now();
    let ended = terminal.wait(call);
    let time = start.elapsed().as_millis();
    match ended {
        Ok(Ok(text)) => say(&format!("{text} ({time} ms)")),
        Ok(Err(error)) => say(&format!("error: {error}")),
        Err(Signal::Interrupt) => say(&format!("interrupted after {time} ms")),
        Err(Signal::Terminate) => Next::Terminate,
    }
}

fn say(text: &str) -> Next {
    println!("{text}");
    Next::Prompt
}
