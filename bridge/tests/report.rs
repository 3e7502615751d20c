//! Checks reports of the deadlocks that users make, and what carries a report.

use std::{
    hash::Hash,
    panic::{Location, panic_any},
    pin::pin,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use bridge::{
    Bridge, Context, Leftover, Offload, PoolName, Wait, WaitError,
    report::{JobEntry, JobState, Report, Step, WaitEntry},
};
use futures::future::{pending, select};
use testkit::within;
use tokio::sync::oneshot;

fn bridge(name: &str, threads: usize) -> Bridge {
    let builder = Bridge::builder().name(name).max_threads(threads);
    builder.worker_threads(1).build().unwrap()
}

/// Waits until the report of this bridge shows what is expected, and returns it.
fn eventually(bridge: &Bridge, expected: impl Fn(&Report) -> bool) -> Report {
    let start = Instant::now();
    loop {
        let report = bridge.report();
        if expected(&report) {
            return report;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "{report}");
        thread::sleep(Duration::from_millis(1));
    }
}

fn states(report: &Report) -> Vec<JobState> {
    report.jobs().iter().map(JobEntry::state).collect()
}

/// The job waits for a nested job, which blocks on the lock that the job holds. The pool
/// sees no lock, but the tree shows both places.
#[test]
fn a_lock_held_across_a_nested_offload() {
    within(|| {
        let db = bridge("db", 2);
        let (end, mut ended) = oneshot::channel::<()>();
        let (own, lock) = (db.clone(), Arc::new(Mutex::new(0)));
        let outer_line = line!() + 1;
        let outer = db.offload(move || {
            let held = lock.lock().unwrap();
            let other = Arc::clone(&lock);
            let inner = own.offload(move || *other.lock().unwrap()).start();
            let _left = select(pin!(inner), &mut ended).wait();
            *held
        });
        let outer = outer.start();
        let expected = [JobState::Parked, JobState::Running];
        let report = eventually(&db, |report| states(report) == expected);
        let [above, below] = report.jobs() else {
            unreachable!("two jobs have a state")
        };
        let wait = &report.waits()[0];
        assert_eq!(above.at().line(), outer_line);
        assert_eq!(wait.job(), Some(above.number()));
        assert_eq!(wait.at().unwrap().line(), outer_line + 4);
        assert_eq!(below.parent(), Some(Step::Wait(wait.number())));
        assert_eq!(below.at().line(), outer_line + 3);
        let text = report.to_string();
        assert!(text.starts_with("pool `db`: 1 running, 1 parked"), "{text}");
        end.send(()).unwrap();
        assert_eq!(outer.wait(), 0);
    });
}

/// A job of the first bridge blocks on a channel for a job of the second. That job waits
/// for another job of the first bridge, whose only permit is taken.
#[test]
fn a_circle_of_two_bridges_through_a_channel() {
    within(|| {
        let (first, second) = (bridge("first", 1), bridge("second", 1));
        let (end, ended) = oneshot::channel::<()>();
        let (there, back) = (second.clone(), first.clone());
        let outer = first.offload(move || {
            let (answer, answered) = mpsc::channel();
            let middle = there.offload(move || {
                let inner = back.offload(|| 7);
                let _left = select(pin!(inner), ended).wait();
                answer.send(7).unwrap();
            });
            middle.detach();
            answered.recv().unwrap()
        });
        let outer = outer.start();
        let report = eventually(&first, |report| report.cycle().is_some());
        let cycle = report.cycle().unwrap();
        let jobs: Vec<_> = report
            .jobs()
            .iter()
            .map(|job| job.pool().as_str())
            .collect();
        assert!(jobs.contains(&Some("second")), "{report}");
        assert!(!cycle.is_certain(), "the pool does not see the channel");
        assert!(
            matches!(
                cycle.steps(),
                [
                    Step::Job(_),
                    Step::Job(_),
                    Step::Wait(_),
                    Step::Job(_),
                    Step::Permit
                ]
            ),
            "{report}"
        );
        end.send(()).unwrap();
        assert_eq!(outer.wait(), 7);
    });
}

/// Each of two jobs awaits the other, on two bridges.
#[test]
fn a_circle_of_two_bridges_through_their_waits() {
    within(|| {
        let (first, second) = (bridge("first", 1), bridge("second", 1));
        let waits_for_other = |bridge: &Bridge| {
            let (give, take) = mpsc::channel::<Offload<()>>();
            let (end, ended) = oneshot::channel::<()>();
            let job = move || {
                let _left = select(take.recv().unwrap(), ended).wait();
            };
            (bridge.offload(job).start(), give, end)
        };
        let (one, give_one, _end_one) = waits_for_other(&first);
        let (two, give_two, _end_two) = waits_for_other(&second);
        give_one.send(two).unwrap();
        give_two.send(one).unwrap();
        for bridge in [&first, &second] {
            let report = eventually(bridge, |report| report.cycle().is_some());
            let cycle = report.cycle().unwrap();
            assert!(cycle.is_certain(), "{report}");
            assert_eq!(cycle.steps().len(), 4, "{report}");
        }
    });
}

/// The jobs block on a channel for a job behind them, which no job has submitted.
#[test]
fn all_permits_blocked_outside_the_bridge() {
    within(|| {
        let db = bridge("db", 2);
        let (open, gates): (Vec<_>, Vec<_>) = (0..2).map(|_| mpsc::channel::<()>()).unzip();
        let blocks = |gate: mpsc::Receiver<()>| db.offload(move || gate.recv().is_err()).start();
        let jobs: Vec<_> = gates.into_iter().map(blocks).collect();
        let opens = db.offload(move || drop(open)).start();
        let expected = [JobState::Running, JobState::Running, JobState::Queued];
        // A job that a worker has taken, and not begun, has no age.
        let have_begun = |report: &Report| report.jobs()[..2].iter().all(|job| job.age().is_some());
        let report = eventually(&db, |report| {
            states(report) == expected && have_begun(report)
        });
        let text = report.to_string();
        assert!(text.contains("1 queued; 0 of 2 permits free"), "{text}");
        assert!(report.jobs()[1].worker().is_some());
        // The queued job is withdrawn, and its senders are dropped with it.
        drop(opens);
        for job in jobs {
            assert!(job.wait());
        }
    });
}

#[test]
fn a_wait_of_a_thread_that_is_no_worker_is_listed_while_it_parks() {
    within(|| {
        let db = bridge("db", 1);
        let (end, ended) = oneshot::channel::<()>();
        let own = db.clone();
        let line = line!() + 2;
        let body = move || {
            let _ended = own.wait(ended);
        };
        let waiter = thread::Builder::new().name("caller".to_owned());
        let waiter = waiter.spawn(body).unwrap();
        let report = eventually(&db, |report| !report.waits().is_empty());
        let wait = &report.waits()[0];
        assert_eq!((wait.thread(), wait.job()), (Some("caller"), None));
        assert_eq!(wait.at().map(Location::line), Some(line));
        assert!(wait.future().unwrap().contains("Receiver"), "{wait:?}");
        assert!(report.to_string().contains("on thread `caller`, at "));
        end.send(()).unwrap();
        waiter.join().unwrap();
        assert!(db.report().waits().is_empty());
    });
}

/// The report shows the moment at which the pool gave the wait up.
#[test]
fn a_wait_that_is_given_up_carries_the_report() {
    within(|| {
        let builder = Bridge::builder().name("db").max_threads(1);
        let db = builder.max_blocked_threads(1).build().unwrap();
        let (outer, inner) = (db.clone(), db.clone());
        let line = line!() + 2;
        let nested =
            db.offload(move || outer.wait(outer.offload(move || inner.try_wait(pending::<()>()))));
        let error = nested.wait().unwrap_err();
        assert!(matches!(&error, WaitError::PoolExhausted { .. }), "{error}");
        assert!(error.to_string().contains("the pool `db`"), "{error}");
        let report = error.report().unwrap();
        assert_eq!(states(report), [JobState::Parked; 2], "{report}");
        assert_eq!(
            report.waits().len(),
            2,
            "each wait is listed once: {report}"
        );
        let places: Vec<_> = report.waits().iter().map(WaitEntry::at).collect();
        assert!(places.contains(&Some(error.at())), "{report}");
        assert!(
            places.iter().all(|at| at.unwrap().line() == line),
            "{report}"
        );
        assert_eq!(report.name().as_str(), Some("db"));
    });
}

/// Otherwise the text advises more threads, which would be parked in the circle too.
#[test]
fn a_wait_that_is_given_up_in_a_circle_names_the_circle() {
    within(|| {
        let builder = Bridge::builder().max_threads(1).max_blocked_threads(1);
        let bridge = builder.build().unwrap();
        let (give, take) = mpsc::channel::<Offload<()>>();
        let (tell, told) = mpsc::channel();
        let (outer, inner) = (bridge.clone(), bridge.clone());
        let waits = bridge.offload(move || {
            outer.wait(outer.offload(move || {
                tell.send(inner.try_wait(take.recv().unwrap())).unwrap();
            }));
        });
        give.send(waits.start()).unwrap();
        let text = told.recv().unwrap().unwrap_err().to_string();
        assert!(text.contains("; these wait for each other: job"), "{text}");
        assert!(text.ends_with("; let one of them not wait"), "{text}");
    });
}

#[test]
fn a_shutdown_that_runs_out_of_time_carries_the_report() {
    within(|| {
        let db = bridge("db", 1);
        let (open, gate) = mpsc::channel::<()>();
        let blocked = db.offload(move || gate.recv().is_err()).start();
        eventually(&db, |report| states(report) == [JobState::Running]);
        let shutdown = db.shutdown(Duration::from_millis(1)).wait();
        let report = shutdown.report.expect("time ran out");
        assert_eq!(report.name().as_str(), Some("db"));
        assert_eq!(states(&report), [JobState::Running]);
        drop(open);
        drop(blocked);
    });
}

/// Otherwise a program that counts errors, steps or pools in a map does not compile.
#[test]
fn what_a_program_may_count_by_can_be_hashed() {
    fn check<T: Eq + Hash>() {}
    check::<Leftover>();
    check::<JobState>();
    check::<Step>();
    check::<PoolName>();
    check::<Context>();
}

#[test]
fn a_report_can_be_sent_and_shared() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<Report>();
}

/// Otherwise the reader looks for a thread that is parked, and the thread that has to end runs.
#[test]
fn a_wait_that_is_given_up_while_others_run_says_so() {
    struct WaitsWhileItUnwinds(Bridge, mpsc::Sender<Result<(), WaitError>>);

    impl Drop for WaitsWhileItUnwinds {
        fn drop(&mut self) {
            // A thread that unwinds is lent nothing.
            let Self(bridge, tell) = self;
            tell.send(bridge.try_wait(bridge.offload(|| ()))).unwrap();
        }
    }

    within(|| {
        let bridge = Bridge::builder()
            .max_threads(1)
            .max_blocked_threads(1)
            .build()
            .unwrap();
        let (tell, told) = mpsc::channel();
        let own = bridge.clone();
        let (go, may_go) = oneshot::channel();
        let unwinds = bridge.offload(move || {
            let _waits = WaitsWhileItUnwinds(own.clone(), tell);
            // The permit is free until the other closure has taken it.
            own.wait(may_go).unwrap();
            panic_any("on purpose");
        });
        unwinds.detach();
        let (end, ended) = mpsc::channel::<()>();
        let runs = move || {
            go.send(()).unwrap();
            let _ended = ended.recv();
        };
        bridge.offload(runs).detach();
        let error = told.recv().unwrap().unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, WaitError::PoolExhausted { .. }), "{text}");
        assert!(text.contains("1 thread of the pool runs"), "{text}");
        drop(end);
    });
}

/// Otherwise a wait that is stuck, and is woken now and then, looks young.
#[test]
fn the_age_of_a_wait_counts_from_its_first_park() {
    within(|| {
        let db = bridge("db", 1);
        let (end, mut ended) = oneshot::channel::<()>();
        let own = db.clone();
        let waiter = thread::spawn(move || {
            own.wait(async {
                let mut ticks = tokio::time::interval(Duration::from_millis(5));
                loop {
                    tokio::select! {
                        _ = &mut ended => break,
                        _ = ticks.tick() => {}
                    }
                }
            });
        });
        let old = Some(Duration::from_millis(300));
        eventually(&db, |report| {
            report.waits().iter().any(|wait| wait.age() >= old)
        });
        end.send(()).unwrap();
        waiter.join().unwrap();
    });
}

/// Otherwise a report lists waits that are over, or leaves out those of a thread that has waited
/// on another bridge before.
#[test]
fn a_thread_is_listed_only_where_it_waits() {
    within(|| {
        let bridges = [bridge("first", 1), bridge("second", 1)];
        let own = bridges.clone();
        let (ends, waits): (Vec<_>, Vec<_>) = (0..4).map(|_| oneshot::channel::<()>()).unzip();
        let (stay, stays) = mpsc::channel::<()>();
        let waiter = thread::spawn(move || {
            for (bridge, wait) in own.iter().cycle().zip(waits) {
                let _ended = bridge.wait(wait);
            }
            let _ended = stays.recv();
        });
        for (round, end) in ends.into_iter().enumerate() {
            let (here, there) = (&bridges[round % 2], &bridges[(round + 1) % 2]);
            eventually(here, |report| report.waits().len() == 1);
            assert!(there.report().waits().is_empty());
            end.send(()).unwrap();
        }
        for bridge in &bridges {
            eventually(bridge, |report| report.waits().is_empty());
        }
        drop(stay);
        waiter.join().unwrap();
    });
}
