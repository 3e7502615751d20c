//! The end of a pool.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

use bridge_offload::{Lineage, OffloadError, Pool};
use common::{eventually, plug, plug_with, pool, pool_with_blocked, try_wait, wait};
use futures::{channel::oneshot, future::join_all};
use testkit::{panic_text, within};

#[test]
fn shutdown_runs_what_was_admitted() {
    within(|| {
        let pool = pool(1, 64);
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                pool.try_run(move || {
                    thread::sleep(Duration::from_millis(1));
                    n
                })
                .unwrap()
            })
            .collect();
        let report = pool.shutdown(Duration::from_secs(20)).wait();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        assert_eq!(wait(join_all(tasks)), (0..10).collect::<Vec<_>>());
        assert!(pool.try_run(|| ()).unwrap_err().is_shut_down());
        let outcome = wait(pool.run(|| ()).outcome());
        assert!(
            matches!(outcome, Err(OffloadError::ShutDown { .. })),
            "{outcome:?}"
        );
        eventually("the threads have ended", || pool.metrics().threads == 0);
    });
}

#[test]
fn shutdown_wakes_everyone_it_leaves_behind() {
    within(|| {
        let pool = pool(1, 1);
        let (running, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        let backlog = pool.run(|| ()).start();
        let awaiters = [running, queued, backlog].map(|task| {
            thread::spawn(move || {
                matches!(wait(task.outcome()), Err(OffloadError::ShutDown { .. }))
            })
        });
        let report = pool.shutdown(Duration::from_millis(10)).wait();
        assert_eq!(
            (report.completed, report.abandoned, report.running.len()),
            (0, 1, 1)
        );
        for awaiter in awaiters {
            assert!(awaiter.join().unwrap());
        }
        drop(release);
        eventually("the thread has ended", || pool.metrics().threads == 0);
    });
}

#[test]
fn dropping_the_last_handle_runs_what_is_queued() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let task = pool.try_run(|| "ran").unwrap();
        drop(pool);
        drop(release);
        wait(plugged);
        assert_eq!(wait(task), "ran");
    });
}

#[test]
fn an_error_names_the_callers_line() {
    within(|| {
        let pool = Pool::new();
        let _report = pool.shutdown(Duration::ZERO).wait();
        let line = line!() + 1;
        let task = pool.run(|| ());
        let panic = catch_unwind(AssertUnwindSafe(|| wait(task))).unwrap_err();
        let text = panic_text(&*panic);
        assert!(text.contains(&format!("{}:{line}", file!())), "{text}");
    });
}

#[test]
fn who_waits_for_room_gets_the_closure_back() {
    within(|| {
        let pool = pool(1, 1);
        let (running, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        let other = pool.clone();
        let waiter = thread::spawn(move || {
            let text = "the captures are still there".to_owned();
            let rejected = wait(other.run_unless(move || text, pending())).unwrap_err();
            assert!(rejected.is_shut_down());
            rejected.into_inner()()
        });
        eventually("it is in line", || pool.metrics().backlog == 1);
        let _report = pool.shutdown(Duration::from_millis(1)).wait();
        assert_eq!(waiter.join().unwrap(), "the captures are still there");
        drop(release);
        drop((running, queued));
    });
}

/// With one thread, with a thread to spare, at the ceiling, and twice at once.
#[test]
fn a_job_may_shut_its_own_pool_down() {
    for (threads, blocked, jobs) in [(1, 1, 1), (2, 1, 1), (1, 4, 1), (2, 2, 2)] {
        within(move || {
            let pool = pool_with_blocked(threads, blocked);
            let shutting: Vec<_> = (0..jobs)
                .map(|_| {
                    let own = pool.clone();
                    pool.run(move || {
                        let queued = own.run(|| 7).start();
                        let report = own.shutdown(Duration::MAX).wait();
                        (report, wait(queued))
                    })
                    .start()
                })
                .collect();
            for job in shutting {
                // The other may have been there first.
                match wait(job.outcome()) {
                    Ok((report, seven)) => {
                        assert_eq!((report.abandoned, report.running.len(), seven), (0, 0, 7));
                    }
                    Err(error) => assert!(
                        jobs == 2 && error.to_string().contains("shut down"),
                        "{error}"
                    ),
                }
            }
            eventually("the threads have ended", || pool.metrics().threads == 0);
        });
    }
}

#[test]
fn jobs_that_wait_for_the_one_that_shuts_down_are_not_waited_for() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (first, second) = (pool.clone(), pool.clone());
        let report = wait(pool.run(move || {
            wait(first.run(move || {
                let rest = second.run(|| 7).start();
                let report = second.shutdown(Duration::MAX).wait();
                assert_eq!(wait(rest), 7);
                report
            }))
        }));
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

/// Though the thread of one of them has been lent another job, which is.
#[test]
fn a_job_on_top_of_one_that_waits_is_waited_for() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (first, second) = (pool.clone(), pool.clone());
        let (start, started) = oneshot::channel();
        let (release, held) = mpsc::channel();
        let outer = pool.run(move || {
            wait(first.run(move || {
                let lent = second.run(move || {
                    start.send(()).unwrap();
                    held.recv().unwrap()
                });
                let lent = lent.start();
                // Parked, so that no thread is left to run that one but the
                // outermost, which is parked too.
                wait(started).unwrap();
                let report = second.shutdown(Duration::MAX).wait();
                assert_eq!(wait(lent), 7);
                report
            }))
        });
        let outer = outer.start();
        eventually("the end has begun", || {
            pool.metrics().running > 0 && pool.try_run(|| ()).is_err_and(|no| no.is_shut_down())
        });
        release.send(7).unwrap();
        let report = wait(outer);
        assert_eq!(
            (report.completed, report.abandoned, report.running.len()),
            (1, 0, 0)
        );
    });
}

/// A task of another thread that a job waits for ends the pool.
#[test]
fn a_job_that_waits_for_whoever_shuts_down_is_not_waited_for() {
    within(|| {
        let pool = pool(1, 8);
        let inner = pool.clone();
        let report = wait(pool.run(move || {
            wait(async move {
                let ending = async move { inner.shutdown(Duration::MAX).wait() };
                let ending = Lineage::current().scope(ending);
                let (tell, told) = oneshot::channel();
                thread::spawn(move || tell.send(wait(ending)));
                told.await.unwrap()
            })
        }));
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
    });
}

#[test]
fn a_job_with_nobody_left_to_run_the_rest_is_not_kept_waiting() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (first, second) = (pool.clone(), pool.clone());
        let (standing, stands) = mpsc::channel();
        let (queue, queued) = mpsc::channel();
        // Two threads are all there may be, and both stand in jobs.
        let outer = pool.run(move || {
            wait(first.run(move || {
                standing.send(()).unwrap();
                queued.recv().unwrap();
                second.shutdown(Duration::MAX).wait()
            }))
        });
        let outer = outer.start();
        stands.recv().unwrap();
        let stranger = pool.run(|| ()).start();
        queue.send(()).unwrap();
        let report = wait(outer);
        assert_eq!((report.abandoned, report.running.len()), (1, 0));
        let outcome = wait(stranger.outcome());
        assert!(
            matches!(outcome, Err(OffloadError::ShutDown { .. })),
            "{outcome:?}"
        );
    });
}

#[test]
fn the_second_of_two_shutdowns_ends_the_first() {
    within(|| {
        // A thread that never gets as far as to take a job, or to end.
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .on_thread_start(move || {
                let _released = held.lock().unwrap().recv();
            })
            .build()
            .unwrap();
        let task = pool.try_run(|| ()).unwrap();
        let first = pool.clone();
        let first = thread::spawn(move || first.shutdown(Duration::MAX).wait());
        eventually("it has begun", || pool.try_run(|| ()).is_err());
        assert_eq!(pool.shutdown(Duration::ZERO).wait().abandoned, 1);
        assert_eq!(first.join().unwrap().abandoned, 0);
        let _told = wait(task.outcome()).unwrap_err();
        drop(release);
    });
}

#[test]
fn a_job_that_has_shut_its_pool_down_is_waited_for_like_any() {
    within(|| {
        let pool = pool(1, 8);
        let own = pool.clone();
        let (ended, end) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let job = pool.run(move || {
            ended.send(own.shutdown(Duration::MAX).wait()).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        let report = end.recv().unwrap();
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        assert_eq!(pool.shutdown(Duration::ZERO).wait().running.len(), 1);
        drop(release);
        let _told = wait(job.outcome()).unwrap_err();
        assert_eq!(pool.shutdown(Duration::MAX).wait().running.len(), 0);
    });
}

/// A result that nobody takes is dropped on the job's thread, past its closure.
#[test]
fn a_result_may_shut_its_own_pool_down() {
    struct Last(Pool);
    impl Drop for Last {
        fn drop(&mut self) {
            let report = self.0.shutdown(Duration::MAX).wait();
            assert_eq!(report.running.len(), 0);
        }
    }
    within(|| {
        let pool = pool(1, 8);
        let last = Last(pool.clone());
        let (task, release) = plug_with(&pool, last);
        drop(task);
        drop(release);
        eventually("the thread has ended", || pool.metrics().threads == 0);
        assert_eq!(pool.metrics().panicked, 0);
    });
}

#[test]
fn a_job_that_shuts_another_pool_down_frees_its_permit() {
    within(|| {
        let (pool, other) = (pool(1, 8), pool(1, 8));
        let (here, there) = (pool.clone(), other.clone());
        let (release, held) = mpsc::channel::<()>();
        let (started, running) = mpsc::channel();
        // The last job of the other pool needs this one.
        let last = other.run(move || {
            started.send(()).unwrap();
            let _released = held.recv();
            wait(here.run(|| 5))
        });
        let last = last.start();
        running.recv().unwrap();
        let shutting = pool.run(move || {
            drop(release);
            there.shutdown(Duration::MAX).wait()
        });
        assert_eq!(wait(shutting).running.len(), 0);
        assert_eq!(wait(last), 5);
    });
}

/// At the ceiling too: one who was parked comes back, and runs what the other
/// pool's job needs.
#[test]
fn a_job_that_shuts_another_pool_down_frees_its_permit_at_the_ceiling() {
    within(|| {
        let (pool, other) = (pool_with_blocked(1, 1), pool(1, 8));
        let (here, there) = (pool.clone(), other.clone());
        let (release, released) = oneshot::channel::<()>();
        let parked = pool.run(move || try_wait(released).is_ok()).start();
        eventually("parked", || pool.metrics().blocked == 1);
        let (start, started) = mpsc::channel();
        let shutting = pool.run(move || {
            start.send(()).unwrap();
            let last = there.run(move || wait(here.run(|| 5))).start();
            (
                there.shutdown(Duration::MAX).wait().running.len(),
                wait(last),
            )
        });
        let shutting = shutting.start();
        started.recv().unwrap();
        eventually("the last is queued", || pool.metrics().queued == 1);
        thread::sleep(Duration::from_millis(20));
        release.send(()).unwrap();
        assert_eq!(wait(shutting), (0, 5));
        assert!(wait(parked));
    });
}

/// At the ceiling, those who are parked need nobody of the pool to go on.
#[test]
fn a_job_waits_for_those_who_are_parked_though_nobody_is_left() {
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (release, released) = oneshot::channel::<()>();
        let parked = pool.run(move || try_wait(released).is_ok()).start();
        eventually("parked", || pool.metrics().blocked == 1);
        let own = pool.clone();
        let (start, started) = mpsc::channel();
        let shutting = pool.run(move || {
            start.send(()).unwrap();
            own.shutdown(Duration::MAX).wait()
        });
        let shutting = shutting.start();
        started.recv().unwrap();
        thread::sleep(Duration::from_millis(20));
        release.send(()).unwrap();
        let report = wait(shutting);
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        assert!(wait(parked));
    });
}
