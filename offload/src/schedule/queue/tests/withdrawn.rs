//! Jobs that were withdrawn, and the live ones beside them.

use super::*;

/// Otherwise a worker takes a job that is over, and the live job behind it is lost.
#[test]
fn a_descendant_that_was_withdrawn_is_not_taken() {
    let mut queue = Queue::new(3, Arc::default(), Arc::default());
    let jobs = [job(), job()];
    let kept = jobs.each_ref().map(|job| Arc::clone(&job.job));
    for job in jobs {
        let _start = queue.push(Lane::Descendants, job);
    }
    assert!(queue.withdraw(kept[0].header()).is_empty());
    let taken = queue.take_descendant(|_job| true).unwrap();
    assert!(Arc::ptr_eq(&taken.job, &kept[1]));
}

/// Otherwise the count of the other lane is wrong from then on, and a shutdown never ends.
#[test]
fn a_job_that_was_put_back_is_withdrawn_from_its_lane() {
    let mut queue = Queue::new(3, Arc::default(), Arc::default());
    for lane in [Lane::Unrelated, Lane::Descendants] {
        let _start = queue.push(lane, job());
    }
    let first = queue.take().unwrap();
    let kept = Arc::clone(&first.job);
    queue.put_back(Lane::Descendants, first);
    assert!(queue.withdraw(kept.header()).is_empty());
    assert_eq!((queue.queued(), queue.queued_unrelated()), (1, 1));
    assert!(!queue.holds_descendants());
}

/// Otherwise a report lists jobs that are over, and the exit of the process waits for them.
#[test]
fn a_withdrawn_job_is_not_listed() {
    let (mut queue, watched) = filled(2);
    let job = watched[0].upgrade().unwrap();
    assert!(queue.withdraw(job.header()).is_empty());
    assert_eq!(queue.submitted().count(), 1);
}

/// Otherwise a full pool starts a job that is over in place of one that others block for.
#[test]
fn the_newest_job_is_one_that_was_not_withdrawn() {
    let (mut queue, watched) = filled(3);
    let jobs: Vec<_> = watched.iter().map(|job| job.upgrade().unwrap()).collect();
    assert!(queue.withdraw(jobs[2].header()).is_empty());
    let newest = queue.newest_unrelated().unwrap();
    assert!(Arc::ptr_eq(&newest.job, &jobs[1]));
    for kept in [&jobs[1], &jobs[0]] {
        let taken = queue.take_newest_unrelated().unwrap();
        assert!(Arc::ptr_eq(&taken.job, kept));
    }
    assert!(queue.take_newest_unrelated().is_none());
}
