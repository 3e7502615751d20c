//! The check that notices a pool which stands still. Such a pool is stuck, and no job starts
//! or ends that could let a queued job start.
//!
//! A pool is *stuck* if jobs are queued that no worker is bound to look at, or if every
//! worker is parked and none can be added. A pool that keeps up has no monitor. Once the
//! pool is stuck, the monitor looks at it every [`LOOK_INTERVAL`] (`core/monitor.rs`). It
//! stops after a second in which the pool was not stuck. It compares counters, so
//! a pool that is merely busy pays one wake-up for each look, or for each glance.
//!
//! A pool of which nobody set the size may grow between two looks:
//!
//! - At each [`STEP_INTERVAL`], if it has grown because it stands still, and still does. It need
//!   not prove that again.
//! - At each *glance*, if its jobs block and the queue is long ([`Stall::lags`]). A glance comes
//!   at each step, and more often while the jobs may block (`core/block_watch.rs`).

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

use std::{
    mem,
    time::{Duration, Instant},
};

use crate::platform::sync::{elapsed, now};

/// The time between two looks.
pub(crate) const LOOK_INTERVAL: Duration = STEP_INTERVAL.saturating_mul(STEPS);

/// The time between two steps of a pool that grows.
///
/// The jobs of a step start within a millisecond or two. In the rest of this time they can
/// show that they wait for the next ones too.
pub(crate) const STEP_INTERVAL: Duration = Duration::from_millis(10);

/// The number of steps of a pool that grows, from one look to the next. The next look takes the
/// last of them.
pub(crate) const STEPS: u32 = 5;

/// After so many looks at which the pool stood still, it grows if nobody set its size.
const GROW: u32 = 2;

/// After so many looks at which the pool stood still, the stall is reported. That is
/// after 900 ms, because an earlier report would often take a long job for a stall.
const REPORT: u32 = 18;

/// After so many looks in a row that saw progress, or a pool that was not stuck, the pool has
/// kept up.
pub(super) const STEADY: u32 = 10;

/// After so many looks at a pool that is not stuck, the monitor stops.
const REST: u32 = 20;

/// After a failed start of the monitor, no other start is tried for so long.
const RETRY: Duration = Duration::from_secs(1);

/// Counts of what has happened in a pool since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The number of events that may have let a queued job start.
    pub(crate) events: u64,
    /// The number of starts, ends and parks of jobs.
    pub(crate) moves: u64,
}

/// The results of the last looks.
#[derive(Default)]
pub(crate) struct Stall {
    monitor: Monitor,
    /// The counts at the last look.
    seen: Seen,
    last_glance: Glance,
    /// The number of looks in a row that found the pool stuck and saw nothing move.
    still: u32,
    /// The number of looks in a row that found the pool stuck and saw no progress.
    stuck: u32,
    /// The time of the first of the looks that `stuck` counts.
    since: Option<Instant>,
    /// Whether the pool has stood still for long enough to grow, and has made no progress since.
    may_grow: bool,
    /// Whether this stall has been reported.
    is_reported: bool,
    /// The number of looks in a row that did not find the pool stuck.
    quiet: u32,
    /// The number of looks in a row that saw progress, or a pool that was not stuck.
    steady: u32,
    /// Whether a parked wait has been refused since the pool was last steady. Then the pool
    /// does not just wait for slow answers.
    pub(crate) has_refused: bool,
}

/// What the pool was like at a glance. The start of the monitor counts as one.
#[derive(Clone, Copy, Default)]
struct Glance {
    /// The number of events until then.
    events: u64,
    /// Whether jobs were queued and all permits were taken, or workers were on their way.
    is_full: bool,
}

/// The state of the monitor's thread.
#[derive(Default)]
enum Monitor {
    #[default]
    Stopped,
    /// The thread that holds the pool's lock starts the monitor after it has released
    /// the lock.
    Due,
    /// The monitor's thread is about to start, or has started.
    Starting,
    /// The monitor has looked at the pool.
    Running,
    /// The monitor's thread could not be started at this time.
    Failed(Instant),
}

/// The report of a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StallReport {
    /// The time for which the pool has stood still.
    pub(crate) waited: Duration,
    /// The number of queued jobs.
    pub(crate) queued: usize,
}

/// The result of a look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Verdict {
    /// Whether there was progress since the last look.
    pub(crate) is_progress: bool,
    /// The number of looks in a row that saw progress, or a pool that was not stuck.
    pub(crate) steady: u32,
    /// The number of looks in a row that found the pool stuck and saw nothing move.
    pub(crate) still: u32,
    /// The number of looks in a row that found the pool stuck and saw no progress.
    pub(crate) stuck: u32,
    /// Whether the pool has stood still for long enough to grow.
    pub(crate) may_grow: bool,
    /// The stall to report.
    pub(crate) report: Option<StallReport>,
    /// Whether the monitor stops, because the pool has not been stuck for a while.
    pub(crate) stops: bool,
}

impl Stall {
    /// Makes the monitor due if it does not run, and unless its start has just failed.
    #[inline]
    pub(crate) fn start_monitor(&mut self, seen: Seen) {
        // loom has no time, so no monitor runs under it.
        if self.has_monitor() || cfg!(bridge_loom) {
            return;
        }
        self.start_stopped(seen);
    }

    #[cold]
    fn start_stopped(&mut self, seen: Seen) {
        if let Monitor::Failed(at) = self.monitor
            && elapsed(at) < RETRY
        {
            return;
        }
        *self = Self {
            monitor: Monitor::Due,
            seen,
            last_glance: Glance {
                events: seen.events,
                is_full: true,
            },
            ..Self::default()
        };
    }

    /// Returns whether the monitor runs, or is due.
    pub(crate) fn has_monitor(&self) -> bool {
        matches!(
            self.monitor,
            Monitor::Due | Monitor::Starting | Monitor::Running
        )
    }

    /// Returns whether the monitor has looked at the pool, so that its start can't fail any
    /// more.
    pub(crate) fn has_running_monitor(&self) -> bool {
        matches!(self.monitor, Monitor::Running)
    }

    /// Returns the number of looks in a row that found the pool stuck and saw nothing move, and the
    /// number of those that saw no progress.
    pub(crate) fn looks_without_progress(&self) -> (u32, u32) {
        (self.still, self.stuck)
    }

    /// Returns whether the caller must start the monitor.
    #[inline]
    pub(crate) fn take_start(&mut self) -> bool {
        let is_due = self.is_start_due();
        if is_due {
            self.monitor = Monitor::Starting;
        }
        is_due
    }

    /// Returns whether the monitor must be started and nobody has taken that on.
    #[inline]
    pub(crate) fn is_start_due(&self) -> bool {
        matches!(self.monitor, Monitor::Due)
    }

    /// Notes that the monitor's thread could not be started.
    pub(crate) fn monitor_failed(&mut self) {
        self.monitor = Monitor::Failed(now());
    }

    /// Notes that the queue is empty, so the next stall is a new one.
    #[inline]
    pub(crate) fn note_empty_queue(&mut self) {
        self.is_reported = false;
    }

    /// Notes that the monitor stops.
    pub(crate) fn stop(&mut self) {
        self.monitor = Monitor::Stopped;
    }

    /// Returns whether a pool that grows, and is stuck, has made no progress since the last
    /// look.
    pub(crate) fn grows_on(&self, seen: Seen) -> bool {
        self.may_grow && seen.events == self.seen.events
    }

    /// Returns whether the pool has been full since the last glance, and its queue is long.
    ///
    /// If more jobs are queued than run, they wait for longer than they take. If fewer jobs have
    /// started and ended since the last glance than are queued, the last of them waits for more
    /// than twice the time between the glances at that pace.
    pub(crate) fn lags(
        &mut self,
        seen: Seen,
        is_full: bool,
        queued: usize,
        running: usize,
    ) -> bool {
        let this_glance = Glance {
            events: seen.events,
            is_full,
        };
        let last_glance = mem::replace(&mut self.last_glance, this_glance);
        let events = this_glance.events - last_glance.events;
        last_glance.is_full && is_full && (queued > running || events < queued as u64)
    }

    /// Compares the counts with those of the last look.
    ///
    /// `stuck_queue` is the number of queued jobs if the pool is stuck, and `None` if it is
    /// not.
    pub(crate) fn look(&mut self, seen: Seen, stuck_queue: Option<usize>, now: Instant) -> Verdict {
        let is_progress = seen.events != self.seen.events;
        let has_moved = seen != self.seen;
        self.seen = seen;
        self.monitor = Monitor::Running;
        self.steady = if is_progress || stuck_queue.is_none() {
            self.steady.saturating_add(1)
        } else {
            0
        };
        let steady = self.steady;
        let Some(queued) = stuck_queue else {
            (self.still, self.stuck) = (0, 0);
            (self.since, self.is_reported) = (None, false);
            self.quiet += 1;
            // While a step's workers start, the pool is not stuck. It has not kept up then.
            self.may_grow &= !is_progress && self.quiet == 1;
            let stops = self.quiet >= REST;
            if stops {
                self.monitor = Monitor::Stopped;
            }
            return Verdict {
                is_progress,
                steady,
                may_grow: self.may_grow,
                stops,
                ..Verdict::default()
            };
        };
        self.quiet = 0;
        if is_progress {
            (self.still, self.stuck) = (0, 0);
            (self.since, self.may_grow) = (None, false);
            return Verdict {
                is_progress,
                steady,
                ..Verdict::default()
            };
        }
        let since = *self.since.get_or_insert(now);
        self.still = if has_moved { 0 } else { self.still + 1 };
        self.stuck += 1;
        self.may_grow |= self.stuck >= GROW;
        let is_due = queued > 0 && self.stuck >= REPORT && !self.is_reported;
        self.is_reported |= is_due;
        Verdict {
            still: self.still,
            stuck: self.stuck,
            may_grow: self.may_grow,
            report: is_due.then(|| StallReport {
                waited: LOOK_INTERVAL + now.saturating_duration_since(since),
                queued,
            }),
            ..Verdict::default()
        }
    }
}
