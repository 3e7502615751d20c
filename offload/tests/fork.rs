//! In a fork's child the pool returns errors, and never hangs.
#![cfg(all(unix, not(bridge_loom)))]

mod common;

use std::{
    io::{PipeWriter, Read, Write, pipe},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bridge_offload::{
    Ambient, Builder, Cancelled, Config, OffloadError, Pool, PoolName, Report, cancellation,
    on_cancel,
};
use common::{
    eventually,
    forks::{ended_well, fork_and_return, in_fork},
    pool_with_blocked, wait,
};
use testkit::within;

#[test]
fn a_child_is_told_and_the_parent_goes_on() {
    within(|| {
        for warm in [false, true] {
            let pool: Pool = Pool::builder().name("db").build().unwrap();
            if warm {
                assert_eq!(wait(pool.run(|| 1)), 1);
            }
            let mid_call = pool.run(|| {
                std::thread::sleep(Duration::from_millis(50));
                2
            });
            let mid_call = mid_call.start();
            let (inherited, of_parent) = (pool.clone(), &mid_call);
            let told = in_fork(move || {
                // Nobody in the child will finish it.
                let is_over = of_parent.is_finished();
                let refused = inherited.try_run(|| ()).is_err_and(|error| {
                    // The caller may have shut nothing down.
                    error.is_shut_down() && error.to_string().contains("after the fork")
                });
                let error = wait(inherited.run(|| ()).outcome()).unwrap_err();
                let forked = matches!(error, OffloadError::Forked { .. })
                    && error.pool().and_then(PoolName::as_str) == Some("db")
                    && error.to_string().contains("the pool `db` stayed");
                inherited.run(|| ()).detach();
                let shutdown = || inherited.shutdown(Duration::from_secs(5));
                let quiet = inherited.metrics().threads == 0;
                let names = [
                    shutdown().wait().pool,
                    wait(shutdown()).pool,
                    inherited.metrics().name,
                    inherited.report().name().clone(),
                ];
                let is_named = names.iter().all(|name| name.as_str() == Some("db"));
                drop(inherited);
                // A pool that the child makes itself works.
                let own = wait(Pool::new().run(|| 3)) == 3;
                is_over && refused && forked && quiet && is_named && own
            });
            assert!(told, "warm: {warm}");
            assert_eq!(wait(mid_call), 2, "the parent's call is untouched");
        }
    });
}

/// Otherwise the child runs jobs of its parent a second time. In the child the closure
/// returns too, or panics, and its thread is the only thread.
#[test]
fn the_child_of_a_job_that_forks_runs_no_other_job() {
    within(|| {
        for (lent, panics) in [(false, false), (false, true), (true, false)] {
            let pool = pool_with_blocked(1, 1);
            let (go, start) = mpsc::channel::<()>();
            let (mut read, write) = pipe().unwrap();
            let forks = move || {
                start.recv().unwrap();
                let pid = fork_and_return();
                assert!(pid != 0 || !panics, "in the child");
                pid
            };
            let job = if lent {
                let (second, third) = (pool.clone(), pool.clone());
                pool.run(move || wait(second.run(move || wait(third.run(forks)))))
            } else {
                pool.run(forks)
            };
            let job = job.start();
            let note = |mut write: PipeWriter| move || write.write_all(b"x").unwrap();
            let others: Vec<_> = (0..3)
                .map(|_| pool.run(note(write.try_clone().unwrap())).start())
                .collect();
            drop((write, go.send(())));
            let pid = wait(job);
            others.into_iter().for_each(wait);
            assert!(ended_well(pid), "lent: {lent}, panics: {panics}");
            let mut notes = String::new();
            read.read_to_string(&mut notes).unwrap();
            assert_eq!(notes, "xxx", "lent: {lent}, panics: {panics}");
        }
    });
}

/// Otherwise a child runs destructors that belong to its parent. It drops the futures of
/// the parent's jobs, cancels them or polls for them.
#[test]
fn a_child_that_drops_an_offload_drops_no_captures() {
    /// Ends its process when it is dropped, unless the process is the parent.
    struct EndsTheChild(u32);
    impl Drop for EndsTheChild {
        fn drop(&mut self) {
            if std::process::id() != self.0 {
                // SAFETY: this ends the child at once.
                unsafe { libc::_exit(3) }
            }
        }
    }
    within(|| {
        let pool = common::pool(1, 8);
        let (plugged, release) = common::plug(&pool);
        let capture = || {
            let ends = EndsTheChild(std::process::id());
            pool.run(move || drop(ends)).start()
        };
        let mut tasks = Some([(); 3].map(|()| capture()));
        let alive = in_fork(|| {
            let [dropped, cancelled, polled] = tasks.take().unwrap();
            drop(dropped);
            let is_told = matches!(cancelled.cancel(), Cancelled::Withdrawn);
            let outcome = wait(polled.outcome());
            is_told && matches!(outcome, Err(OffloadError::Forked { .. }))
        });
        assert!(alive, "the child has touched what is the parent's");
        drop(release);
        wait(plugged);
        tasks.into_iter().flatten().for_each(wait);
    });
}

/// Otherwise the child of a job that forked wakes its parent's caller. The child has a
/// copy of the job's waker.
#[test]
fn the_child_of_a_job_that_forks_wakes_nobody() {
    struct EndsTheChild(u32, mpsc::Sender<()>);
    impl Wake for EndsTheChild {
        fn wake(self: Arc<Self>) {
            if std::process::id() != self.0 {
                // SAFETY: this ends the child at once.
                unsafe { libc::_exit(3) }
            }
            self.1.send(()).unwrap();
        }
    }
    within(|| {
        let pool = common::pool(1, 8);
        let (go, start) = mpsc::channel::<()>();
        let mut job = Box::pin(pool.run(move || {
            start.recv().unwrap();
            fork_and_return()
        }));
        let (tell, told) = mpsc::channel();
        let waker = Waker::from(Arc::new(EndsTheChild(std::process::id(), tell)));
        let mut cx = Context::from_waker(&waker);
        // The job asks for further polls for a moment, which wakes this waker as well.
        assert!(job.as_mut().poll(&mut cx).is_pending());
        go.send(()).unwrap();
        let pid = loop {
            told.recv().unwrap();
            if let Poll::Ready(pid) = job.as_mut().poll(&mut cx) {
                break pid;
            }
        };
        assert!(ended_well(pid), "the child has woken the parent's caller");
    });
}

/// Otherwise the child runs a hook that belongs to its parent's worker.
#[test]
fn the_child_of_a_job_that_forks_runs_no_stop_hook() {
    within(|| {
        let parent = std::process::id();
        let (stop, stopped) = mpsc::channel();
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .on_thread_stop(move || {
                if std::process::id() != parent {
                    std::process::abort();
                }
                stop.send(()).unwrap();
            })
            .build()
            .unwrap();
        let pid = wait(pool.run(fork_and_return));
        assert!(ended_well(pid), "the child has run the hook");
        drop(pool);
        stopped.recv().unwrap();
    });
}

/// Forks in the report of a stall.
struct Forks;

/// The child of that report.
static CHILD: AtomicI32 = AtomicI32::new(0);

impl Ambient for Forks {
    type Context = ();

    fn context(_config: &Config) -> Option<()> {
        None
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&()>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn stalled(_: &Report) {
        CHILD.store(fork_and_return(), Ordering::SeqCst);
    }
}

/// Otherwise the child looks at its parent's pool for ever. The thread of the report is the
/// only thread of the child.
#[test]
fn the_child_of_a_report_that_forks_does_not_go_on() {
    within(|| {
        let pool = Builder::<Forks>::default().max_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let plugged = pool.run(move || held.recv().is_err()).start();
        let queued = pool.run(|| 7).start();
        eventually("reported", || CHILD.load(Ordering::SeqCst) != 0);
        assert!(
            ended_well(CHILD.load(Ordering::SeqCst)),
            "the child goes on"
        );
        drop(release);
        assert!(wait(plugged));
        assert_eq!(wait(queued), 7, "the parent's monitor goes on");
    });
}

/// The caller's part in a job that forks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Awaits,
    Detaches,
    Cancels,
}

/// Otherwise the child calls hooks that belong to its parent, drops what they hold, or
/// waits for a lock that a thread of the parent held.
#[test]
fn the_child_of_a_job_that_forks_has_no_hooks() {
    /// Ends its process when it is dropped, unless the process is the parent.
    struct EndsTheChild(u32);
    impl Drop for EndsTheChild {
        fn drop(&mut self) {
            check(std::process::id() == self.0);
        }
    }
    /// Ends the child if it finds something wrong. The pool would catch a panic.
    fn check(ok: bool) {
        if !ok {
            // SAFETY: this ends the child at once.
            unsafe { libc::_exit(3) }
        }
    }
    within(|| {
        for caller in [Caller::Awaits, Caller::Detaches, Caller::Cancels] {
            // With a free permit there is no monitor, which would keep the pool too.
            let pool = common::pool(2, 8);
            let (tell, told) = mpsc::channel();
            let (start, started) = mpsc::channel();
            let (fork, forks) = mpsc::channel::<()>();
            let ends = EndsTheChild(std::process::id());
            let job = pool.run(move || {
                let guard = on_cancel(move || drop(ends));
                let mut early = cancellation();
                start.send(()).unwrap();
                forks.recv().unwrap();
                let pid = fork_and_return();
                if pid == 0 {
                    drop(on_cancel(|| check(false)));
                    let mut cx = Context::from_waker(Waker::noop());
                    check(Pin::new(&mut early).poll(&mut cx).is_pending());
                    check(Pin::new(&mut cancellation()).poll(&mut cx).is_pending());
                } else {
                    tell.send(pid).unwrap();
                }
                drop((guard, early));
            });
            let job = job.start();
            started.recv().unwrap();
            match caller {
                Caller::Awaits => {
                    fork.send(()).unwrap();
                    wait(job);
                }
                Caller::Detaches => {
                    job.detach();
                    // Now the worker alone keeps the pool, and drops it in the child.
                    drop(pool);
                    fork.send(()).unwrap();
                }
                Caller::Cancels => {
                    assert_eq!(job.cancel(), Cancelled::Running);
                    fork.send(()).unwrap();
                    wait(job);
                }
            }
            assert!(ended_well(told.recv().unwrap()), "{caller:?}");
        }
    });
}

/// Runs `child` at the end of a line of forks.
fn in_forks(forks: usize, child: &dyn Fn() -> bool) -> bool {
    in_fork(|| match forks {
        1 => child(),
        _ => in_forks(forks - 1, child),
    })
}

/// Such a process shares its table of pools with its ancestors, one of whose threads may
/// have held the lock. So its reports cover one pool.
#[test]
fn a_process_of_too_many_forks_looks_at_no_table_of_pools() {
    within(|| {
        let foreign_jobs = || {
            let (first, second) = (Pool::new(), Pool::new());
            let (enter, entered) = mpsc::channel();
            let (open, gate) = mpsc::channel::<()>();
            let outer = first.run(move || {
                wait(second.run(move || {
                    enter.send(()).unwrap();
                    gate.recv().is_err()
                }))
            });
            let outer = outer.start();
            entered.recv().unwrap();
            let report = first.report();
            drop(open);
            assert!(wait(outer));
            report.jobs().iter().filter(|job| job.is_foreign()).count()
        };
        assert_eq!(foreign_jobs(), 1);
        assert!(in_forks(1, &|| foreign_jobs() == 1));
        assert!(in_forks(70, &|| foreign_jobs() == 0));
    });
}

/// Otherwise the error in the child points into the pool.
#[test]
fn a_child_is_told_the_place_of_its_call() {
    within(|| {
        let pool = common::pool(1, 8);
        let told = in_fork(|| {
            let (job, line) = (pool.run(|| ()), line!());
            let error = wait(job.outcome()).unwrap_err();
            (error.at().file(), error.at().line()) == (file!(), line)
        });
        assert!(told);
    });
}
