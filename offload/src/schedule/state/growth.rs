//! Permits that are added to a pool which stands still.
//!
//! If nobody set `max_threads`, the pool must let a program go on whose jobs wait
//! for jobs behind them in the queue, as Tokio's blocking pool does. So while it
//! stands still the pool adds one permit, then two, four and so on. The permits
//! go as the threads that they were added for retire.
//!
//! A pool of any size may stand still because a descendant of a parked job blocks
//! on what the parked job holds, and keeps back the one that would release it. So
//! while it stands still it starts further descendants of parked jobs: the
//! *surplus*.

use std::time::Instant;

use super::{Action, Phase, State};
use crate::{
    schedule::stall::{Seen, StallReport},
    thread::park::Unparker,
};

/// After so many looks at which nothing at all has happened, and while jobs are
/// queued, a wait is told that the pool can do nothing for it. Not at once: what it
/// waits for may be on its way, such as a timer, and then nothing is wrong.
const REFUSE: u32 = 20;

/// After so many looks without progress, a wait is told although others parked
/// meanwhile, or nothing is queued: that nobody is there to run its descendant,
/// though other threads run, or that the pool can do nothing for it.
const REFUSE_ANYWAY: u32 = 60;

/// After so many looks without progress, further descendants of parked jobs may start,
/// and again after half as many more.
const SURPLUS: u32 = 20;

/// No pool grows beyond so many permits: Tokio's own limit.
const MOST: usize = 512;

/// What has been added, and the signs of progress.
#[derive(Default)]
pub(super) struct Growth {
    /// Permits that were added and have not gone.
    added: usize,
    /// How many were added last, or none since there was progress.
    step: usize,
    /// Starts that only use what was added, and so are no progress.
    expected: usize,
    /// Descendants of parked jobs that may start beyond permits and credit, and how
    /// many were allowed last.
    surplus: usize,
    surplus_step: usize,
    /// Jobs that started or ended, where that is progress for what is queued.
    events: u64,
    /// Jobs that started, ended or parked, ever.
    moves: u64,
}

impl Growth {
    pub(super) fn permits(&self) -> usize {
        self.added
    }

    /// Grows while the pool stands still.
    pub(super) fn grow(&mut self, base: usize) {
        let room = MOST.saturating_sub(base + self.added);
        let step = (self.step * 2).max(1).min(room);
        self.added += step;
        self.expected = step;
        if step > 0 {
            self.step = step;
        }
    }

    /// Allows descendants of parked jobs to start beyond permits and credit, twice as
    /// many each time.
    pub(super) fn grow_surplus(&mut self) {
        self.surplus_step = (self.surplus_step * 2).clamp(1, MOST);
        self.surplus = self.surplus_step;
        self.expected = self.surplus_step;
    }

    pub(super) fn surplus(&self) -> usize {
        self.surplus
    }

    pub(super) fn use_surplus(&mut self) {
        self.surplus -= 1;
    }

    fn has_room(&self, base: usize) -> bool {
        base + self.added < MOST
    }

    /// Lets no more than `most` permits stay.
    pub(super) fn shrink_to(&mut self, most: usize) {
        self.added = self.added.min(most);
    }

    /// A job starts; `is_progress` says whether that may let others start.
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

    /// A job parks. That is no progress: a job may park again and again. If its
    /// permit is of use to a queued job, that one starts.
    pub(super) fn note_park(&mut self) {
        self.moves += 1;
    }

    /// A job has ended; `is_progress` says whether that may let others start.
    pub(super) fn note_end(&mut self, is_progress: bool) {
        self.moves += 1;
        self.events += u64::from(is_progress);
    }

    /// There was progress: the next growth is a small one again.
    pub(super) fn start_over(&mut self) {
        (self.step, self.expected) = (0, 0);
        (self.surplus, self.surplus_step) = (0, 0);
    }

    /// How much has happened, ever.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            events: self.events,
            moves: self.moves,
        }
    }
}

impl State {
    /// Sees to it that the monitor runs if jobs are queued that nobody can take.
    pub(super) fn note_stuck(&mut self) {
        if self.queue.ready() > 0 && !self.has_lookout() {
            self.start_monitor();
        }
    }

    #[inline]
    pub(super) fn start_monitor(&mut self) {
        self.stall.start_monitor(self.growth.seen());
    }

    /// Has the monitor look after a wait for which the pool can do nothing. False if
    /// there is no monitor: then the wait must be refused at once.
    pub(super) fn watch_hopeless(&mut self) -> bool {
        self.start_monitor();
        self.stall.has_monitor()
    }

    /// What the monitor does: looks whether the pool stands still, and acts on it.
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
        // What could not be had may be had now, such as a thread.
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
            news: verdict.news,
            stops: verdict.stops,
        }
    }

    /// Tells a wait of a pool that can't grow, after so many looks without a move,
    /// and without progress.
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

    /// What is left to do if there is no monitor.
    pub(crate) fn monitor_failed(&mut self) -> Option<Unparker> {
        self.stall.monitor_failed();
        if self.is_hopeless() {
            self.refuse_one()
        } else {
            None
        }
    }
}

/// What the monitor has to do once the lock is released.
#[derive(Default)]
#[must_use]
pub(crate) struct Findings {
    pub(crate) action: Action,
    /// The thread of a wait that is told that the pool can do nothing for it.
    pub(crate) refused: Option<Unparker>,
    pub(crate) news: Option<StallReport>,
    pub(crate) stops: bool,
}

#[cfg(all(test, not(bridge_loom)))]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_the_limit_and_starts_over() {
        let mut growth = Growth::default();
        let mut seen = Vec::new();
        for _ in 0..11 {
            growth.grow(32);
            seen.push(growth.permits());
        }
        assert_eq!(seen, [1, 3, 7, 15, 31, 63, 127, 255, 480, 480, 480]);
        growth.shrink_to(10);
        growth.start_over();
        growth.grow(32);
        assert_eq!(growth.permits(), 11);
    }

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

    #[test]
    fn a_pool_beyond_the_limit_does_not_grow() {
        let mut growth = Growth::default();
        growth.grow(600);
        assert_eq!(growth.permits(), 0);
    }
}
