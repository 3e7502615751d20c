//! Permits that are added to a pool which stands still, or whose jobs block.
//!
//! If nobody set `max_threads`, jobs may wait until jobs behind them in the queue have
//! run, as in Tokio's blocking pool. So while the pool stands still, it adds one permit,
//! then two, four and so on. While its jobs block and the queue is long, the pool quadruples. It
//! removes the added permits as its workers retire.
//!
//! A pool of any size may stand still because a descendant of a parked job blocks on
//! what that parked job holds. Such descendants spend the credit, so another descendant,
//! which would end the wait, cannot start. So while the pool stands still, it starts
//! further descendants of parked jobs: the *surplus*. At its limit, a pool that grows starts its
//! own jobs in the same way, and then the newest of the others (`beyond_limit.rs`).

use crate::schedule::{limits::TOKIOS_LIMIT, stall::Seen};

/// The most permits to which a pool grows.
const MOST: usize = TOKIOS_LIMIT;

/// The most jobs that run beyond the limit of a pool that grows, and the most workers that are
/// added for them. It is half of the workers that a pool adds for parked ones by default, so the
/// others are left for these.
pub(super) const MOST_BEYOND_LIMIT: usize = 32;

/// The jobs that may start as surplus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SurplusFor {
    /// Descendants of parked jobs.
    #[default]
    Descendants,
    /// Own jobs of the pool.
    OwnJobs,
    /// Own jobs, and then the newest of the unrelated jobs.
    Newest,
}

/// The permits and the surplus that were added, and the signs of progress.
#[derive(Default)]
pub(super) struct Growth {
    /// The number of permits that were added and not removed.
    added: usize,
    /// The number of permits in the last step, or zero once the pool has kept up for a
    /// while.
    step: usize,
    /// The number of starts that are still expected from the last step alone. These
    /// starts are no progress.
    expected: usize,
    /// The number of jobs that may start beyond permits and credit.
    surplus: usize,
    /// The surplus of the last step, or zero after progress.
    surplus_step: usize,
    surplus_for: SurplusFor,
    /// Whether the newest jobs have had a surplus since the pool last kept up for a while.
    has_started_newest: bool,
    /// Whether the inbox stays closed. The jobs that go through it do not know which came first,
    /// and beyond the limit that matters.
    keeps_inbox_closed: bool,
    /// The number of starts and ends of jobs that were progress for the queued jobs.
    events: u64,
    /// The number of starts, ends and parks of all jobs.
    moves: u64,
    /// The number of times that some threads were chosen for probes.
    choices: usize,
}

impl Growth {
    /// Returns the number of added permits.
    pub(super) fn permits(&self) -> usize {
        self.added
    }

    /// Adds permits to a pool that stands still: twice as many as the last time, up to the
    /// limit.
    pub(super) fn grow(&mut self, base: usize) {
        let step = self.add((self.step * 2).max(1), base);
        if step > 0 {
            self.step = step;
        }
    }

    /// Adds permits to a pool whose jobs block: one for each queued job, but no more than three
    /// times as many as the pool has. After that the jobs can show whether they still block.
    /// Returns how many it has added.
    pub(super) fn quadruple(&mut self, queued: usize, base: usize) -> usize {
        self.add(queued.min(3 * (base + self.added)), base)
    }

    /// Adds permits up to the limit, and returns how many.
    fn add(&mut self, wanted: usize, base: usize) -> usize {
        let step = wanted.min(MOST.saturating_sub(base + self.added));
        self.added += step;
        self.expected = step;
        step
    }

    /// Lets descendants of parked jobs start beyond permits and credit: twice as many as
    /// the last time.
    pub(super) fn grow_surplus(&mut self) {
        if self.is_beyond_limit() {
            self.end_surplus();
        }
        self.surplus_step = (self.surplus_step * 2).clamp(1, MOST);
        self.surplus = self.surplus_step;
        self.expected = self.surplus_step;
    }

    /// Lets own jobs of the pool run beyond its limit, or the newest jobs too: twice as many as
    /// the last time, up to [`MOST_BEYOND_LIMIT`], with those that are `running` there. If such a
    /// job ends, another one may start.
    pub(super) fn grow_beyond_limit(&mut self, surplus_for: SurplusFor, running: usize) {
        if !self.is_beyond_limit() {
            self.end_surplus();
        }
        self.surplus_step = (self.surplus_step.max(running) * 2).clamp(1, MOST_BEYOND_LIMIT);
        self.surplus = self.surplus_step.saturating_sub(running);
        self.surplus_for = surplus_for;
        self.has_started_newest |= surplus_for == SurplusFor::Newest;
        self.keeps_inbox_closed = true;
    }

    /// Returns for which jobs the surplus is.
    pub(super) fn surplus_for(&self) -> SurplusFor {
        self.surplus_for
    }

    /// Returns whether the surplus lets jobs run beyond the limit of the pool.
    pub(super) fn is_beyond_limit(&self) -> bool {
        self.surplus_for != SurplusFor::Descendants
    }

    /// Returns how many workers may be added beyond the limit of the pool.
    pub(super) fn workers_beyond_limit(&self) -> usize {
        if self.is_beyond_limit() && self.surplus > 0 {
            MOST_BEYOND_LIMIT
        } else {
            0
        }
    }

    /// Returns whether all jobs must take the pool's lock, and none may go through the inbox.
    pub(super) fn keeps_inbox_closed(&self) -> bool {
        self.keeps_inbox_closed
    }

    /// Returns whether the newest jobs have had a surplus since the pool last kept up for a while.
    pub(super) fn has_started_newest(&self) -> bool {
        self.has_started_newest
    }

    /// Ends the surplus if it is for own jobs, because a wait has parked.
    pub(super) fn end_surplus_for_own_jobs(&mut self) {
        if self.surplus_for == SurplusFor::OwnJobs {
            self.end_surplus();
        }
    }

    fn end_surplus(&mut self) {
        (self.surplus, self.surplus_step) = (0, 0);
        self.surplus_for = SurplusFor::Descendants;
    }

    /// Returns the number of jobs that may still start as surplus.
    pub(super) fn surplus(&self) -> usize {
        self.surplus
    }

    /// Notes that a job starts as surplus.
    pub(super) fn use_surplus(&mut self) {
        self.surplus -= 1;
    }

    /// Notes that a job has ended which ran beyond the limit. Another one may start in its place,
    /// as long as the surplus lasts.
    pub(super) fn give_surplus_back(&mut self) {
        if self.is_beyond_limit() {
            self.surplus = (self.surplus + 1).min(self.surplus_step);
        }
    }

    /// Returns whether a permit may be added to a pool with `base` permits of its own.
    pub(super) fn has_room(&self, base: usize) -> bool {
        base + self.added < MOST
    }

    /// Returns the first of every `every` threads to choose: another one each time.
    pub(super) fn first_choice(&mut self, every: usize) -> usize {
        self.choices = self.choices.wrapping_add(1);
        self.choices % every
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
    ///
    /// The next step stays as large as it is. Jobs that wait for each other from outside the
    /// pool, such as requests of a server to itself, progress a little after each step.
    pub(super) fn note_progress(&mut self) {
        self.expected = 0;
        self.end_surplus();
    }

    /// Makes the next step a small one again, because the pool has kept up for a while.
    pub(super) fn start_over(&mut self, runs_beyond_limit: bool) {
        self.step = 0;
        self.has_started_newest = false;
        self.keeps_inbox_closed = runs_beyond_limit;
    }

    /// Returns the counts by which the monitor notices progress.
    pub(super) fn seen(&self) -> Seen {
        Seen {
            events: self.events,
            moves: self.moves,
        }
    }
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
        growth.start_over(false);
        growth.grow(32);
        assert_eq!(growth.permits(), 11);
        growth.note_progress();
        growth.grow(32);
        assert_eq!(growth.permits(), 13, "progress alone keeps the step");
        growth.quadruple(1000, 32);
        assert_eq!(growth.permits(), 148, "three times as many again");
        growth.quadruple(5, 32);
        assert_eq!(growth.permits(), 153, "no more than are queued");
        growth.grow(32);
        assert_eq!(growth.permits(), 157, "the steps of a stall are their own");
    }

    /// Otherwise the jobs of every fourth worker decide for all.
    #[test]
    fn other_threads_are_chosen_each_time() {
        let mut growth = Growth::default();
        let first = [4, 4, 4, 4, 1, 1].map(|every| growth.first_choice(every));
        assert_eq!(first, [1, 2, 3, 0, 0, 0]);
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

    /// Otherwise a pool that goes on is reported as one that stands still.
    #[test]
    fn after_progress_each_start_is_progress_again() {
        let mut growth = Growth::default();
        growth.grow(32);
        growth.note_progress();
        growth.note_start(true);
        assert_eq!(growth.seen().events, 1);
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

    /// Otherwise a pool at its limit would never refuse a wait, because it could still grow.
    #[test]
    fn a_pool_at_the_limit_has_no_room() {
        let mut growth = Growth::default();
        assert!(growth.has_room(MOST - 1));
        for _ in 0..11 {
            assert!(growth.permits() == MOST - 32 || growth.has_room(32));
            growth.grow(32);
        }
        assert!(!growth.has_room(32));
        assert!(!growth.has_room(MOST));
    }

    /// Otherwise descendants would start beyond the permits long after a stall.
    #[test]
    fn the_surplus_doubles_and_ends_with_progress() {
        let mut growth = Growth::default();
        let mut grown = || {
            growth.grow_surplus();
            growth.surplus()
        };
        assert_eq!([grown(), grown(), grown()], [1, 2, 4]);
        growth.use_surplus();
        assert_eq!(growth.surplus(), 3);
        growth.note_progress();
        assert_eq!(growth.surplus(), 0);
        growth.grow_surplus();
        assert_eq!(growth.surplus(), 1);
    }

    /// Otherwise a job behind descendants that block waits for each of them in turn.
    #[test]
    fn the_starts_of_a_surplus_are_no_progress() {
        let mut growth = Growth::default();
        growth.grow_surplus();
        growth.note_start(true);
        assert_eq!(growth.seen().events, 0);
    }

    /// Otherwise a large pool would grow beyond Tokio's limit.
    #[test]
    fn a_pool_beyond_the_limit_does_not_grow() {
        let mut growth = Growth::default();
        growth.grow(600);
        assert_eq!(growth.permits(), 0);
    }
}
