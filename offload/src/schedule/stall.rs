//! Noticing that a pool stands still: jobs are queued, none may start, and
//! nothing happens.
//!
//! A pool that keeps up has no monitor. Once jobs are queued that nobody can take,
//! a thread looks at the pool every [`TICK`] (`core/monitor.rs`), until it has found
//! nothing stuck for a second. It only compares counters, so a pool that is
//! merely busy pays nothing for it.

use std::time::{Duration, Instant};

/// The time between two looks.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// A pool that nobody sized grows after it stood still for so many looks.
const GROW: u32 = 2;

/// A pool that stood still for so many looks says so: within a second, and
/// later than jobs that take nearly as long.
const REPORT: u32 = 18;

/// After so many looks at a pool that is not stuck, the monitor stops.
const REST: u32 = 20;

/// After a monitor could not be started, it is not tried again for so long.
const RETRY: Duration = Duration::from_secs(1);

/// How much has happened in a pool, ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What may have let a queued job start.
    pub(crate) events: u64,
    /// Whatever jobs did.
    pub(crate) moves: u64,
}

/// What the last looks have shown.
#[derive(Default)]
pub(crate) struct Stall {
    monitor: Monitor,
    /// What had happened by the last look.
    seen: Seen,
    /// How many looks in a row have seen nothing move.
    still: u32,
    /// How many looks in a row have seen no progress, and since when.
    stuck: u32,
    since: Option<Instant>,
    /// Looks since the pool last grew.
    since_growth: u32,
    /// Whether this stall has been reported.
    is_told: bool,
    /// How many looks in a row have found nothing stuck.
    quiet: u32,
}

/// Whether somebody looks.
#[derive(Default)]
enum Monitor {
    #[default]
    Stopped,
    /// Whoever holds the lock starts the thread once it is released.
    Due,
    Running,
    /// No thread could be started.
    Failed(Instant),
}

/// What a subscriber is told of a stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StallReport {
    pub(crate) waited: Duration,
    pub(crate) queued: usize,
}

/// What a look leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Verdict {
    /// Something has happened since the last look.
    pub(crate) is_progress: bool,
    /// How many looks in a row have seen nothing move.
    pub(crate) still: u32,
    /// How many looks in a row have seen no progress.
    pub(crate) stuck: u32,
    /// The pool has stood still for long enough to grow.
    pub(crate) may_grow: bool,
    pub(crate) news: Option<StallReport>,
    /// Nothing has been stuck for a while: the monitor stops.
    pub(crate) stops: bool,
}

impl Stall {
    /// Sees to it that the monitor runs: jobs are queued that nobody can take.
    #[inline]
    pub(crate) fn start_monitor(&mut self, seen: Seen) {
        // loom has no time.
        if self.has_monitor() || cfg!(bridge_loom) {
            return;
        }
        self.start_stopped(seen);
    }

    #[cold]
    fn start_stopped(&mut self, seen: Seen) {
        if let Monitor::Failed(at) = self.monitor
            && at.elapsed() < RETRY
        {
            return;
        }
        *self = Self {
            monitor: Monitor::Due,
            seen,
            ..Self::default()
        };
    }

    /// Whether the monitor runs, or is about to.
    pub(crate) fn has_monitor(&self) -> bool {
        matches!(self.monitor, Monitor::Running | Monitor::Due)
    }

    /// Whether the caller has to start the monitor.
    #[inline]
    pub(crate) fn take_start(&mut self) -> bool {
        let is_due = matches!(self.monitor, Monitor::Due);
        if is_due {
            self.monitor = Monitor::Running;
        }
        is_due
    }

    /// No thread could be started for the monitor.
    pub(crate) fn monitor_failed(&mut self) {
        self.monitor = Monitor::Failed(Instant::now());
    }

    /// The queue is empty: the next stall is another one.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.is_told = false;
    }

    /// The monitor stops, whatever it has seen.
    pub(crate) fn stop(&mut self) {
        self.monitor = Monitor::Stopped;
    }

    /// One look: at what has happened so far, and at the queue if it is stuck.
    pub(crate) fn look(&mut self, seen: Seen, stuck: Option<usize>, now: Instant) -> Verdict {
        let is_progress = seen.events != self.seen.events;
        let has_moved = seen != self.seen;
        self.seen = seen;
        let Some(queued) = stuck else {
            (self.still, self.stuck, self.since_growth) = (0, 0, 0);
            (self.since, self.is_told) = (None, false);
            self.quiet += 1;
            let stops = self.quiet >= REST;
            if stops {
                self.monitor = Monitor::Stopped;
            }
            return Verdict {
                is_progress,
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
        let is_news = self.stuck >= REPORT && !self.is_told;
        self.is_told |= is_news;
        Verdict {
            still: self.still,
            stuck: self.stuck,
            may_grow,
            news: is_news.then(|| StallReport {
                waited: TICK + now.saturating_duration_since(since),
                queued,
            }),
            ..Verdict::default()
        }
    }
}

#[cfg(all(test, not(bridge_loom)))]
mod tests {
    use super::*;

    /// So many events, and nothing else.
    fn seen(events: u64) -> Seen {
        Seen {
            events,
            moves: events,
        }
    }

    /// Looks so often, with this many events each time, and says what came of it.
    fn looks(stall: &mut Stall, events: &[u64], stuck: Option<usize>) -> Vec<Verdict> {
        let start = Instant::now();
        let times = (1..).map(|n| start + TICK * n);
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

    #[test]
    fn it_grows_every_second_look_and_reports_once() {
        let verdicts = looks(&mut started(), &[7; 40], Some(3));
        let grown = verdicts.iter().filter(|verdict| verdict.may_grow).count();
        assert_eq!(grown, 20);
        let told: Vec<_> = verdicts.iter().filter_map(|verdict| verdict.news).collect();
        assert_eq!(
            told,
            [StallReport {
                waited: TICK * 18,
                queued: 3
            }]
        );
    }

    #[test]
    fn progress_sets_the_count_back() {
        let events: Vec<u64> = (0..40).map(|n| 7 + n / 15).collect();
        let verdicts = looks(&mut started(), &events, Some(3));
        assert!(verdicts.iter().all(|verdict| verdict.news.is_none()));
        let busy: Vec<u64> = (0..40).collect();
        let verdicts = looks(&mut started(), &busy, Some(3));
        assert!(verdicts.iter().all(|verdict| !verdict.may_grow));
    }

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
        assert!(verdicts.iter().any(|verdict| verdict.news.is_some()));
    }

    #[test]
    fn it_reports_again_after_the_queue_went_on() {
        let mut stall = started();
        for _ in 0..2 {
            let verdicts = looks(&mut stall, &[7; 20], Some(3));
            assert_eq!(
                verdicts.iter().filter_map(|verdict| verdict.news).count(),
                1
            );
            assert!(!looks(&mut stall, &[7], None)[0].stops);
        }
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
