//! Tells whether the running jobs of a pool block.
//!
//! If all permits are taken and most of the jobs block, more workers run more jobs. If the jobs
//! compute, more workers only take the processors from each other.
//!
//! The monitor *glances* at some of the threads that run jobs. If at most a quarter of them is
//! awake, and was at the glance before, the jobs block. Where the system does not tell which
//! threads sleep, the processor time of the whole process decides.

use std::{
    mem,
    time::{Duration, Instant},
};

use crate::platform::{
    idle::IdleWatch,
    sleep_probe::{SleepProbe, most_sleep},
    sync::MODEL,
};

/// The time between two glances at jobs that may block.
const SHORT: Duration = Duration::from_micros(500);

/// So many short times follow a start, or the first glance that finds the jobs blocked.
const FEW: u8 = 4;

/// While so many workers of a growth start, one more short time passes.
const STARTS: usize = 8;

/// Keeps what the last glance found.
pub(super) struct BlockWatch {
    /// Whether the system tells which threads sleep.
    has_probes: bool,
    /// The number of short times that are left.
    short_left: u8,
    /// The number of short times in which the workers of the last growth start. Until then, a
    /// glance says little about their jobs.
    short_for_starts: usize,
    idle_watch: IdleWatch,
    /// Whether the jobs seemed to block, if the pool lagged at the last glance.
    was_blocked: Option<bool>,
}

impl BlockWatch {
    pub(super) fn new(cores: usize, now: Instant) -> Self {
        Self {
            has_probes: SleepProbe::of_this_thread()
                .is_some_and(|probe| probe.is_asleep().is_some()),
            short_left: FEW,
            short_for_starts: 0,
            idle_watch: IdleWatch::new(cores, now),
            was_blocked: None,
        }
    }

    /// Returns whether the system tells which threads sleep. If not, a glance says something only
    /// about a longer time.
    pub(super) fn has_probes(&self) -> bool {
        self.has_probes
    }

    /// Forgets the last glances, because much has happened since.
    pub(super) fn start_over(&mut self, now: Instant) {
        (self.was_blocked, self.short_left) = (None, FEW);
        self.short_for_starts = 0;
        self.idle_watch.start_over(now);
    }

    /// Forgets the last glances, because the pool has grown by so many workers, which now start
    /// one after the other.
    pub(super) fn note_growth(&mut self, added: usize, now: Instant) {
        self.start_over(now);
        self.short_for_starts = added / STARTS;
    }

    /// Returns the time until the next glance, which is about `left` at most.
    ///
    /// It is short a few times at the start, once the jobs block, and while the workers of a growth
    /// start. Otherwise it is all that is left.
    pub(super) fn time_to_next(&self, left: Duration) -> Duration {
        let is_short = self.short_left > 0 || self.short_for_starts > 0;
        if self.has_probes && is_short && left >= 2 * SHORT {
            SHORT
        } else {
            left.max(SHORT)
        }
    }

    /// Returns whether the jobs block, and did so at the last glance.
    ///
    /// `probes` are those of some threads that run jobs, or `None` if the pool does not lag.
    pub(super) fn glance(&mut self, probes: Option<&[SleepProbe]>, now: Instant) -> bool {
        let is_blocked = if self.has_probes || MODEL {
            probes.map(most_sleep)
        } else {
            let is_idle = self.idle_watch.glance(now);
            probes.map(|_unknown| is_idle)
        };
        let was_blocked = mem::replace(&mut self.was_blocked, is_blocked);
        self.short_for_starts = self.short_for_starts.saturating_sub(1);
        self.short_left = match (was_blocked, is_blocked) {
            (_, Some(false)) => 0,
            (Some(true), _) | (_, None) => self.short_left.saturating_sub(1),
            (_, Some(true)) => FEW,
        };
        was_blocked == Some(true) && is_blocked == Some(true)
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    #[cfg(all(target_os = "linux", not(miri)))]
    use std::{sync::mpsc, thread};

    use super::*;

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Otherwise a short pause of jobs that compute makes a pool grow, or a pause of the pool
    /// itself counts.
    #[test]
    fn two_glances_in_a_row_must_find_the_jobs_blocked() {
        let mut watch = BlockWatch::new(2, Instant::now());
        watch.has_probes = false;
        let mut now = Instant::now();
        let mut glance = |lags: bool, is_idle| {
            now += millis(10);
            watch.idle_watch.pretend(is_idle);
            watch.glance(lags.then_some(&[]), now)
        };
        let glances = [
            (true, true),
            (true, true),
            (true, false),
            (true, true),
            (false, true),
            (true, true),
            (true, true),
        ];
        let found = glances.map(|(lags, is_idle)| glance(lags, is_idle));
        assert_eq!(found, [false, true, false, false, false, false, true]);
        watch.start_over(now);
        watch.idle_watch.pretend(true);
        assert!(!watch.glance(Some(&[]), now + millis(10)), "a new start");
    }

    /// Otherwise the pause before it counts as one long glance, and the pool grows later.
    #[test]
    fn a_new_start_begins_at_its_time() {
        let start = Instant::now();
        let mut watch = BlockWatch::new(2, start);
        watch.has_probes = false;
        watch.start_over(start + millis(50));
        watch.idle_watch.pretend(true);
        let found = [60, 70].map(|at| watch.glance(Some(&[]), start + millis(at)));
        assert_eq!(found, [false, true]);
    }

    /// Otherwise a monitor wakes up for nothing, or a pool of blocked jobs grows late, or two
    /// glances at one moment count as two.
    #[test]
    fn glances_are_frequent_while_the_jobs_may_block() {
        let mut watch = BlockWatch::new(2, Instant::now());
        for (has_probes, short_left, left, expected) in [
            (true, FEW, millis(10), SHORT),
            (true, 1, 2 * SHORT, SHORT),
            (true, 1, SHORT * 19 / 10, SHORT * 19 / 10),
            (true, 1, Duration::from_nanos(1), SHORT),
            (true, 0, millis(10), millis(10)),
            (false, FEW, millis(10), millis(10)),
        ] {
            (watch.has_probes, watch.short_left) = (has_probes, short_left);
            assert_eq!(watch.time_to_next(left), expected, "{short_left} {left:?}");
        }
        watch.has_probes = false;
        let mut short_left = |probes: Option<&[SleepProbe]>, is_idle| {
            watch.idle_watch.pretend(is_idle);
            let _found = watch.glance(probes, Instant::now());
            watch.short_left
        };
        for probes in [Some([].as_slice()), None] {
            assert_eq!(short_left(Some(&[]), true), FEW, "the jobs block");
            for left in [3, 2, 1, 0, 0] {
                let left_now = short_left(probes, true);
                assert_eq!(left_now, left, "it can't grow, or does not lag");
            }
            assert_eq!(short_left(Some(&[]), false), 0, "the jobs compute");
        }
        assert_eq!(short_left(Some(&[]), true), FEW, "the jobs block again");
        assert_eq!(short_left(Some(&[]), false), 0, "the jobs compute");
        watch.start_over(Instant::now());
        assert_eq!(watch.short_left, FEW);
    }

    /// Otherwise the glances are rare before the workers of a growth have started, and a pool of
    /// jobs that wait for each other is full for ten milliseconds before it grows again.
    #[test]
    fn glances_are_frequent_while_the_workers_of_a_growth_start() {
        let mut watch = BlockWatch::new(2, Instant::now());
        watch.has_probes = true;
        let left = millis(10);
        for (added, short_times) in [(96, 12), (0, 0)] {
            watch.note_growth(added, Instant::now());
            watch.short_left = 0;
            let short = (0..20).take_while(|_| {
                let is_short = watch.time_to_next(left) == SHORT;
                let _found = watch.glance(None, Instant::now());
                is_short
            });
            assert_eq!(short.count(), short_times, "{added}");
        }
        watch.note_growth(96, Instant::now());
        watch.start_over(Instant::now());
        assert_eq!(watch.short_for_starts, 0, "the pause is over");
    }

    /// Otherwise the pool asks the system for nothing, or threads that run count as asleep.
    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn a_thread_that_waits_blocks_and_one_that_runs_does_not() {
        testkit::within(|| {
            let mut watch = BlockWatch::new(2, Instant::now());
            assert!(watch.has_probes);
            let own = [SleepProbe::of_this_thread().expect("Linux has such a file")];
            for _ in 0..3 {
                assert!(!watch.glance(Some(&own), Instant::now()));
            }
            let (tell, told) = mpsc::channel();
            let (end, held) = mpsc::channel::<()>();
            let waits = thread::spawn(move || {
                tell.send(SleepProbe::of_this_thread()).unwrap();
                held.recv().is_err()
            });
            let other = [told.recv().unwrap().expect("Linux has such a file")];
            while !watch.glance(Some(&other), Instant::now()) {
                thread::sleep(SHORT);
            }
            drop(end);
            assert!(waits.join().unwrap());
        });
    }
}
