//! Permits that are added to a pool which stands still.
//!
//! If nobody set `max_threads`, jobs may wait until jobs behind them in the queue have
//! run, as in Tokio's blocking pool. So while the pool stands still, it adds one permit,
//! then two, four and so on. It removes these permits as its workers retire.
//!
//! A pool of any size may stand still because a descendant of a parked job blocks on
//! what that parked job holds. This descendant spends the credit, so another descendant,
//! which would end the wait, cannot start. So while the pool stands still, it starts
//! further descendants of parked jobs: the *surplus*.

use std::time::Instant;

use super::{Action, Phase, State};
use crate::{
    pool::limits::TOKIOS_LIMIT,
    schedule::stall::{STEADY, Seen, StallReport},
    thread::park::Unparker,
};

/// After so many looks at which nothing at all has happened, and while jobs are
/// queued, a wait is told that the pool can do nothing for it.
///
/// The wait is not told at once, because it may depend on a timer or the like. Then
/// nothing is wrong.
const REFUSE: u32 = 20;

/// After so many looks without progress, a wait is told although others parked
/// meanwhile, or nothing is queued.
///
/// If every worker is parked, the wait is told that the pool can do nothing for it. If
/// other workers run, it is told that no worker is there to run its descendant.
const REFUSE_ANYWAY: u32 = 60;

/// After so many looks without progress, further descendants of parked jobs may start,
/// and again after half as many more.
const SURPLUS: u32 = 20;

/// No pool grows beyond so many permits, which is Tokio's own limit.
const MOST: usize = TOKIOS_LIMIT;

/// The permits and the surplus that were added, and the signs of progress.
#[derive(Default)]
pub(super) struct Growth {
    /// The number of permits that were added and not removed.
    added: usize,
    /// The number of permits in the last step, or zero once the pool has kept up for a
    /// while. Progress alone does not reset it, because jobs that wait for each other from
    /// outside the pool, such as requests of a server to itself, progress a little after
    /// each step.
    step: usize,
    /// The number of starts that are still expected from the last step alone. These
    /// starts are no progress.
    expected: usize,
    /// The number of descendants of parked jobs that may start beyond permits and credit.
    surplus: usize,
    /// The surplus of the last step, or zero after progress.
    surplus_step: usize,
    /// The number of starts and ends of jobs that were progress for the queued jobs.
    events: u64,
    /// The number of starts, ends and parks of all jobs.
    moves: u64,
}

impl Growth {
    /// Returns the number of added permits.
    pub(super) fn permits(&self) -> usize {
        self.added
    }

    /// Adds permits: twice as many as the last time, up to the limit.
    pub(super) fn grow(&mut self, base: usize) {
        let room = MOST.saturating_sub(base + self.added);
        let step = (self.step * 2).max(1).min(room);
        self.added += step;
        self.expected = step;
        if step > 0 {
            self.step = step;
        }
    }

    /// Lets descendants of parked jobs start beyond permits and credit: twice as many as
    /// the last time.
    pub(super) fn grow_surplus(&mut self) {
        self.surplus_step = (self.surplus_step * 2).clamp(1, MOST);
        self.surplus = self.surplus_step;
        self.expected = self.surplus_step;
    }

    /// Returns the number of jobs that may still start as surplus.
    pub(super) fn surplus(&self) -> usize {
        self.surplus
    }

    /// Notes that a job starts as surplus.
    pub(super) fn use_surplus(&mut self) {
        self.surplus -= 1;
    }

    /// Returns whether a permit may be added to a pool with `base` permits of its own.
    fn has_room(&self, base: usize) -> bool {
        base + self.added < MOST
    }

    /// Removes added permits until no more than `most` are left.
    pub(super) fn shrink_to(&mut self, most: usize) {
        self.added = self.added.min(most);
    }

    /// Notes that a job starts. `is_progress` says whether that may let others start.
    pub(super) fn note_start(&mut self, is_progress: bool) {
        self.moves += 1;
        if !is_progress {
            return;
        }
        if self.expected > 0 {
            self.expected -= 1;
        } else {
            self.events += 1;
        }
    }

    /// Notes that a job parks.
    ///
    /// That is no progress, because a job may park again and again. If its permit is of
    /// use to a queued job, the start of that job is progress.
    pub(super) fn note_park(&mut self) {
        self.moves += 1;
    }

    /// Notes that a job has ended. `is_progress` says whether that may let others start.
    pub(super) fn note_end(&mut self, is_progress: bool) {
        self.moves += 1;
        self.events += u64::from(is_progress);
    }

    /// Notes that the pool has made progress. Ends the surplus.
    pub(super) fn note_progress(&mut self) {
        self.expected = 0;
        (self.surplus, self.surplus_step) = (0, 0);
    }

    /// Makes the next step a small one again, because the pool has kept up for a while.
    pub(super) fn start_over(&mut self) {
        self.step = 0;
    }

    /// Returns the counts by which the monitor notices progress.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            events: self.events,
            moves: self.moves,
        }
    }
}

impl State {
    /// Starts the monitor if jobs are queued and no worker is bound to look at them.
    pub(super) fn note_stuck(&mut self) {
        if self.queue.ready() > 0 && !self.has_lookout() {
            self.start_monitor();
        }
    }

    /// Starts the monitor if it does not run.
    #[inline]
    pub(super) fn start_monitor(&mut self) {
        self.stall.start_monitor(self.growth.seen());
    }

    /// Starts the monitor, because the pool can do nothing for a wait. Returns `false` if
    /// there is no monitor, and then the wait must be refused at once.
    pub(super) fn watch_hopeless(&mut self) -> bool {
        self.start_monitor();
        self.stall.has_monitor()
    }

    /// Looks whether the pool stands still, and acts on that. The monitor calls this at
    /// each look.
    pub(crate) fn look(&mut self, now: Instant) -> Findings {
        if self.phase == Phase::Closed {
            self.stall.stop();
            return Findings {
                stops: true,
                ..Findings::default()
            };
        }
        let ready = self.queue.ready();
        let is_stuck = (ready > 0 && !self.has_lookout()) || self.is_hopeless();
        let verdict = self
            .stall
            .look(self.growth.seen(), is_stuck.then_some(ready), now);
        if verdict.is_progress || !is_stuck {
            self.growth.note_progress();
        }
        if verdict.steady >= STEADY {
            self.growth.start_over();
        }
        let may_grow = self.limits.grows && self.growth.has_room(self.limits.max_threads);
        if verdict.may_grow && may_grow {
            self.growth.grow(self.limits.max_threads);
            self.nothing_lendable = false;
        }
        let stuck = verdict.stuck;
        if stuck >= SURPLUS && stuck.is_multiple_of(SURPLUS / 2) && self.queue.holds_descendants() {
            self.growth.grow_surplus();
            self.nothing_lendable = false;
        }
        // A worker that could not be started may start now.
        let action = if is_stuck {
            self.help()
        } else {
            Action::Nothing
        };
        let refused = if may_grow {
            None
        } else {
            self.refuse(verdict.still, verdict.stuck)
        };
        Findings {
            action,
            refused,
            report: verdict.report,
            stops: verdict.stops,
        }
    }

    /// Tells a wait that the pool can do nothing for it, if the pool has stood still for
    /// long enough. Returns how to wake that wait's worker.
    ///
    /// `still` counts the looks without any move, and `stuck` the looks without progress.
    fn refuse(&mut self, still: u32, stuck: u32) -> Option<Unparker> {
        let is_owed = self.queue.ready() > 0;
        if self.is_hopeless() && (stuck >= REFUSE_ANYWAY || (is_owed && still >= REFUSE)) {
            self.refuse_one()
        } else if stuck >= REFUSE_ANYWAY && is_owed {
            self.refuse_above_queued_job()
        } else {
            None
        }
    }

    /// Notes that the monitor could not be started. Returns the worker of a wait that is
    /// refused now, if the pool can do nothing for its waits.
    pub(crate) fn monitor_failed(&mut self) -> Option<Unparker> {
        self.stall.monitor_failed();
        if self.is_hopeless() {
            self.refuse_one()
        } else {
            None
        }
    }
}

/// The result of a look: the things that the monitor does once the lock is released.
#[derive(Default)]
#[must_use]
pub(crate) struct Findings {
    pub(crate) action: Action,
    /// The worker of a wait that is told that the pool can do nothing for it.
    pub(crate) refused: Option<Unparker>,
    /// The stall to report.
    pub(crate) report: Option<StallReport>,
    /// Whether the monitor stops.
    pub(crate) stops: bool,
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    /// Otherwise a pool would need hundreds of steps to let a wide barrier pass, or would
    /// grow without a limit.
    #[test]
    fn it_doubles_up_to_the_limit_and_starts_over() {
        let mut growth = Growth::default();
        let mut permits = Vec::new();
        for _ in 0..11 {
            growth.grow(32);
            permits.push(growth.permits());
        }
        assert_eq!(permits, [1, 3, 7, 15, 31, 63, 127, 255, 480, 480, 480]);
        growth.shrink_to(10);
        growth.start_over();
        growth.grow(32);
        assert_eq!(growth.permits(), 11);
        growth.note_progress();
        growth.grow(32);
        assert_eq!(growth.permits(), 13, "progress alone keeps the step");
    }

    /// Otherwise a growing pool would take its own starts for progress, and add one permit
    /// at a time.
    #[test]
    fn starts_that_growth_itself_causes_are_no_progress() {
        let mut growth = Growth::default();
        growth.grow(32);
        growth.grow(32);
        let events = |growth: &Growth| growth.seen().events;
        growth.note_start(false);
        growth.note_start(true);
        growth.note_start(true);
        assert_eq!(events(&growth), 0, "two permits were added");
        growth.note_start(true);
        assert_eq!(events(&growth), 1, "a third job is progress");
        growth.note_end(true);
        assert_eq!(events(&growth), 2);
    }

    /// Otherwise a job that parks again and again would hide a stall.
    #[test]
    fn what_helps_nobody_is_a_move_and_no_progress() {
        let mut growth = Growth::default();
        growth.note_start(false);
        growth.note_park();
        growth.note_end(false);
        assert_eq!(
            growth.seen(),
            Seen {
                events: 0,
                moves: 3
            }
        );
    }

    /// Otherwise a large pool would grow beyond Tokio's limit.
    #[test]
    fn a_pool_beyond_the_limit_does_not_grow() {
        let mut growth = Growth::default();
        growth.grow(600);
        assert_eq!(growth.permits(), 0);
    }
}
