//! What the queue does, without threads.

use std::{cell::Cell, panic::Location, sync::Weak};

use super::*;
use crate::{
    Bare,
    job::{Job, runnable::Runnable},
};

/// A queue with so many jobs, of which it holds all that there is.
fn filled(jobs: usize) -> (Queue, Vec<Weak<dyn Runnable>>) {
    let mut queue = Queue::new(64, Arc::default(), Arc::default());
    let watched = (0..jobs).map(|_| {
        let (job, lineage) = Job::<_, _, Bare>::prepared(|| (), Location::caller());
        let job = Submitted { job, lineage };
        let watched = Arc::downgrade(&job.job);
        assert_eq!(queue.push(Lane::Unrelated, job), Admission::Queued);
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
    let _admitted = queue.push(Lane::Unrelated, job());
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
    let since = queue.unrelated_pushed();
    // Four more fill the queue, and six stand in line.
    for _ in 0..10 {
        let _admission = queue.push(Lane::Unrelated, job());
    }
    let looks = Cell::new(0);
    let every_second = |_: &Submitted| {
        looks.set(looks.get() + 1);
        looks.get() % 2 == 0
    };
    assert!(queue.promote(since, every_second));
    assert!(looks.get() <= 20, "{} looks", looks.get());
    assert_eq!((queue.queued(), queue.backlog()), (64, 6));
    assert!(queue.holds_descendants());
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
