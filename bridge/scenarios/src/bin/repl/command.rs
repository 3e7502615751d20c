//! The commands of the session.

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(multicall = true, disable_help_flag = true)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// A command that the user may type.
#[derive(Subcommand)]
pub enum Command {
    /// Fetch an item from the service.
    Get { item: u32 },
    /// Call the service and let it take this many milliseconds. Try Ctrl-C.
    Slow { ms: u64 },
    /// Count primes on a thread of the pool. Try Ctrl-C.
    Primes { below: u64 },
    /// Wait this many milliseconds, while the background tasks go on.
    Pause { ms: u64 },
    /// Fetch an item again and again in the background, this many milliseconds apart.
    Watch { item: u32, ms: u64 },
    /// List the background tasks.
    Watches,
    /// Stop a background task.
    Stop { number: usize },
    /// Show what the service has seen.
    Log,
    /// Show what the pool does.
    Pool,
    /// End the session.
    Quit,
}

impl Command {
    /// Reads a line. An empty line is no command. The error is a text for the user.
    pub fn read(line: &str) -> Result<Option<Self>, String> {
        let words: Vec<_> = line.split_whitespace().collect();
        if words.is_empty() {
            return Ok(None);
        }
        match Line::try_parse_from(words) {
            Ok(line) => Ok(Some(line.command)),
            Err(usage) => Err(usage.to_string().trim_end().to_owned()),
        }
    }
}
