//! Checks which jobs, workers and waits a report lists, and with which ages.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::poll_fn,
    panic::Location,
    pin::pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Wake, Waker},
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{JobEntry, JobState, Offload, Pool, Step, Waiting, cancelled};
use common::{eventually, plug, pool, pool_with_blocked, wait};
use futures::{FutureExt, channel::oneshot};
use testkit::within;

/// Waits until the pool has this number of parked jobs.
fn parked(pool: &Pool, count: usize) {
    eventually("parked", || pool.metrics().blocked == count);
}

/// Otherwise a report lists more workers than there are.
#[test]
fn a_worker_that_has_ended_is_not_listed() {
    within(|| {
        let builder = Pool::builder().keep_alive(Duration::from_millis(1));
        let pool: Pool = builder.build().unwrap();
        wait(pool.run(|| ()));
        eventually("ended", || pool.metrics().threads == 0);
        assert!(pool.report().workers().is_empty());
    });
}

/// Otherwise a report is full of jobs that have nothing to do with its pool.
#[test]
fn jobs_of_another_pool_that_are_not_linked_are_not_listed() {
    within(|| {
        let (own, other) = (pool(1, 8), pool(1, 8));
        let (plugged, open) = plug(&own);
        let (foreign, open_foreign) = plug(&other);
        let report = own.report();
        assert_eq!(report.jobs().len(), 1, "{report}");
        assert!(!report.jobs()[0].is_foreign());
        drop((open, open_foreign));
        wait(plugged);
        wait(foreign);
    });
}

#[test]
fn a_job_whose_caller_has_left_is_told_to_stop() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, _open) = plug(&pool);
        assert!(!pool.report().jobs()[0].is_cancelled());
        drop(plugged);
        let report = pool.report();
        assert!(report.jobs()[0].is_cancelled());
        assert!(report.to_string().contains(", told to stop,"), "{report}");
    });
}

#[test]
fn a_long_queue_is_listed_in_part_and_counted() {
    within(|| {
        let pool = pool(1, 20_000);
        let (_plugged, _open) = plug(&pool);
        let _queued: Vec<_> = (0..10_010).map(|_| pool.run(|| ()).start()).collect();
        let report = pool.report();
        assert_eq!((report.jobs().len(), report.omitted()), (10_001, 10));
        let text = report.to_string();
        assert!(text.contains("10 further jobs are queued"), "{text}");
    });
}

/// A wait of a worker and a wait of another thread have numbers of their own.
#[test]
fn a_wait_outside_the_pool_is_listed_behind_the_others() {
    within(|| {
        let pool = pool(1, 8);
        let (end, ended) = oneshot::channel::<()>();
        let outer = pool.run(move || wait(ended)).start();
        parked(&pool, 1);
        // Those outside come in the order in which they have parked.
        let listings = [(); 2].map(|()| pool.wait_listing().unwrap());
        for (listing, future) in listings.iter().rev().zip(["second", "third"]) {
            listing.note(Location::caller(), future);
            thread::sleep(Duration::from_millis(1));
        }
        let report = pool.report();
        let waits = report.waits().iter();
        let waits = waits.map(|wait| (wait.number(), wait.job(), wait.future()));
        let expected = [
            (1, Some(1), None),
            (2, None, Some("second")),
            (3, None, Some("third")),
        ];
        assert!(waits.eq(expected), "{report}");
        listings[0].clear();
        assert_eq!(pool.report().waits().len(), 2);
        drop(listings);
        assert_eq!(pool.report().waits().len(), 1);
        end.send(()).unwrap();
        assert!(wait(outer).is_ok());
    });
}

/// A wait wakes up now and then, for example because its future wakes it for nothing.
#[test]
fn a_wait_is_as_old_as_its_first_park() {
    within(|| {
        let pool = pool(1, 8);
        let (give, wakers) = mpsc::channel::<Waker>();
        let (end, mut ended) = oneshot::channel::<()>();
        let outer = pool.run(move || {
            wait(poll_fn(|cx| {
                give.send(cx.waker().clone()).unwrap();
                ended.poll_unpin(cx)
            }))
        });
        let outer = outer.start();
        let first = wakers.recv().unwrap();
        parked(&pool, 1);
        let since = Instant::now();
        thread::sleep(Duration::from_millis(20));
        first.wake();
        let _polled_again = wakers.recv().unwrap();
        parked(&pool, 1);
        let least = since.elapsed();
        let age = pool.report().waits()[0].age();
        assert!(age >= Some(least), "{age:?}, and not {least:?}");
        end.send(()).unwrap();
        assert!(wait(outer).is_ok());
    });
}

/// Otherwise the report hides who waits for a job that another job has submitted.
#[test]
fn a_job_of_another_submitter_stands_below_the_wait_that_polls_for_it() {
    within(|| {
        let pool = pool(3, 8);
        let (open, gate) = mpsc::channel::<()>();
        let (give, take) = mpsc::channel();
        let own = pool.clone();
        let submitter = pool.run(move || {
            let (open_below, gate_below) = mpsc::channel::<()>();
            let below = own.run(move || gate_below.recv().is_err()).start();
            give.send(below).unwrap();
            let _open = gate.recv();
            drop(open_below);
        });
        let submitter = submitter.start();
        let below = take.recv().unwrap();
        let outer = pool.run(move || wait(below)).start();
        parked(&pool, 1);
        let report = pool.report();
        let linked = report.jobs().iter().filter_map(JobEntry::parent);
        assert!(linked.eq([Step::Wait(1)]), "{report}");
        drop(open);
        wait(submitter);
        assert!(wait(outer));
    });
}

/// Otherwise the order of the workers decides whether the report shows the link. The wait polls
/// just now, and so the report knows of it by another job that it has submitted. That job
/// began last.
#[test]
fn a_job_that_a_polling_wait_polls_for_stands_below_it() {
    within(|| {
        let pool = pool(3, 8);
        let (plugged, open) = plug(&pool);
        let (ready, is_ready) = mpsc::channel();
        let (open_outer, gate) = mpsc::channel::<()>();
        let own = pool.clone();
        let outer = pool.run(move || {
            let mut plugged = plugged;
            let below = wait(poll_fn(|cx| {
                assert!(plugged.poll_unpin(cx).is_pending());
                let below = plug(&own);
                ready.send(()).unwrap();
                let _open = gate.recv();
                Poll::Ready(below)
            }));
            drop(below);
            wait(plugged);
        });
        let outer = outer.start();
        is_ready.recv().unwrap();
        let report = pool.report();
        let parents: Vec<_> = report.jobs().iter().map(JobEntry::parent).collect();
        let below = Some(Step::Wait(1));
        assert_eq!(parents, [below, None, below], "{report}");
        drop((open, open_outer));
        wait(outer);
    });
}

/// Otherwise a job seems to belong to a wait that is over.
#[test]
fn a_job_whose_wait_is_over_stands_below_the_job() {
    within(|| {
        let pool = pool(2, 8);
        let (open, gate) = mpsc::channel::<()>();
        let (own, (tell, told)) = (pool.clone(), mpsc::channel());
        let outer = pool.run(move || {
            let (open_inner, gate_inner) = mpsc::channel::<()>();
            let submits = async { Some(own.run(move || gate_inner.recv().is_err()).start()) };
            let inner = wait(submits).unwrap();
            eventually("both run", || own.metrics().running == 2);
            tell.send(()).unwrap();
            let _open = gate.recv();
            drop(open_inner);
            inner
        });
        let outer = outer.start();
        told.recv().unwrap();
        assert_second_is_below_the_first(&pool);
        drop(open);
        assert!(wait(wait(outer)));
    });
}

/// Otherwise a job in the queue seems to belong to a wait that is over.
#[test]
fn a_queued_job_whose_wait_is_over_stands_below_the_job() {
    within(|| {
        let pool = pool(1, 8);
        let (open, gate) = mpsc::channel::<()>();
        let (own, (tell, told)) = (pool.clone(), mpsc::channel());
        let outer = pool.run(move || {
            let inner = wait(async { Some(own.run(|| ()).start()) });
            tell.send(()).unwrap();
            let _open = gate.recv();
            inner
        });
        let outer = outer.start();
        told.recv().unwrap();
        assert_second_is_below_the_first(&pool);
        drop(open);
        wait(wait(outer).unwrap());
    });
}

/// The waker of a job opens that wait on a worker of the other pool, and outside any job.
#[test]
fn a_wait_in_a_waker_of_another_pool_is_not_listed() {
    struct Waits(Pool, Mutex<(mpsc::Sender<Offload<()>>, mpsc::Receiver<()>)>);
    impl Wake for Waits {
        fn wake(self: Arc<Self>) {
            let _open = Waiting::open();
            let below = self.0.run(|| ()).start();
            let (give, gate) = &*self.1.lock().unwrap();
            give.send(below).unwrap();
            let _opened = gate.recv();
        }
        // The caller may ask for further polls.
        fn wake_by_ref(self: &Arc<Self>) {}
    }
    within(|| {
        let (own, other) = (pool(1, 8), pool(1, 8));
        let ((give, take), (open, gate)) = (mpsc::channel(), mpsc::channel());
        let waker = Waits(other.clone(), Mutex::new((give, gate)));
        let waker = Waker::from(Arc::new(waker));
        let (go, start) = mpsc::channel::<()>();
        let mut job = pin!(other.run(move || start.recv().unwrap()));
        let poll = job.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        go.send(()).unwrap();
        let below = take.recv().unwrap();
        let there = other.report();
        assert_eq!(there.jobs().len(), 2, "{there}");
        let report = own.report();
        assert!(report.waits().is_empty(), "{report}");
        drop(open);
        wait(below);
    });
}

/// Otherwise a report gives a lent job the age of the pool.
#[test]
fn a_lent_job_is_as_old_as_its_start() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        thread::sleep(Duration::from_millis(200));
        let began = Instant::now();
        let (second, third) = (pool.clone(), pool.clone());
        // The other worker is parked too, so the innermost job is lent.
        let report = wait(pool.run(move || {
            wait(second.run(move || {
                let own = third.clone();
                wait(third.run(move || own.report()))
            }))
        }));
        let by = |state| report.jobs().iter().find(|job| job.state() == state);
        assert!(by(JobState::Lending).is_some(), "{report}");
        // An age has steps of ten milliseconds at both of its ends.
        let most = began.elapsed() + Duration::from_millis(20);
        let age = by(JobState::Running).unwrap().age();
        assert!(age.is_some_and(|age| age <= most), "{report}");
    });
}

/// A report takes references to jobs. It must keep none of them.
#[test]
fn a_report_keeps_no_job_alive() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, open) = plug(&pool);
        let watched = Arc::new(());
        let held = watched.clone();
        let queued = pool.run(move || drop(held)).start();
        let report = pool.report();
        drop(queued);
        assert_eq!(Arc::strong_count(&watched), 1);
        assert_eq!(report.jobs().len(), 2);
        drop(open);
        wait(plugged);
    });
}

/// Checks that the second job stands below the first one, and below no wait.
fn assert_second_is_below_the_first(pool: &Pool) {
    let report = pool.report();
    assert!(report.waits().is_empty(), "{report}");
    assert_eq!(report.jobs()[1].parent(), Some(Step::Job(1)), "{report}");
}

/// Otherwise nobody sees which jobs use up the cancel grace.
#[test]
fn a_job_that_a_shutdown_has_told_to_stop_is_listed_so() {
    within(|| {
        let builder = Pool::builder().max_threads(1);
        let pool: Pool = builder
            .cancel_grace(Duration::from_mins(1))
            .build()
            .unwrap();
        let (own, (start, started)) = (pool.clone(), mpsc::channel());
        let job = pool.run(move || {
            start.send(()).unwrap();
            while !cancelled() {
                thread::yield_now();
            }
            own.report().jobs()[0].is_cancelled()
        });
        let job = job.start();
        started.recv().unwrap();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!(report.cancelled, 1);
        assert!(wait(job));
    });
}

/// Otherwise a report names a line of this crate for each wait.
#[test]
fn a_wait_has_the_place_where_it_was_opened() {
    within(|| {
        let pool = pool(1, 8);
        let own = pool.clone();
        let (line, at) = wait(pool.run(move || {
            let (_waiting, line) = (Waiting::open(), line!());
            // The report knows of this wait by the job that it has submitted.
            let below = own.run(|| ()).start();
            let at = own.report().waits()[0].at().unwrap();
            drop(below);
            (line, at)
        }));
        assert_eq!((at.file(), at.line()), (file!(), line));
    });
}
