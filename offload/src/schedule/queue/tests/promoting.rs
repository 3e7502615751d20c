//! Unrelated jobs that become descendants, because a parked job turns out to need them.

use super::*;

/// Otherwise a park would take longer the more unrelated jobs are queued.
#[test]
fn a_look_for_descendants_passes_none_that_came_before_them() {
    let (mut queue, _watched) = filled(60);
    let since = queue.unrelated_pushed();
    // Four more jobs fill the queue, and six go to the backlog.
    for _ in 0..10 {
        let _start = queue.push(Lane::Unrelated, job());
    }
    let looks = Cell::new(0);
    let every_second = |_: &Submitted| {
        looks.set(looks.get() + 1);
        looks.get() % 2 == 0
    };
    queue.promote(since, every_second);
    assert!(looks.get() <= 20, "{} looks", looks.get());
    assert_eq!((queue.queued(), queue.backlog()), (64, 6));
    assert!(queue.holds_descendants());
    let taken = std::iter::from_fn(|| queue.take()).count();
    assert_eq!(taken, 70);
}

/// Otherwise a look that follows a storm of jobs ends before it comes to the parked job's own.
#[test]
fn a_look_for_descendants_counts_the_jobs_that_came_through_the_inbox() {
    let inbox = Arc::<Padded<Inbox>>::default();
    let mut queue = Queue::new(64, Arc::default(), Arc::clone(&inbox));
    let since = queue.unrelated_pushed();
    let early = job();
    let own = Arc::clone(&early.job);
    let _start = queue.push(Lane::Unrelated, early);
    queue.open_inbox(ExpectedStart::AtOnce);
    assert!(inbox.leave(job()).is_ok());
    assert!(queue.close_inbox());
    queue.promote(since, |job| Arc::ptr_eq(&job.job, &own));
    assert!(queue.holds_descendants());
}

/// Otherwise the own work of a parked job stays behind strangers, which may block on what the
/// parked job holds. Here the look is so short that it must begin with the last job.
#[test]
fn a_look_for_descendants_begins_with_those_that_came_last() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let _start = queue.push(Lane::Unrelated, job());
    let since = queue.unrelated_pushed();
    let late = job();
    let own = Arc::clone(&late.job);
    let start = queue.push(Lane::Unrelated, late);
    assert_eq!(start, ExpectedStart::InBacklog);
    queue.promote(since, |job| Arc::ptr_eq(&job.job, &own));
    assert!(queue.holds_descendants());
}

/// Otherwise thousands of jobs that block for jobs of their own go on one after the other.
#[test]
fn own_jobs_of_the_backlog_are_taken_first() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let _start = queue.push(Lane::Descendants, job());
    let since = queue.unrelated_pushed();
    let late = job();
    let own = Arc::clone(&late.job);
    let start = queue.push(Lane::Unrelated, late);
    assert_eq!(start, ExpectedStart::InBacklog);
    queue.promote_to_front(since, |_job| true);
    assert_eq!((queue.queued(), queue.backlog()), (2, 0));
    assert!(Arc::ptr_eq(&queue.take().unwrap().job, &own));
    assert!(queue.take().is_some() && queue.take().is_none());
}

/// Otherwise the time that an own job waited for room counts as time in the queue.
#[test]
fn an_own_job_of_the_backlog_is_admitted_when_it_moves() {
    let clock = PoolClock::new();
    let queue = Queue::new(1, Arc::default(), Arc::default());
    let mut queue = queue.measured_by(Some(clock.clone()));
    let _start = queue.push(Lane::Unrelated, job());
    let late = job();
    let own = Arc::clone(&late.job);
    let start = queue.push(Lane::Unrelated, late);
    assert_eq!(start, ExpectedStart::InBacklog);
    while clock.stamp() == Stamp::default() {
        std::hint::spin_loop();
    }
    queue.promote_to_front(0, |job| Arc::ptr_eq(&job.job, &own));
    assert_ne!(own.header().admitted(), Stamp::default());
}

/// Otherwise the time that it waited for room counts as time in the queue.
#[test]
fn the_newest_job_of_the_backlog_is_admitted_when_it_is_taken() {
    let clock = PoolClock::new();
    let queue = Queue::new(1, Arc::default(), Arc::default());
    let mut queue = queue.measured_by(Some(clock.clone()));
    for _ in 0..2 {
        let _start = queue.push(Lane::Unrelated, job());
    }
    while clock.stamp() == Stamp::default() {
        std::hint::spin_loop();
    }
    let newest = queue.take_newest_unrelated().unwrap();
    assert_eq!((queue.queued(), queue.backlog()), (1, 0));
    assert_ne!(newest.header().admitted(), Stamp::default());
}
