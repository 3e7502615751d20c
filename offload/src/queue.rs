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

use self::list::{KIN, LINE, List, OUT, QUEUE};
use crate::{
    inbox::{Inbox, Pickup},
    lineage::Lane,
    runnable::{Header, Submitted},
    sync::{AtomicUsize, Padded},
};

/// What became of a job that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Admission {
    /// It is in the queue.
    Queued,
    /// It waits for room.
    InLine,
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
    kin: Lists,
    roots: Lists,
    /// Roots taken, ever.
    roots_taken: u64,
    /// Roots pushed, ever.
    roots_pushed: usize,
    /// The most that was queued together, as far as was seen.
    peak: usize,
}

#[derive(Default)]
struct Lists {
    queue: List,
    line: List,
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
            kin: Lists::default(),
            roots: Lists::default(),
            roots_taken: 0,
            roots_pushed: 0,
            peak: 0,
        }
    }

    /// Jobs that were admitted; at most the capacity.
    pub(crate) fn queued(&self) -> usize {
        self.kin.queue.live + self.roots.queue.live
    }

    /// The most jobs that were queued together.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Jobs that wait for room.
    pub(crate) fn in_line(&self) -> usize {
        self.kin.line.live + self.roots.line.live
    }

    /// Jobs that a thread could take now.
    pub(crate) fn ready(&self) -> usize {
        self.queued() + self.kin.line.live
    }

    /// Roots that were admitted.
    pub(crate) fn queued_roots(&self) -> usize {
        self.roots.queue.live
    }

    /// How many roots have been taken, ever.
    pub(crate) fn roots_taken(&self) -> u64 {
        self.roots_taken
    }

    /// How many roots have been pushed, ever.
    pub(crate) fn roots_pushed(&self) -> usize {
        self.roots_pushed
    }

    /// Whether one more job would be admitted at once.
    pub(crate) fn has_room(&self) -> bool {
        self.queued() < self.capacity && self.in_line() == 0
    }

    pub(crate) fn push(&mut self, lane: Lane, job: Submitted) -> Admission {
        let (lists, bit) = match lane {
            Lane::Kin => (&self.kin, KIN),
            Lane::Roots => (&self.roots, 0),
        };
        // Kin need not stand behind roots, so they look at their own line only.
        let room = self.queued() < self.capacity && lists.line.live == 0;
        let lists = self.lists(lane);
        let (list, number, admission) = if room {
            (&mut lists.queue, QUEUE, Admission::Queued)
        } else {
            (&mut lists.line, LINE, Admission::InLine)
        };
        job.header().list.store(number | bit, Ordering::Relaxed);
        list.push(job);
        self.roots_pushed += usize::from(lane == Lane::Roots);
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
        let waits = self.in_line() > 0;
        let roots = &mut self.roots.queue;
        let moved = self.inbox.collect(&mut roots.jobs, next, |moved| {
            if open && !waits {
                capacity.saturating_sub(others + moved)
            } else {
                0
            }
        });
        roots.live += moved;
        self.roots_pushed += moved;
        if moved > 0 {
            self.show();
        }
        moved > 0
    }

    /// Puts a job back that was taken and not run: it is the first again.
    pub(crate) fn put_back(&mut self, lane: Lane, job: Submitted) {
        let bit = if lane == Lane::Kin { KIN } else { 0 };
        job.header().list.store(QUEUE | bit, Ordering::Relaxed);
        let queue = &mut self.lists(lane).queue;
        queue.jobs.push_front(job);
        queue.live += 1;
        self.show();
    }

    /// Takes the job that is due.
    pub(crate) fn take(&mut self) -> Option<Submitted> {
        let job = self
            .kin
            .queue
            .pop()
            .or_else(|| self.kin.line.pop())
            .or_else(|| {
                let root = self.roots.queue.pop()?;
                self.roots_taken += 1;
                Some(root)
            })?;
        self.admit();
        Some(out(job))
    }

    /// Takes the first of the kin that `fits`.
    pub(crate) fn take_kin(
        &mut self,
        mut fits: impl FnMut(&Submitted) -> bool,
    ) -> Option<Submitted> {
        let Lists { queue, line } = &mut self.kin;
        let job = queue
            .pop_first_where(&mut fits)
            .or_else(|| line.pop_first_where(&mut fits))?;
        self.admit();
        Some(out(job))
    }

    /// Moves roots that `fit` to the other lane, behind those that are there. All of
    /// them were pushed after the first `since`, so they are looked for no further
    /// from the end than that.
    /// Says whether there was one.
    pub(crate) fn promote(&mut self, since: usize, fits: impl Fn(&Submitted) -> bool) -> bool {
        let before = self.kin.queue.live + self.kin.line.live;
        let mut last = self.roots_pushed - since;
        let Self { kin, roots, .. } = self;
        for (from, to, number) in [
            // The line stands behind the queue.
            (&mut roots.line, &mut kin.line, LINE),
            (&mut roots.queue, &mut kin.queue, QUEUE),
        ] {
            let looked_at = last.min(from.jobs.len());
            last -= looked_at;
            for job in from.extract_last(looked_at, &fits) {
                job.header().list.store(number | KIN, Ordering::Relaxed);
                to.push(job);
            }
        }
        // A thread may take kin out of their line, and roots may not be taken so.
        self.show();
        self.kin.queue.live + self.kin.line.live > before
    }

    /// Whether a descendant of a wait, or of a parked job, is here.
    pub(crate) fn holds_kin(&self) -> bool {
        self.kin.queue.live + self.kin.line.live > 0
    }

    /// Whether one of the kin `fits`.
    pub(crate) fn has_kin(&self, mut fits: impl FnMut(&Submitted) -> bool) -> bool {
        let Lists { queue, line } = &self.kin;
        queue.has(&mut fits) || line.has(&mut fits)
    }

    /// Takes a job out that its caller has withdrawn, wherever it is. Gives
    /// back what is to be dropped outside the lock.
    pub(crate) fn withdraw(&mut self, header: &Header) -> VecDeque<Submitted> {
        let list = header.list.swap(OUT, Ordering::Relaxed);
        let lists = if list & KIN == 0 {
            &mut self.roots
        } else {
            &mut self.kin
        };
        let swept = match list & !KIN {
            QUEUE => lists.queue.withdraw(),
            LINE => lists.line.withdraw(),
            _ => return VecDeque::new(),
        };
        self.admit();
        swept
    }

    /// Whether the job waits for room.
    pub(crate) fn is_in_line(header: &Header) -> bool {
        header.list.load(Ordering::Relaxed) & !KIN == LINE
    }

    /// Takes out every root that waits for room. Kin stay: a thread may take
    /// them without room, and a parked thread depends on them.
    pub(crate) fn drain_line(&mut self) -> Vec<Submitted> {
        std::iter::from_fn(|| self.roots.line.pop())
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
            Lane::Kin => &mut self.kin,
            Lane::Roots => &mut self.roots,
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
            let (lists, bit) = if self.kin.line.live > 0 {
                (&mut self.kin, KIN)
            } else if self.roots.line.live > 0 {
                (&mut self.roots, 0)
            } else {
                return;
            };
            let Some(job) = lists.line.pop() else { return };
            job.header().list.store(QUEUE | bit, Ordering::Relaxed);
            lists.queue.push(job);
        }
    }
}

#[cfg(all(test, not(bridge_loom)))]
mod tests {
    use std::{cell::Cell, panic::Location, sync::Weak};

    use super::*;
    use crate::{Bare, job::Job, runnable::Runnable};

    /// A queue with so many jobs, of which it holds all that there is.
    fn filled(jobs: usize) -> (Queue, Vec<Weak<dyn Runnable>>) {
        let mut queue = Queue::new(64, Arc::default(), Arc::default());
        let watched = (0..jobs).map(|_| {
            let (job, lineage) = Job::<_, _, Bare>::prepared(|| (), Location::caller());
            let job = Submitted { job, lineage };
            let watched = Arc::downgrade(&job.job);
            assert_eq!(queue.push(Lane::Roots, job), Admission::Queued);
            watched
        });
        let watched = watched.collect();
        (queue, watched)
    }

    /// A root that is about to be left in the inbox.
    fn job() -> Submitted {
        let (job, lineage) = Job::<_, _, Bare>::prepared(|| (), Location::caller());
        Queue::mark(Runnable::header(&*job));
        Submitted { job, lineage }
    }

    #[test]
    fn the_inbox_has_no_more_room_than_the_queue() {
        let inbox = Arc::<Padded<Inbox>>::default();
        let mut queue = Queue::new(3, Arc::default(), Arc::clone(&inbox));
        assert!(inbox.leave(job()).is_err(), "it is closed at first");
        let _admitted = queue.push(Lane::Roots, job());
        queue.open_inbox(Pickup::AtOnce);
        assert_eq!(inbox.leave(job()).ok(), Some(Pickup::AtOnce));
        assert_eq!(inbox.leave(job()).ok(), Some(Pickup::InTurn));
        assert!(inbox.leave(job()).is_err(), "three are admitted");
        assert!(queue.take().is_some());
        queue.empty_inbox();
        assert_eq!((queue.queued(), inbox.holds_work()), (2, false));
        assert!(inbox.leave(job()).is_ok(), "one has left");
        assert!(inbox.leave(job()).is_err());
        assert!(queue.close_inbox());
        assert!(inbox.leave(job()).is_err(), "it is closed again");
        assert_eq!((queue.queued(), queue.peak()), (3, 3));
    }

    #[test]
    fn what_is_left_behind_others_is_not_taken_at_once() {
        for (before, pickup) in [
            (0, Pickup::AtOnce),
            (1, Pickup::AtOnce),
            (2, Pickup::InTurn),
        ] {
            let inbox = Arc::<Padded<Inbox>>::default();
            let mut queue = Queue::new(3, Arc::default(), Arc::clone(&inbox));
            queue.open_inbox(Pickup::InTurn);
            for _ in 0..before {
                assert_eq!(inbox.leave(job()).ok(), Some(Pickup::InTurn));
            }
            // A thread that found nothing queued looks just then.
            queue.empty_inbox();
            assert_eq!(queue.queued(), before);
            assert_eq!(inbox.leave(job()).ok(), Some(pickup), "{before} before it");
        }
    }

    #[test]
    fn a_look_for_descendants_passes_none_that_came_before_them() {
        let (mut queue, _watched) = filled(60);
        let since = queue.roots_pushed();
        // Four more fill the queue, and six stand in line.
        for _ in 0..10 {
            let _admission = queue.push(Lane::Roots, job());
        }
        let looks = Cell::new(0);
        let every_second = |_: &Submitted| {
            looks.set(looks.get() + 1);
            looks.get() % 2 == 0
        };
        assert!(queue.promote(since, every_second));
        assert!(looks.get() <= 20, "{} looks", looks.get());
        assert_eq!((queue.queued(), queue.in_line()), (64, 6));
        assert!(queue.holds_kin());
        let taken = std::iter::from_fn(|| queue.take()).count();
        assert_eq!(taken, 70);
    }

    #[test]
    fn the_last_to_be_withdrawn_goes_with_the_others() {
        let (mut queue, watched) = filled(3);
        for job in &watched {
            let job = job.upgrade().unwrap();
            assert!(queue.withdraw(job.header()).is_empty());
        }
        assert!(watched.iter().all(|job| job.upgrade().is_none()));
    }

    #[test]
    fn what_was_withdrawn_goes_with_the_last_that_was_not() {
        let (mut queue, watched) = filled(60);
        // Less than half, so nothing is swept out.
        for job in &watched[40..] {
            let job = job.upgrade().unwrap();
            assert!(queue.withdraw(job.header()).is_empty());
        }
        let taken = (0..40).filter_map(|_| queue.take()).count();
        assert_eq!((taken, queue.ready()), (40, 0));
        assert!(watched.iter().all(|job| job.upgrade().is_none()));
    }
}
