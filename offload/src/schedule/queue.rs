//! The jobs that no thread has claimed, in the order in which they are due.
//!
//! Two lanes. *Kin* are descendants of some wait of a pool's thread: a thread
//! stands still until they are done, so they go first. *Roots* are everybody
//! else. Each lane has a *queue*, which the capacity bounds over both lanes,
//! and behind it a *line* of those that were not admitted yet: their callers
//! wait for room, first come first served, and hold the closures themselves.
//!
//! While a thread is bound to look for work, roots are left in the *inbox*
//! (`inbox.rs`) and moved up from there, so that not every push takes the
//! pool's lock.

mod list;
#[cfg(not(bridge_loom))]
mod look;

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, atomic::Ordering},
};

use self::list::{BACKLOG, DESCENDANT, List, OUT, QUEUE};
use crate::{
    job::runnable::{Header, Submitted},
    nesting::lineage::Lane,
    platform::sync::{AtomicUsize, Padded},
    schedule::inbox::{Inbox, Pickup},
};

/// What became of a job that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Admission {
    /// It is in the queue.
    Queued,
    /// It waits for room.
    InBacklog,
}

pub(crate) struct Queue {
    capacity: usize,
    /// Shows how many jobs are ready to the thread that spins, which has no
    /// lock.
    shown: Arc<Padded<AtomicUsize>>,
    /// Where roots are left that come behind all others.
    inbox: Arc<Padded<Inbox>>,
    /// Whether anything may be in the inbox.
    is_open: bool,
    descendants: Lists,
    unrelated: Lists,
    /// Roots taken, ever.
    unrelated_taken: u64,
    /// Roots pushed, ever.
    unrelated_pushed: usize,
    /// The most that was queued together, as far as was seen.
    peak: usize,
}

#[derive(Default)]
struct Lists {
    queue: List,
    backlog: List,
}

/// Marks and hands out a job that was taken from its list.
fn out(job: Submitted) -> Submitted {
    job.header().list.store(OUT, Ordering::Relaxed);
    job
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
            unrelated_taken: 0,
            unrelated_pushed: 0,
            peak: 0,
        }
    }

    /// Jobs that were admitted; at most the capacity.
    pub(crate) fn queued(&self) -> usize {
        self.descendants.queue.live + self.unrelated.queue.live
    }

    /// The most jobs that were queued together.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Jobs that wait for room.
    pub(crate) fn backlog(&self) -> usize {
        self.descendants.backlog.live + self.unrelated.backlog.live
    }

    /// Jobs that a thread could take now.
    pub(crate) fn ready(&self) -> usize {
        self.queued() + self.descendants.backlog.live
    }

    /// Roots that were admitted.
    pub(crate) fn queued_unrelated(&self) -> usize {
        self.unrelated.queue.live
    }

    /// How many roots have been taken, ever.
    pub(crate) fn unrelated_taken(&self) -> u64 {
        self.unrelated_taken
    }

    /// How many roots have been pushed, ever.
    pub(crate) fn unrelated_pushed(&self) -> usize {
        self.unrelated_pushed
    }

    /// Whether one more job would be admitted at once.
    pub(crate) fn has_room(&self) -> bool {
        self.queued() < self.capacity && self.backlog() == 0
    }

    pub(crate) fn push(&mut self, lane: Lane, job: Submitted) -> Admission {
        let (lists, bit) = match lane {
            Lane::Descendants => (&self.descendants, DESCENDANT),
            Lane::Unrelated => (&self.unrelated, 0),
        };
        // Kin need not stand behind roots, so they look at their own line only.
        let room = self.queued() < self.capacity && lists.backlog.live == 0;
        let lists = self.lists(lane);
        let (list, number, admission) = if room {
            (&mut lists.queue, QUEUE, Admission::Queued)
        } else {
            (&mut lists.backlog, BACKLOG, Admission::InBacklog)
        };
        job.header().list.store(number | bit, Ordering::Relaxed);
        list.push(job);
        self.unrelated_pushed += usize::from(lane == Lane::Unrelated);
        self.show();
        admission
    }

    /// Marks a root that is about to be left in the inbox as queued.
    pub(crate) fn mark(header: &Header) {
        header.list.store(QUEUE, Ordering::Relaxed);
    }

    /// Opens the inbox for as many jobs as there is room for; `next` says when the
    /// first is taken.
    pub(crate) fn open_inbox(&mut self, next: Pickup) {
        if !self.is_open {
            self.is_open = true;
            self.collect(next);
        }
    }

    /// Takes in what was left in the inbox, if it is open.
    pub(crate) fn empty_inbox(&mut self) {
        if self.is_open {
            self.collect(Pickup::AtOnce);
        }
    }

    /// Takes in what was left in the inbox, and closes it; true if anything was.
    pub(crate) fn close_inbox(&mut self) -> bool {
        mem::take(&mut self.is_open) && self.collect(Pickup::InTurn)
    }

    fn collect(&mut self, next: Pickup) -> bool {
        let (open, capacity, others) = (self.is_open, self.capacity, self.queued());
        let waits = self.backlog() > 0;
        let unrelated = &mut self.unrelated.queue;
        let moved = self.inbox.collect(&mut unrelated.jobs, next, |moved| {
            if open && !waits {
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

    /// Puts a job back that was taken and not run: it is the first again.
    pub(crate) fn put_back(&mut self, lane: Lane, job: Submitted) {
        let bit = if lane == Lane::Descendants {
            DESCENDANT
        } else {
            0
        };
        job.header().list.store(QUEUE | bit, Ordering::Relaxed);
        let queue = &mut self.lists(lane).queue;
        queue.jobs.push_front(job);
        queue.live += 1;
        self.show();
    }

    /// Takes the job that is due.
    pub(crate) fn take(&mut self) -> Option<Submitted> {
        let job = self
            .descendants
            .queue
            .pop()
            .or_else(|| self.descendants.backlog.pop())
            .or_else(|| {
                let root = self.unrelated.queue.pop()?;
                self.unrelated_taken += 1;
                Some(root)
            })?;
        self.admit();
        Some(out(job))
    }

    /// Takes the first of the kin that `fits`.
    pub(crate) fn take_descendant(
        &mut self,
        mut fits: impl FnMut(&Submitted) -> bool,
    ) -> Option<Submitted> {
        let Lists { queue, backlog } = &mut self.descendants;
        let job = queue
            .pop_first_where(&mut fits)
            .or_else(|| backlog.pop_first_where(&mut fits))?;
        self.admit();
        Some(out(job))
    }

    /// Moves roots that `fit` to the other lane, behind those that are there. All of
    /// them were pushed after the first `since`, so they are looked for no further
    /// from the end than that.
    /// Says whether there was one.
    pub(crate) fn promote(&mut self, since: usize, fits: impl Fn(&Submitted) -> bool) -> bool {
        let before = self.descendants.queue.live + self.descendants.backlog.live;
        let mut last = self.unrelated_pushed - since;
        let Self {
            descendants,
            unrelated,
            ..
        } = self;
        for (from, to, number) in [
            // The line stands behind the queue.
            (&mut unrelated.backlog, &mut descendants.backlog, BACKLOG),
            (&mut unrelated.queue, &mut descendants.queue, QUEUE),
        ] {
            let looked_at = last.min(from.jobs.len());
            last -= looked_at;
            for job in from.extract_last(looked_at, &fits) {
                job.header()
                    .list
                    .store(number | DESCENDANT, Ordering::Relaxed);
                to.push(job);
            }
        }
        // A thread may take kin out of their line, and roots may not be taken so.
        self.show();
        self.descendants.queue.live + self.descendants.backlog.live > before
    }

    /// Whether a descendant of a wait, or of a parked job, is here.
    pub(crate) fn holds_descendants(&self) -> bool {
        self.descendants.queue.live + self.descendants.backlog.live > 0
    }

    /// Whether one of the kin `fits`.
    pub(crate) fn has_descendant(&self, mut fits: impl FnMut(&Submitted) -> bool) -> bool {
        let Lists { queue, backlog } = &self.descendants;
        queue.has(&mut fits) || backlog.has(&mut fits)
    }

    /// Takes a job out that its caller has withdrawn, wherever it is. Gives
    /// back what is to be dropped outside the lock.
    pub(crate) fn withdraw(&mut self, header: &Header) -> VecDeque<Submitted> {
        let list = header.list.swap(OUT, Ordering::Relaxed);
        let lists = if list & DESCENDANT == 0 {
            &mut self.unrelated
        } else {
            &mut self.descendants
        };
        let swept = match list & !DESCENDANT {
            QUEUE => lists.queue.withdraw(),
            BACKLOG => lists.backlog.withdraw(),
            _ => return VecDeque::new(),
        };
        self.admit();
        swept
    }

    /// Whether the job waits for room.
    pub(crate) fn is_in_backlog(header: &Header) -> bool {
        header.list.load(Ordering::Relaxed) & !DESCENDANT == BACKLOG
    }

    /// Takes out every root that waits for room. Kin stay: a thread may take
    /// them without room, and a parked thread depends on them.
    pub(crate) fn drain_backlog(&mut self) -> Vec<Submitted> {
        std::iter::from_fn(|| self.unrelated.backlog.pop())
            .map(out)
            .collect()
    }

    /// Takes out everything.
    pub(crate) fn drain(&mut self) -> Vec<Submitted> {
        let mut jobs = Vec::new();
        while let Some(job) = self.take() {
            jobs.push(job);
        }
        jobs
    }

    fn lists(&mut self, lane: Lane) -> &mut Lists {
        match lane {
            Lane::Descendants => &mut self.descendants,
            Lane::Unrelated => &mut self.unrelated,
        }
    }

    /// After a job has left: moves up from the lines as far as there is room,
    /// kin first.
    fn admit(&mut self) {
        self.move_up();
        self.show();
    }

    fn show(&mut self) {
        self.peak = self.peak.max(self.queued());
        self.shown.store(self.ready(), Ordering::Relaxed);
    }

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
            job.header().list.store(QUEUE | bit, Ordering::Relaxed);
            lists.queue.push(job);
        }
    }
}

#[cfg(all(test, not(bridge_loom)))]
mod tests;
