//! The looks of the monitor at a pool that may stand still: what they find, and what the
//! pool does then.
//!
//! [`Stall`](crate::schedule::stall::Stall) says for how long the pool has stood still.
//! First the pool adds permits or starts further descendants of parked jobs: see
//! [`growth`](super::growth). If that does not help, it refuses a wait.

use std::time::Instant;

use super::{
    Action, Phase, State, credit::adopting_wait, growth::SurplusFor, parked_wait::ParkedWait,
};
use crate::{
    lineage::Frame,
    platform::sleep_probe::SleepProbe,
    schedule::stall::{STEADY, StallReport},
    thread::park::Unparker,
};

/// If jobs are queued, a wait is refused after so many looks at which nothing at all has
/// happened.
///
/// It is not refused at once, because it may depend on a timer or the like. Then nothing is
/// wrong.
const REFUSE: u32 = 20;

/// After so many looks without progress, a wait is refused although other jobs parked
/// meanwhile, or nothing is queued.
const REFUSE_ANYWAY: u32 = 60;

/// After so many looks without progress, a wait is refused in a pool of which nobody set a
/// limit, unless a descendant is queued. That is after a minute.
///
/// Such a pool has as many workers then as Tokio's pool, which refuses no wait. Perhaps all of
/// them wait for slow answers, and nothing is wrong.
const REFUSE_UNLIMITED: u32 = 1200;

/// After so many looks without progress, further descendants of parked jobs may start,
/// and again after half as many more.
const SURPLUS: u32 = 20;

/// After so many looks without progress, the newest jobs of a full pool start beyond its limit. That
/// is after 300 ms, because the jobs of such a pool may just be slow.
const NEWEST: u32 = 6;

/// A glance asks about so many threads at most. Each answer costs some microseconds.
const PROBES: usize = 8;

impl State {
    /// Looks whether the pool stands still, and acts on that. The monitor calls this at
    /// each look.
    pub(crate) fn look(&mut self, now: Instant) -> Findings {
        self.signs.add();
        if self.needs_no_monitor() {
            self.stall.stop();
            return Findings {
                stops: true,
                ..Findings::default()
            };
        }
        let is_stuck = self.is_stuck();
        // A start hook that blocks is reported. It is no reason to refuse a wait.
        self.note_held_up(now);
        let waits_for_hook = !is_stuck && self.is_held_up() && self.queue.ready() > 0;
        let stuck_queue = (is_stuck || waits_for_hook).then(|| self.queue.ready());
        let verdict = self.stall.look(self.growth.seen(), stuck_queue, now);
        // While the workers of a step start, the pool is not stuck. Their jobs are no progress.
        let has_kept_up = !is_stuck && !verdict.may_grow;
        if verdict.is_progress || has_kept_up {
            self.growth.note_progress();
        }
        if verdict.steady >= STEADY {
            self.growth.start_over(self.jobs_beyond_limit() > 0);
            self.stall.has_refused = false;
        }
        let may_grow = self.may_grow();
        if verdict.may_grow && is_stuck {
            self.put_own_jobs_first();
            if may_grow {
                self.growth.grow(self.limits.max_threads);
                self.nothing_lendable = false;
            } else if self.is_newest_due(verdict.stuck) {
                self.growth
                    .grow_beyond_limit(SurplusFor::Newest, self.jobs_beyond_limit());
            } else if self.grows_only_for_own_jobs() && self.holds_own_jobs() {
                self.growth
                    .grow_beyond_limit(SurplusFor::OwnJobs, self.jobs_beyond_limit());
            }
        }
        let stuck = if is_stuck { verdict.stuck } else { 0 };
        if stuck >= SURPLUS && stuck.is_multiple_of(SURPLUS / 2) && self.needs_surplus() {
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
            self.refuse(verdict.still, stuck)
        };
        Findings {
            action,
            // While the workers of a step start, the pool is not stuck, and may grow on.
            takes_steps: (may_grow || (!is_stuck && self.has_room_to_grow()))
                && (self.queue.ready() > 0 || verdict.may_grow),
            refused,
            report: verdict.report,
            stops: verdict.stops,
        }
    }

    /// Returns whether no job will start in this pool. Each pool of a program that builds many would
    /// have a thread for a second more.
    fn needs_no_monitor(&self) -> bool {
        let is_left = self.phase != Phase::Open && self.threads == 0 && self.queue.ready() == 0;
        self.phase == Phase::Stopped || is_left
    }

    /// Returns whether the newest jobs may start beyond the limit. That takes [`NEWEST`] looks, but
    /// only the first time.
    fn is_newest_due(&self, stuck: u32) -> bool {
        let is_due = stuck >= NEWEST || self.growth.has_started_newest();
        is_due && self.queue.ready() > 0 && self.is_at_its_limit()
    }

    /// Grows by a step if the pool has grown because it stands still, and has made no progress
    /// since the last look. The monitor calls this between two looks at a pool that may grow.
    pub(crate) fn take_step(&mut self) -> Action {
        if self.phase == Phase::Stopped
            || !self.is_stuck()
            || !self.may_grow()
            || !self.stall.grows_on(self.growth.seen())
        {
            return Action::Nothing;
        }
        self.put_own_jobs_first();
        self.growth.grow(self.limits.max_threads);
        self.nothing_lendable = false;
        self.help()
    }

    /// Returns probes of some threads that run jobs, if the pool lags: since the last glance all
    /// permits have been taken, or workers on their way take them, and the queue is long. The
    /// monitor calls this at each glance at a pool that may grow.
    pub(crate) fn probes_if_it_lags(&mut self) -> Option<Vec<SleepProbe>> {
        let queued = self.queue.queued() + self.queue.backlog();
        // The workers of the last step may be on their way, or one that calls them.
        let is_taken = self.running + self.coming() >= self.permits();
        let is_full = queued > 0 && (is_taken || self.is_called());
        let seen = self.growth.seen();
        let lags = self.stall.lags(seen, is_full, queued, self.running);
        lags.then(|| self.probes())
    }

    /// Returns probes of at most [`PROBES`] threads that run a job. They are evenly chosen, and
    /// others than the last time, because the jobs of every fourth worker may be of one kind.
    pub(super) fn probes(&mut self) -> Vec<SleepProbe> {
        let mut is_parked = vec![false; self.stacks.len()];
        for parked_wait in &self.parked_waits {
            is_parked[parked_wait.request.stack] = true;
        }
        let running: Vec<_> = (self.stacks.iter().zip(is_parked))
            .filter(|(jobs, is_parked)| jobs.innermost().is_some() && !is_parked)
            .filter_map(|(jobs, _is_parked)| jobs.probe.as_ref())
            .collect();
        let every = running.len().div_ceil(PROBES).max(1);
        let first = self.growth.first_choice(every);
        let chosen = running.into_iter().skip(first).step_by(every);
        chosen.cloned().collect()
    }

    /// Quadruples the permits, because the jobs block and the queue is long. Returns how many
    /// permits it has added.
    pub(crate) fn quadruple(&mut self) -> (usize, Action) {
        let is_taken = self.running >= self.permits();
        let may_grow = self.is_stuck() && is_taken && self.may_grow();
        if self.phase == Phase::Stopped || !may_grow {
            return (0, Action::Nothing);
        }
        self.put_own_jobs_first();
        let queued = self.queue.queued() + self.queue.backlog();
        let added = self.growth.quadruple(queued, self.limits.max_threads);
        self.nothing_lendable = false;
        (added, self.help())
    }

    /// Returns whether jobs are queued that no worker is bound to look at, or every worker is
    /// parked and none can be added.
    fn is_stuck(&self) -> bool {
        let has_lookout = self.has_lookout() && !self.may_fail_to_look();
        (self.queue.ready() > 0 && !has_lookout) || self.is_hopeless()
    }

    /// Returns whether permits may be added, once the pool has stood still for long enough.
    fn may_grow(&self) -> bool {
        self.has_room_to_grow() && self.needs_permit()
    }

    /// Returns whether the size of the pool allows more permits.
    pub(super) fn has_room_to_grow(&self) -> bool {
        self.limits.grows && self.growth.has_room(self.limits.max_threads)
    }

    /// Returns whether a further permit would let a queued job start, in a pool that is stuck.
    fn needs_permit(&self) -> bool {
        if self.is_hopeless() {
            // All permits are free, and more of them allow more workers. If nobody set a limit,
            // the pool has as many workers as Tokio's pool. More are of use only to a
            // descendant that can't be lent.
            !self.is_unlimited() || self.holds_awaited_jobs()
        } else {
            // If a permit is free, either a worker could not be started, or too many are parked.
            // More permits allow more workers.
            self.running >= self.permits() || self.has_too_many_parked()
        }
    }

    /// Returns whether only the limit that somebody set keeps the pool from a further worker.
    fn has_too_many_parked(&self) -> bool {
        !self.is_unlimited() && self.threads >= self.permits() + self.limits.max_blocked_threads
    }

    /// Refuses a wait if the pool has stood still for long enough. Returns how to wake that
    /// wait's worker.
    ///
    /// `still` counts the looks without any move, and `stuck` the looks without progress.
    fn refuse(&mut self, still: u32, stuck: u32) -> Option<Unparker> {
        if self.is_hopeless() && self.is_refusal_due(still, stuck) {
            let refused = self.refuse_one();
            self.stall.has_refused |= refused.is_some();
            refused
        } else if stuck >= REFUSE_ANYWAY && self.queue.ready() > 0 {
            self.refuse_above_queued_job()
        } else {
            None
        }
    }

    /// Returns whether the pool has stood still for so long that a wait may be refused.
    pub(super) fn is_refusal_due(&self, still: u32, stuck: u32) -> bool {
        let may_be_slow = self.is_unlimited() && !self.stall.has_refused;
        if may_be_slow && !self.holds_awaited_jobs() {
            stuck >= REFUSE_UNLIMITED
        } else {
            stuck >= REFUSE_ANYWAY || (self.queue.ready() > 0 && still >= REFUSE)
        }
    }

    /// Returns whether nobody set a limit of this pool's workers.
    pub(super) fn is_unlimited(&self) -> bool {
        self.limits.most_while_parked > 0
    }

    /// Starts the monitor if jobs are queued and no worker is bound to look at them, or only one
    /// that its start hook holds up.
    pub(super) fn start_monitor_if_stuck(&mut self) {
        if self.queue.ready() > 0 && (!self.has_lookout() || self.is_held_up()) {
            self.start_monitor();
        }
    }

    /// Starts the monitor if it does not run.
    #[inline]
    pub(crate) fn start_monitor(&mut self) {
        self.stall.start_monitor(self.growth.seen());
    }

    /// Starts the monitor, because the pool can do nothing for a wait. Returns `false` if
    /// there is no monitor, and then the wait must be refused at once.
    pub(super) fn start_monitor_if_hopeless(&mut self) -> bool {
        self.start_monitor();
        self.stall.has_monitor()
    }

    /// Notes that the monitor could not be started. If the pool can do nothing for its
    /// waits, refuses a wait at once, and returns how to wake that wait's worker.
    pub(crate) fn monitor_failed(&mut self) -> Option<Unparker> {
        self.stall.monitor_failed();
        if self.is_hopeless() {
            self.refuse_one()
        } else {
            None
        }
    }

    /// Refuses one wait, because every worker is parked. Returns how to wake its worker.
    ///
    /// This is the wait that was opened last. If waits depend on each other, it is the
    /// innermost. The order in which the workers parked does not show which wait that
    /// is, because a wait wakes up now and then to look after its runtime, and parks
    /// again.
    fn refuse_one(&mut self) -> Option<Unparker> {
        let parked_waits = self
            .parked_waits
            .iter_mut()
            .filter(|parked_wait| parked_wait.can_be_refused());
        let parked_wait = parked_waits.max_by_key(|parked_wait| parked_wait.number())?;
        parked_wait.refused = true;
        Some(parked_wait.request.unparker.clone())
    }

    /// Refuses a wait that depends on a queued job which no worker is there to run, although
    /// other workers run. Returns how to wake its worker.
    fn refuse_above_queued_job(&mut self) -> Option<Unparker> {
        let at = self.wait_above_queued_job()?;
        let parked_wait = &mut self.parked_waits[at];
        parked_wait.refused = true;
        Some(parked_wait.request.unparker.clone())
    }

    /// Returns the index of a parked wait that has a queued descendant which no worker is
    /// there to run. Only a wait that can be refused counts.
    fn wait_above_queued_job(&self) -> Option<usize> {
        let (pool, parked_waits, mut found) = (self.pool, &self.parked_waits, None);
        let has_permit = self.has_permit();
        // If another descendant runs on the account, that job may just be slow, and the
        // wait goes on.
        let lacks_thread =
            |frame: &Frame| frame.has_any_credit() || (has_permit && frame.is_account_open());
        let _has_one = self.queue.has_descendant(|job| {
            let adopting = adopting_wait(job, parked_waits).filter(|&at| {
                parked_waits[at].can_be_refused() && lacks_thread(parked_waits[at].account())
            });
            let mut parked = (job.lineage.frames())
                .filter(|frame| frame.is_open_in(pool) && lacks_thread(frame));
            found = adopting.or_else(|| {
                parked.find_map(|frame| {
                    let is_its = |parked_wait: &ParkedWait| {
                        parked_wait.can_be_refused() && parked_wait.is_on(&frame)
                    };
                    parked_waits.iter().position(is_its)
                })
            });
            found.is_some()
        });
        found
    }
}

/// The result of a look: the things that the monitor does once the lock is released.
#[derive(Default)]
#[must_use]
pub(crate) struct Findings {
    pub(crate) action: Action,
    /// Whether the pool may need to grow before the next look, by steps and at glances.
    pub(crate) takes_steps: bool,
    /// The worker of a wait that was refused.
    pub(crate) refused: Option<Unparker>,
    /// The stall to report.
    pub(crate) report: Option<StallReport>,
    /// Whether the monitor stops.
    pub(crate) stops: bool,
}
