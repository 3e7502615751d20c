//! Checks the queue alone, without workers: the order of jobs, the room, and the memory.

mod promoting;
mod withdrawn;

use std::{cell::Cell, panic::Location, sync::Weak};

use super::*;
use crate::{
    Bare, Config,
    job::{Job, runnable::Runnable},
    timing::Stamp,
};

/// Returns a queue with so many unrelated jobs, and weak references to them. Only the
/// queue keeps these jobs alive.
fn filled(jobs: usize) -> (Queue, Vec<Weak<dyn Runnable>>) {
    let mut queue = Queue::new(64, Arc::default(), Arc::default());
    let watched = (0..jobs).map(|_| {
        let (job, lineage) =
            Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let job = Submitted { job, lineage };
        let watched = Arc::downgrade(&job.job);
        assert_eq!(queue.push(Lane::Unrelated, job), ExpectedStart::InTurn);
        watched
    });
    let watched = watched.collect();
    (queue, watched)
}

/// Returns a job that is marked as about to be left in the inbox.
fn job() -> Submitted {
    let (job, lineage) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
    Queue::mark(Runnable::header(&*job));
    Submitted { job, lineage }
}

/// Otherwise submitters could admit more jobs than the capacity allows.
#[test]
fn the_inbox_has_no_more_room_than_the_queue() {
    let inbox = Arc::<Padded<Inbox>>::default();
    let mut queue = Queue::new(3, Arc::default(), Arc::clone(&inbox));
    assert!(inbox.leave(job()).is_err(), "it is closed at first");
    // Otherwise a worker stops spinning at once, although nothing is there.
    assert!(!inbox.holds_work(), "it is closed and empty");
    let _admitted = queue.push(Lane::Unrelated, job());
    queue.open_inbox(ExpectedStart::AtOnce);
    assert_eq!(inbox.leave(job()).ok(), Some(ExpectedStart::AtOnce));
    assert_eq!(inbox.leave(job()).ok(), Some(ExpectedStart::InTurn));
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

/// Otherwise a wait that submits jobs without end keeps the unrelated jobs waiting for ever.
#[test]
fn after_a_row_of_descendants_it_is_the_turn_of_an_unrelated_job() {
    let mut queue = Queue::new(64, Arc::default(), Arc::default());
    for place in 0..42 {
        let lane = if place < 40 {
            Lane::Descendants
        } else {
            Lane::Unrelated
        };
        let _start = queue.push(lane, job());
    }
    for taken_before in 0..2 {
        for _ in 0..16 {
            assert!(!queue.take_turn_of_unrelated());
            assert!(queue.take().is_some());
        }
        assert!(queue.take_turn_of_unrelated());
        assert!(!queue.take_turn_of_unrelated(), "a turn is over");
        assert_eq!(queue.unrelated_taken(), taken_before);
        assert!(queue.take_unrelated().is_some());
    }
    (0..8).for_each(|_| assert!(queue.take().is_some()));
    assert!(
        !queue.take_turn_of_unrelated(),
        "no unrelated job is queued"
    );
}

/// Otherwise a caller would poll on for a result that does not come soon.
#[test]
fn what_is_left_behind_others_is_not_taken_at_once() {
    for (before, start) in [
        (0, ExpectedStart::AtOnce),
        (1, ExpectedStart::AtOnce),
        (2, ExpectedStart::InTurn),
    ] {
        let inbox = Arc::<Padded<Inbox>>::default();
        let mut queue = Queue::new(3, Arc::default(), Arc::clone(&inbox));
        queue.open_inbox(ExpectedStart::InTurn);
        for _ in 0..before {
            assert_eq!(inbox.leave(job()).ok(), Some(ExpectedStart::InTurn));
        }
        // A worker that found nothing queued looks at this moment.
        queue.empty_inbox();
        assert_eq!(queue.queued(), before);
        assert_eq!(inbox.leave(job()).ok(), Some(start), "{before} before it");
    }
}

/// Otherwise an idle pool would keep the closures of withdrawn jobs.
#[test]
fn the_last_to_be_withdrawn_goes_with_the_others() {
    let (mut queue, watched) = filled(3);
    for job in &watched {
        let job = job.upgrade().unwrap();
        assert!(queue.withdraw(job.header()).is_empty());
    }
    assert!(watched.iter().all(|job| job.upgrade().is_none()));
}

/// Otherwise an idle pool would keep withdrawn jobs that no worker has met.
#[test]
fn what_was_withdrawn_goes_with_the_last_that_was_not() {
    let (mut queue, watched) = filled(60);
    // Less than half of the jobs are withdrawn, so nothing is swept out.
    for job in &watched[40..] {
        let job = job.upgrade().unwrap();
        assert!(queue.withdraw(job.header()).is_empty());
    }
    let taken = (0..40).filter_map(|_| queue.take()).count();
    assert_eq!((taken, queue.ready()), (40, 0));
    assert!(watched.iter().all(|job| job.upgrade().is_none()));
}

/// Takes all jobs, and returns the numbers of these jobs in the order in which they came.
fn order(queue: &mut Queue, jobs: &[Weak<dyn Runnable>]) -> Vec<usize> {
    let number = |taken: &Submitted| {
        let is_taken = |job: &Weak<dyn Runnable>| job.as_ptr().addr() == address(&taken.job);
        jobs.iter().position(is_taken).unwrap()
    };
    std::iter::from_fn(|| queue.take().as_ref().map(number)).collect()
}

fn address(job: &Arc<dyn Runnable>) -> usize {
    Arc::as_ptr(job).addr()
}

/// Otherwise a lent job that is given back would run behind later jobs.
#[test]
fn a_job_that_is_put_back_is_the_first_again() {
    for lane in [Lane::Descendants, Lane::Unrelated] {
        let mut queue = Queue::new(3, Arc::default(), Arc::default());
        let jobs: Vec<_> = std::iter::repeat_with(job).take(3).collect();
        let watched: Vec<_> = jobs.iter().map(|job| Arc::downgrade(&job.job)).collect();
        for job in jobs {
            assert_eq!(queue.push(lane, job), ExpectedStart::InTurn);
        }
        let first = queue.take().unwrap();
        queue.put_back(lane, first);
        assert_eq!((queue.queued(), queue.ready()), (3, 3), "{lane:?}");
        assert_eq!(order(&mut queue, &watched), [0, 1, 2], "{lane:?}");
    }
}

/// Otherwise a parked job would wait for unrelated jobs to end.
#[test]
fn descendants_go_first_and_need_no_room() {
    let mut queue = Queue::new(2, Arc::default(), Arc::default());
    let jobs: Vec<_> = std::iter::repeat_with(job).take(6).collect();
    let watched: Vec<_> = jobs.iter().map(|job| Arc::downgrade(&job.job)).collect();
    let lanes = [
        Lane::Unrelated,
        Lane::Unrelated,
        Lane::Unrelated,
        Lane::Descendants,
        Lane::Descendants,
        Lane::Descendants,
    ];
    for (lane, job) in lanes.into_iter().zip(jobs) {
        let _start = queue.push(lane, job);
    }
    assert_eq!((queue.queued(), queue.backlog(), queue.ready()), (2, 4, 5));
    assert_eq!(queue.peak(), 2, "the backlog is not in the queue");
    let kept = queue.take().unwrap();
    assert_eq!(address(&kept.job), watched[3].as_ptr().addr());
    // A job that its caller withdraws stops counting in its own lane.
    let withdrawn = watched[4].upgrade().unwrap();
    assert!(queue.withdraw(withdrawn.header()).is_empty());
    assert_eq!((queue.queued(), queue.backlog(), queue.ready()), (2, 2, 3));
    assert_eq!(order(&mut queue, &watched), [5, 0, 1, 2]);
}

/// Otherwise unrelated jobs would take the room that descendants wait for.
#[test]
fn descendants_move_up_before_others() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let first = job();
    let header = Arc::clone(&first.job);
    for (lane, job) in [
        (Lane::Unrelated, first),
        (Lane::Unrelated, job()),
        (Lane::Descendants, job()),
    ] {
        let _start = queue.push(lane, job);
    }
    assert!(queue.withdraw(header.header()).is_empty());
    assert_eq!((queue.queued(), queue.queued_unrelated()), (1, 0));
    assert_eq!(queue.backlog(), 1);
}

/// Otherwise a parked job would be told that a job which it depends on won't run.
#[test]
fn an_end_refuses_unrelated_jobs_in_the_backlog_and_no_descendants() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    for lane in [
        Lane::Unrelated,
        Lane::Unrelated,
        Lane::Descendants,
        Lane::Descendants,
    ] {
        let _start = queue.push(lane, job());
    }
    assert_eq!(queue.drain_backlog().len(), 1);
    assert_eq!((queue.backlog(), queue.ready()), (2, 3));
    assert_eq!(queue.drain().len(), 3);
}

/// Otherwise a shutdown would lose jobs that nobody awaits, however much time it has.
#[test]
fn an_end_refuses_no_detached_job() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    for is_detached in [false, true, false, true] {
        let job = job();
        if is_detached {
            job.header().detach();
        }
        let _start = queue.push(Lane::Unrelated, job);
    }
    let refused = queue.drain_backlog();
    assert_eq!(refused.len(), 1);
    assert!(!refused[0].header().is_detached() && !refused[0].header().is_listed());
    assert_eq!((queue.queued(), queue.backlog()), (1, 2));
    assert!(!queue.take().unwrap().header().is_detached());
    assert!(
        queue.take().unwrap().header().is_detached(),
        "it has moved up"
    );
    assert_eq!(queue.drain().len(), 1);
}

/// Otherwise withdrawn jobs would pile up in a queue that moves slowly.
#[test]
fn half_of_a_list_that_is_withdrawn_is_swept_out() {
    let (mut queue, watched) = filled(60);
    let mut swept = 0;
    for job in &watched[..30] {
        let job = job.upgrade().unwrap();
        swept += queue.withdraw(job.header()).len();
    }
    assert_eq!((swept, queue.queued()), (30, 30));
    let left = watched.iter().filter(|job| job.upgrade().is_some()).count();
    assert_eq!(left, 30, "the others are still there, and nothing else is");
}

/// Otherwise the time in the backlog would count as time in the queue.
#[test]
fn a_job_is_admitted_when_it_leaves_the_backlog() {
    let clock = PoolClock::new();
    let queue = Queue::new(1, Arc::default(), Arc::default());
    let mut queue = queue.measured_by(Some(clock));
    std::thread::sleep(std::time::Duration::from_micros(1));
    for _ in 0..2 {
        let _admission = queue.push(Lane::Unrelated, job());
    }
    assert_eq!(queue.backlog(), 1);
    let first = queue.take().unwrap();
    let unknown = Stamp::default();
    assert_eq!(
        first.header().admitted(),
        unknown,
        "its submitter notes that"
    );
    let second = queue.take().unwrap();
    assert_ne!(second.header().admitted(), unknown);
}

/// Otherwise the time that a descendant waited for room would count as time in the queue.
#[test]
fn a_descendant_that_is_taken_from_the_backlog_is_admitted_then() {
    let ways: [fn(&mut Queue) -> Option<Submitted>; 2] =
        [Queue::take, |queue| queue.take_descendant(|_job| true)];
    for take in ways {
        let clock = PoolClock::new();
        let queue = Queue::new(1, Arc::default(), Arc::default());
        let mut queue = queue.measured_by(Some(clock.clone()));
        let _queued = queue.push(Lane::Unrelated, job());
        let start = queue.push(Lane::Descendants, job());
        assert_eq!(start, ExpectedStart::InBacklog);
        while clock.stamp() == Stamp::default() {
            std::hint::spin_loop();
        }
        let taken = take(&mut queue).unwrap();
        assert_eq!(queue.backlog(), 0, "it was in the backlog");
        assert_ne!(taken.header().admitted(), Stamp::default());
    }
}

/// Otherwise a wait that limits the time of an admission never gives up its place.
#[test]
fn a_descendant_that_waits_for_room_is_in_the_backlog() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let (first, late) = (job(), job());
    let kept = Arc::clone(&late.job);
    for (lane, job) in [(Lane::Unrelated, first), (Lane::Descendants, late)] {
        let _start = queue.push(lane, job);
    }
    assert!(Queue::is_in_backlog(kept.header()));
}

/// Otherwise descendants starve all other callers if the queue is full.
#[test]
fn descendants_without_room_are_part_of_the_row() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let _start = queue.push(Lane::Unrelated, job());
    for _ in 0..16 {
        let _start = queue.push(Lane::Descendants, job());
    }
    for _ in 0..16 {
        assert!(queue.take().is_some());
    }
    assert!(queue.take_turn_of_unrelated());
}

/// Otherwise the counts are wrong once such a job is withdrawn, and a shutdown never ends.
#[test]
fn a_job_that_has_moved_is_withdrawn_from_its_new_place() {
    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let jobs = [job(), job()];
    let second = Arc::clone(&jobs[1].job);
    for job in jobs {
        let _start = queue.push(Lane::Unrelated, job);
    }
    queue.promote(0, |_| true);
    assert!(queue.withdraw(second.header()).is_empty());
    assert_eq!((queue.queued(), queue.backlog()), (1, 0));

    let mut queue = Queue::new(1, Arc::default(), Arc::default());
    let jobs = [job(), job()];
    let kept = jobs.each_ref().map(|job| Arc::clone(&job.job));
    for (lane, job) in [Lane::Unrelated, Lane::Descendants].into_iter().zip(jobs) {
        let _start = queue.push(lane, job);
    }
    for job in &kept {
        assert!(queue.withdraw(job.header()).is_empty());
    }
    assert_eq!((queue.queued(), queue.backlog(), queue.ready()), (0, 0, 0));
}

/// Otherwise such a job wakes workers for nothing, or a wait is refused because of it.
#[test]
fn a_descendant_that_was_withdrawn_is_not_found() {
    let mut queue = Queue::new(3, Arc::default(), Arc::default());
    let jobs = [job(), job()];
    let left = Arc::clone(&jobs[0].job);
    for job in jobs {
        let _start = queue.push(Lane::Descendants, job);
    }
    assert!(queue.withdraw(left.header()).is_empty());
    assert!(!queue.has_descendant(|job| Arc::ptr_eq(&job.job, &left)));
}
