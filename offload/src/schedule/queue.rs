//! The jobs that no worker has claimed, in the order in which they are due.
//!
//! There are two lanes. One holds the *descendants* of waits and of parked jobs. A
//! worker stands still until they are done, so they go first. The other lane holds the
//! *unrelated* jobs. A pool that stands still may move further jobs to the first lane (`special.rs`).
//!
//! Each lane has a *queue* of admitted jobs, and the capacity bounds both queues
//! together. Behind each queue stands a *backlog* of jobs that wait for room, in order of
//! arrival.
//!
//! While a submitter would have nobody to call, it leaves an unrelated job in the *inbox*
//! (`inbox.rs`), and the queue collects the job from there. So not every push takes the
//! pool's lock.

mod lane;
mod list;
mod special;

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, atomic::Ordering},
};

pub(crate) use self::lane::Lane;
use self::lane::MOST_IN_A_ROW;
use self::list::{BACKLOG, DESCENDANT, List, OUT, OWN, QUEUE, is_held};
use crate::{
    job::{header::Header, runnable::Submitted},
    platform::sync::{AtomicUsize, Padded},
    schedule::{expected_start::ExpectedStart, inbox::Inbox},
    timing::PoolClock,
};

pub(crate) struct Queue {
    capacity: usize,
    /// The number of ready jobs. The worker that spins reads it without the lock.
    shown: Arc<Padded<AtomicUsize>>,
    /// The inbox. Its unrelated jobs come behind all jobs in the queue.
    inbox: Arc<Padded<Inbox>>,
    /// Whether the inbox is open, so that jobs may be in it.
    is_open: bool,
    descendants: Lists,
    unrelated: Lists,
    /// The number of descendants that were taken since the last turn of an unrelated job.
    in_a_row: u64,
    /// The number of unrelated jobs that were taken since the pool was built.
    unrelated_taken: u64,
    /// The number of unrelated jobs that were pushed since the pool was built.
    unrelated_pushed: usize,
    /// The largest number of jobs that the queues were seen to hold together.
    peak: usize,
    /// The clock of a pool that measures its jobs.
    pub(crate) clock: Option<PoolClock>,
}

#[derive(Default)]
struct Lists {
    queue: List,
    backlog: List,
}

impl Queue {
    pub(crate) fn new(
        capacity: usize,
        shown: Arc<Padded<AtomicUsize>>,
        inbox: Arc<Padded<Inbox>>,
    ) -> Self {
        Self {
            capacity,
            shown,
            inbox,
            is_open: false,
            descendants: Lists::default(),
            unrelated: Lists::default(),
            in_a_row: 0,
            unrelated_taken: 0,
            unrelated_pushed: 0,
            peak: 0,
            clock: None,
        }
    }

    /// Notes by this clock when jobs are admitted from the backlog.
    pub(crate) fn measured_by(self, clock: Option<PoolClock>) -> Self {
        Self { clock, ..self }
    }

    /// Returns the number of jobs in both queues. It is at most the capacity, apart from lent
    /// jobs that were [put back](Self::put_back) and jobs that were moved to the front.
    pub(crate) fn queued(&self) -> usize {
        self.descendants.queue.live + self.unrelated.queue.live
    }

    /// Returns the largest number of jobs that were seen queued together.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Returns the number of jobs that wait for room.
    pub(crate) fn backlog(&self) -> usize {
        self.descendants.backlog.live + self.unrelated.backlog.live
    }

    /// Returns the number of jobs that a worker can take if a permit is free.
    pub(crate) fn ready(&self) -> usize {
        self.queued() + self.descendants.backlog.live
    }

    /// Returns the number of unrelated jobs in the queue, without the backlog.
    pub(crate) fn queued_unrelated(&self) -> usize {
        self.unrelated.queue.live
    }

    /// Returns the number of jobs in the queue that need a permit, without the backlog: the
    /// unrelated ones, and those that were moved to the front.
    pub(crate) fn queued_for_permits(&self) -> usize {
        self.unrelated.queue.live + self.descendants.queue.own
    }

    /// Returns the number of unrelated jobs that were taken since the pool was built.
    pub(crate) fn unrelated_taken(&self) -> u64 {
        self.unrelated_taken
    }

    /// Returns the number of unrelated jobs that were pushed since the pool was built.
    pub(crate) fn unrelated_pushed(&self) -> usize {
        self.unrelated_pushed
    }

    /// Returns whether one more job would be admitted at once. If so, both backlogs are
    /// empty, because their jobs move up as soon as there is room.
    pub(crate) fn has_room(&self) -> bool {
        self.queued() < self.capacity
    }

    /// Adds a job to the queue of its lane, or to the backlog if there is no room. Returns
    /// `InTurn` or `InBacklog`.
    pub(crate) fn push(&mut self, lane: Lane, job: Submitted) -> ExpectedStart {
        let room = self.has_room();
        let lists = self.lists(lane);
        let (list, number, start) = if room {
            (&mut lists.queue, QUEUE, ExpectedStart::InTurn)
        } else {
            (&mut lists.backlog, BACKLOG, ExpectedStart::InBacklog)
        };
        job.header()
            .list
            .store(number | lane.bit(), Ordering::Relaxed);
        list.push(job);
        self.unrelated_pushed += usize::from(lane == Lane::Unrelated);
        self.show();
        start
    }

    /// Marks as queued an unrelated job that is about to be left in the inbox.
    pub(crate) fn mark(header: &Header) {
        header.list.store(QUEUE, Ordering::Relaxed);
    }

    /// Returns whether unrelated jobs may be left in the inbox.
    #[cfg(test)]
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Opens the inbox if it is closed. It takes as many jobs as the queue has room
    /// for. `next` says when a worker takes the first of them.
    pub(crate) fn open_inbox(&mut self, next: ExpectedStart) {
        if !self.is_open {
            self.is_open = true;
            self.collect(next);
        }
    }

    /// Moves the jobs of the inbox to the queue. An open inbox stays open if there is
    /// room.
    pub(crate) fn empty_inbox(&mut self) {
        if self.is_open {
            self.collect(ExpectedStart::AtOnce);
        }
    }

    /// Closes the inbox and moves its jobs to the queue. Returns whether there were any.
    pub(crate) fn close_inbox(&mut self) -> bool {
        mem::take(&mut self.is_open) && self.collect(ExpectedStart::InTurn)
    }

    fn collect(&mut self, next: ExpectedStart) -> bool {
        let (open, capacity, others) = (self.is_open, self.capacity, self.queued());
        let unrelated = &mut self.unrelated.queue;
        let moved = self.inbox.collect(&mut unrelated.jobs, next, |moved| {
            if open {
                capacity.saturating_sub(others + moved)
            } else {
                0
            }
        });
        unrelated.live += moved;
        self.unrelated_pushed += moved;
        if moved > 0 {
            self.show();
        }
        moved > 0
    }

    /// Puts a job back that was taken and not run. It is the first of its lane again.
    pub(crate) fn put_back(&mut self, lane: Lane, job: Submitted) {
        job.header()
            .list
            .store(QUEUE | lane.bit(), Ordering::Relaxed);
        let queue = &mut self.lists(lane).queue;
        queue.jobs.push_front(job);
        queue.live += 1;
        self.show();
    }

    /// Returns whether it is the turn of an unrelated job, although descendants may be queued.
    /// The next turn comes after another row of descendants, whether this one is used or not.
    pub(crate) fn take_turn_of_unrelated(&mut self) -> bool {
        let is_turn = self.in_a_row >= MOST_IN_A_ROW && self.unrelated.queue.live > 0;
        self.in_a_row = if is_turn { 0 } else { self.in_a_row };
        is_turn
    }

    /// Takes the first of the queued unrelated jobs.
    pub(crate) fn take_unrelated(&mut self) -> Option<Submitted> {
        let job = self.unrelated.queue.pop()?;
        self.unrelated_taken += 1;
        self.refill();
        Some(job)
    }

    /// Takes a job: a descendant if there is one.
    pub(crate) fn take(&mut self) -> Option<Submitted> {
        let Lists { queue, backlog } = &mut self.descendants;
        let job = if queue.live > 0 {
            self.in_a_row += 1;
            queue.pop()
        } else if backlog.live > 0 {
            self.in_a_row += 1;
            let job = backlog.pop();
            admit(job.as_ref(), self.clock.as_ref());
            job
        } else {
            return self.take_unrelated();
        }?;
        self.refill();
        Some(job)
    }

    /// Returns whether the queue or the backlog holds a descendant.
    pub(crate) fn holds_descendants(&self) -> bool {
        self.descendants.queue.live + self.descendants.backlog.live > 0
    }

    /// Returns whether one of the descendants `fits`.
    pub(crate) fn has_descendant(&self, mut fits: impl FnMut(&Submitted) -> bool) -> bool {
        let Lists { queue, backlog } = &self.descendants;
        queue.has(&mut fits) || backlog.has(&mut fits)
    }

    /// Takes out a job that its caller has withdrawn. Returns the withdrawn jobs that
    /// were swept out of the list: the caller must drop them after it has released the
    /// lock.
    pub(crate) fn withdraw(&mut self, header: &Header) -> VecDeque<Submitted> {
        let list = header.list.swap(OUT, Ordering::Relaxed);
        let lists = if list & DESCENDANT == 0 {
            &mut self.unrelated
        } else {
            &mut self.descendants
        };
        let swept = match list & !(DESCENDANT | OWN) {
            QUEUE => lists.queue.withdraw(list),
            BACKLOG => lists.backlog.withdraw(list),
            _ => return VecDeque::new(),
        };
        self.refill();
        swept
    }

    /// Returns whether the job waits for room.
    pub(crate) fn is_in_backlog(header: &Header) -> bool {
        header.list.load(Ordering::Relaxed) & !DESCENDANT == BACKLOG
    }

    /// Returns whether the job came to the lane of descendants, and was not moved there as an own
    /// job.
    pub(crate) fn came_as_descendant(header: &Header) -> bool {
        header.list.load(Ordering::Relaxed) & (DESCENDANT | OWN) == DESCENDANT
    }

    /// Takes out the unrelated jobs whose callers wait for room. Descendants stay, because a
    /// parked worker depends on them, and a worker may take them without room. Detached jobs
    /// stay too, because no caller would hear of the refusal. They move up as before.
    pub(crate) fn drain_backlog(&mut self) -> Vec<Submitted> {
        let backlog = &mut self.unrelated.backlog;
        let is_awaited = |job: &Submitted| !job.header().is_detached();
        let refused = backlog.extract_last(backlog.jobs.len(), is_awaited);
        for job in &refused {
            job.header().list.store(OUT, Ordering::Relaxed);
        }
        refused.into()
    }

    /// Takes out all jobs of both lanes.
    pub(crate) fn drain(&mut self) -> Vec<Submitted> {
        let mut jobs = Vec::new();
        while let Some(job) = self.take() {
            jobs.push(job);
        }
        jobs
    }

    /// Returns the jobs that no worker has taken and no caller has withdrawn. In each lane
    /// the queue comes before the backlog.
    pub(crate) fn submitted(&self) -> impl Iterator<Item = &Submitted> {
        let lists =
            [&self.descendants, &self.unrelated].map(|lists| [&lists.queue, &lists.backlog]);
        let jobs = lists.into_iter().flatten().flat_map(|list| &list.jobs);
        jobs.filter(|submitted| is_held(submitted))
    }

    fn lists(&mut self, lane: Lane) -> &mut Lists {
        match lane {
            Lane::Descendants => &mut self.descendants,
            Lane::Unrelated => &mut self.unrelated,
        }
    }

    /// Fills the room that a job has left in the queue, and publishes the number of ready jobs.
    /// The peak stays as it is, because a job moves up only into the room that another left.
    #[inline]
    fn refill(&mut self) {
        if self.backlog() > 0 {
            self.move_up();
        }
        self.shown.store(self.ready(), Ordering::Relaxed);
    }

    /// Publishes the number of ready jobs, and notes the peak.
    fn show(&mut self) {
        self.peak = self.peak.max(self.queued());
        self.shown.store(self.ready(), Ordering::Relaxed);
    }

    /// Moves jobs from the backlogs to the queues while there is room, descendants first.
    fn move_up(&mut self) {
        while self.queued() < self.capacity {
            let (lists, bit) = if self.descendants.backlog.live > 0 {
                (&mut self.descendants, DESCENDANT)
            } else if self.unrelated.backlog.live > 0 {
                (&mut self.unrelated, 0)
            } else {
                return;
            };
            let Some(job) = lists.backlog.pop() else {
                return;
            };
            admit(Some(&job), self.clock.as_ref());
            job.header().list.store(QUEUE | bit, Ordering::Relaxed);
            lists.queue.push(job);
        }
    }
}

/// Notes when a job leaves the backlog, if the pool measures its jobs.
fn admit(job: Option<&Submitted>, clock: Option<&PoolClock>) {
    if let (Some(job), Some(clock)) = (job, clock) {
        job.header().admit(clock.stamp());
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;
