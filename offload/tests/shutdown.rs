//! Shutdowns: which jobs run, who is told, and what a shutdown waits for.
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
        eventually("it is in the backlog", || pool.metrics().backlog == 1);
        let _report = pool.shutdown(Duration::from_millis(1)).wait();
        assert_eq!(waiter.join().unwrap(), "the captures are still there");
        drop(release);
        drop((running, queued));
    });
}

/// Otherwise a job that shuts down its own pool hangs: with one permit, with a permit to
/// spare, at the ceiling, or when two jobs do it at once.
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
                // The other job may have ended the pool first.
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

/// Otherwise a shutdown misses a job that runs on top of a job which waits for the
/// shutdown. The lower job does not count, but the lent job on its worker does.
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
                // This parks the worker, and the outermost worker is parked too. So no
                // worker is left to run the inner job, and it is lent.
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

/// Otherwise a shutdown hangs: a task on another thread shuts the pool down, and a job of
/// the pool waits for that task.
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
        let (runs, running) = mpsc::channel();
        let (queue, queued) = mpsc::channel();
        // The pool has two workers at most, and each of them is inside a job.
        let outer = pool.run(move || {
            wait(first.run(move || {
                runs.send(()).unwrap();
                queued.recv().unwrap();
                second.shutdown(Duration::MAX).wait()
            }))
        });
        let outer = outer.start();
        running.recv().unwrap();
        let unrelated = pool.run(|| ()).start();
        queue.send(()).unwrap();
        let report = wait(outer);
        assert_eq!((report.abandoned, report.running.len()), (1, 0));
        let outcome = wait(unrelated.outcome());
        assert!(
            matches!(outcome, Err(OffloadError::ShutDown { .. })),
            "{outcome:?}"
        );
    });
}

#[test]
fn the_second_of_two_shutdowns_ends_the_first() {
    within(|| {
        // This worker never gets as far as taking a job, or ending.
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
        // In this time the first shutdown begins to wait.
        let grace = Duration::from_millis(200);
        assert_eq!(pool.shutdown(grace).wait().abandoned, 1);
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

/// Otherwise a result hangs whose destructor shuts its own pool down.
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
        // The last job of the other pool needs the first pool.
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

/// Otherwise two pools hang at the ceiling. A worker that comes back from its wait must
/// run what the other pool's job needs.
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

/// Otherwise a shutdown gives up at the ceiling on parked jobs that need no worker.
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
