//! The check that notices a pool which stands still. Such a pool is stuck, and no job starts
//! or ends that could let a queued job start.
//!
//! A pool is *stuck* if jobs are queued that no worker is bound to look at, or if every
//! worker is parked and none can be added. A pool that keeps up has no monitor. Once the
//! pool is stuck, the monitor looks at it every [`LOOK_INTERVAL`] (`core/monitor.rs`). It
//! stops after a second in which the pool was not stuck. It compares counters and reads no
//! job, so a pool that is merely busy pays one wake-up for each look.

use std::time::{Duration, Instant};

use crate::platform::sync::{elapsed, now};

/// The time between two looks.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_millis(50);

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
    /// The number of looks in a row that found the pool stuck and saw nothing move.
    still: u32,
    /// The number of looks in a row that found the pool stuck and saw no progress.
    stuck: u32,
    /// The time of the first of the looks that `stuck` counts.
    since: Option<Instant>,
    /// The number of looks since the pool last grew.
    since_growth: u32,
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

/// The state of the monitor's thread.
#[derive(Default)]
enum Monitor {
    #[default]
    Stopped,
    /// The thread that holds the pool's lock starts the monitor after it has released
    /// the lock.
    Due,
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
            ..Self::default()
        };
    }

    /// Returns whether the monitor runs, or is due.
    pub(crate) fn has_monitor(&self) -> bool {
        matches!(self.monitor, Monitor::Running | Monitor::Due)
    }

    /// Returns whether the caller must start the monitor.
    #[inline]
    pub(crate) fn take_start(&mut self) -> bool {
        let is_due = self.is_start_due();
        if is_due {
            self.monitor = Monitor::Running;
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

    /// Compares the counts with those of the last look.
    ///
    /// `stuck_queue` is the number of queued jobs if the pool is stuck, and `None` if it is
    /// not.
    pub(crate) fn look(&mut self, seen: Seen, stuck_queue: Option<usize>, now: Instant) -> Verdict {
        let is_progress = seen.events != self.seen.events;
        let has_moved = seen != self.seen;
        self.seen = seen;
        self.steady = if is_progress || stuck_queue.is_none() {
            self.steady.saturating_add(1)
        } else {
            0
        };
        let steady = self.steady;
        let Some(queued) = stuck_queue else {
            (self.still, self.stuck, self.since_growth) = (0, 0, 0);
            (self.since, self.is_reported) = (None, false);
            self.quiet += 1;
            let stops = self.quiet >= REST;
            if stops {
                self.monitor = Monitor::Stopped;
            }
            return Verdict {
                is_progress,
                steady,
                stops,
                ..Verdict::default()
            };
        };
        self.quiet = 0;
        if is_progress {
            (self.still, self.stuck, self.since_growth) = (0, 0, 0);
            self.since = None;
            return Verdict {
                is_progress,
                steady,
                ..Verdict::default()
            };
        }
        let since = *self.since.get_or_insert(now);
        self.still = if has_moved { 0 } else { self.still + 1 };
        self.stuck += 1;
        self.since_growth += 1;
        let may_grow = self.since_growth >= GROW;
        if may_grow {
            self.since_growth = 0;
        }
        let is_due = queued > 0 && self.stuck >= REPORT && !self.is_reported;
        self.is_reported |= is_due;
        Verdict {
            still: self.still,
            stuck: self.stuck,
            may_grow,
            report: is_due.then(|| StallReport {
                waited: LOOK_INTERVAL + now.saturating_duration_since(since),
                queued,
            }),
            ..Verdict::default()
        }
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    /// Returns counts with so many events, and no other moves.
    fn seen(events: u64) -> Seen {
        Seen {
            events,
            moves: events,
        }
    }

    /// Looks once for each of these numbers of events, and returns the verdicts.
    fn looks(stall: &mut Stall, events: &[u64], stuck: Option<usize>) -> Vec<Verdict> {
        let start = Instant::now();
        let times = (1..).map(|n| start + LOOK_INTERVAL * n);
        events
            .iter()
            .zip(times)
            .map(|(&events, now)| stall.look(seen(events), stuck, now))
            .collect()
    }

    fn started() -> Stall {
        let mut stall = Stall::default();
        stall.start_monitor(seen(7));
        assert!(stall.take_start());
        assert!(!stall.take_start(), "one monitor is enough");
        stall
    }

    /// Otherwise a pool that stands still would grow too fast, or fill the user's log.
    #[test]
    fn it_grows_every_second_look_and_reports_once() {
        let verdicts = looks(&mut started(), &[7; 40], Some(3));
        let grown = verdicts.iter().filter(|verdict| verdict.may_grow).count();
        assert_eq!(grown, 20);
        let reports: Vec<_> = verdicts
            .iter()
            .filter_map(|verdict| verdict.report)
            .collect();
        assert_eq!(
            reports,
            [StallReport {
                waited: LOOK_INTERVAL * 18,
                queued: 3
            }]
        );
    }

    /// All waits of a pool may depend on timers. A report of a stall would be wrong then.
    #[test]
    fn it_reports_nothing_while_nothing_is_queued() {
        let mut stall = started();
        let verdicts = looks(&mut stall, &[7; 40], Some(0));
        assert_eq!(verdicts.iter().find_map(|verdict| verdict.report), None);
        assert_eq!(verdicts[39].still, 40);
        let report = looks(&mut stall, &[7], Some(1))[0].report;
        assert_eq!(report.map(|report| report.queued), Some(1));
    }

    /// Otherwise a pool that is merely busy would grow, or report a stall.
    #[test]
    fn progress_sets_the_count_back() {
        let events: Vec<u64> = (0..40).map(|n| 7 + n / 15).collect();
        let verdicts = looks(&mut started(), &events, Some(3));
        assert!(verdicts.iter().all(|verdict| verdict.report.is_none()));
        let busy: Vec<u64> = (0..40).collect();
        let verdicts = looks(&mut started(), &busy, Some(3));
        assert!(verdicts.iter().all(|verdict| !verdict.may_grow));
    }

    /// Otherwise a wait would be refused although jobs move, or jobs that park again and
    /// again would hide a stall.
    #[test]
    fn moves_are_no_progress_but_not_stillness() {
        let mut stall = started();
        let looks = (1..=20).map(|moves| {
            let seen = Seen { events: 7, moves };
            stall.look(seen, Some(3), Instant::now())
        });
        let verdicts: Vec<_> = looks.collect();
        assert!(verdicts.iter().all(|verdict| verdict.still == 0));
        assert_eq!(verdicts[19].stuck, 20);
        assert!(verdicts.iter().any(|verdict| verdict.report.is_some()));
    }

    /// Otherwise a user would not hear of a second stall.
    #[test]
    fn it_reports_again_after_the_queue_went_on() {
        let mut stall = started();
        for _ in 0..2 {
            let verdicts = looks(&mut stall, &[7; 20], Some(3));
            assert_eq!(
                verdicts.iter().filter_map(|verdict| verdict.report).count(),
                1
            );
            assert!(!looks(&mut stall, &[7], None)[0].stops);
        }
    }

    /// Otherwise the monitor of an idle pool would wake up for ever.
    #[test]
    fn a_pool_is_steady_after_a_while_with_progress() {
        let mut stall = started();
        let counts: Vec<u64> = (8..18).collect();
        let verdicts = looks(&mut stall, &counts, Some(1));
        let steady: Vec<_> = verdicts
            .iter()
            .map(|verdict| verdict.steady >= STEADY)
            .collect();
        assert!(steady[9] && !steady[..9].contains(&true), "{steady:?}");
        let stuck = looks(&mut stall, &[17, 18], Some(1));
        assert!(stuck.iter().all(|verdict| verdict.steady < STEADY));
    }

    #[test]
    fn the_monitor_stops_when_nothing_is_stuck_and_starts_again() {
        let mut stall = started();
        let verdicts = looks(&mut stall, &[7; 20], None);
        let stops: Vec<_> = verdicts.iter().map(|verdict| verdict.stops).collect();
        assert_eq!(stops.iter().filter(|stops| **stops).count(), 1);
        assert!(stops[19]);
        stall.start_monitor(seen(9));
        assert!(stall.take_start());
        stall.monitor_failed();
        stall.start_monitor(seen(9));
        assert!(!stall.take_start(), "not at once after a failure");
    }
}
