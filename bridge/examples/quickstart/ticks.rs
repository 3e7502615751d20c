//! A clock that shows whether the event loop is alive.

use std::{
    cell::Cell,
    fmt,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval};

const TICK: Duration = Duration::from_millis(1);

/// The number of ticks, and the time that they took.
pub struct Ticks {
    count: u32,
    time: Duration,
}

impl fmt::Display for Ticks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>4} ticks in {:>4} ms",
            self.count,
            self.time.as_millis()
        )
    }
}

/// Runs `work`, and counts how often the clock ticks meanwhile.
pub async fn during<F: Future>(work: F) -> (F::Output, Ticks) {
    let count = Cell::new(0);
    let clock = async {
        let mut interval = interval(TICK);
        interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first tick comes at once, so it does not count.
        interval.tick().await;
        loop {
            interval.tick().await;
            count.set(count.get() + 1);
        }
    };
    let start = Instant::now();
    let output = tokio::select! {
        biased;
        output = work => output,
        () = clock => unreachable!("a clock never ends"),
    };
    (
        output,
        Ticks {
            count: count.get(),
            time: start.elapsed(),
        },
    )
}
