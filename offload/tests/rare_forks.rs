//! Rare forks: in a waker, and amid jobs that are detached in the child.
#![cfg(all(unix, not(any(bridge_loom, bridge_shuttle))))]

mod common;

use std::{
    panic::{AssertUnwindSafe, Location, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Wake, Waker},
};

use bridge_offload::{
    Ambient, Config, OffloadError, Pool, PoolName, Report, Waiting, fork::PerProcess,
};
use common::{
    eventually,
    forks::{ended_well, fork_and_return as fork},
    plug, pool, wait,
};
use testkit::within;

/// Ends the child at once.
fn exit(is_well: bool) -> ! {
    // SAFETY: this ends the child, and runs nothing of its parent's.
    unsafe { libc::_exit(i32::from(!is_well)) }
}

/// Otherwise the child goes on as a worker, and runs jobs of its parent a second time.
#[test]
fn the_child_of_a_waker_that_forks_runs_no_other_job() {
    struct Forks(AtomicBool, mpsc::Sender<i32>);
    impl Wake for Forks {
        fn wake(self: Arc<Self>) {
            // A poll may ask for further polls, which wakes this waker as well.
            if self.0.load(Ordering::SeqCst) {
                let pid = fork();
                if pid != 0 {
                    self.1.send(pid).unwrap();
                }
            }
        }
    }
    within(|| {
        let pool = pool(1, 8);
        let (mut plugged, open) = plug(&pool);
        let (tell, told) = mpsc::channel();
        let forks = Arc::new(Forks(AtomicBool::new(false), tell));
        let waker = Waker::from(Arc::clone(&forks));
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut plugged).poll(&mut cx).is_pending());
        forks.0.store(true, Ordering::SeqCst);
        let parent = std::process::id();
        let behind = pool.run(move || {
            if std::process::id() != parent {
                exit(false);
            }
        });
        let behind = behind.start();
        drop(open);
        assert!(ended_well(told.recv().unwrap()), "it ran the parent's job");
        wait(plugged);
        wait(behind);
    });
}

/// Notes the reports of lost jobs.
struct Keeps;

static LOST: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Ambient for Keeps {
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

    fn lost(_: &PoolName, _: &'static Location<'static>, why: &OffloadError) {
        LOST.lock().unwrap().push(why.to_string());
    }
}

/// Otherwise the parent and the child both report a job that panicked in the parent, and the
/// report of a job that the child can't run gives a wrong reason.
#[test]
fn a_child_that_detaches_jobs_reports_only_its_own() {
    within(|| {
        let pool: Pool<Keeps> = Pool::builder().max_threads(1).build().unwrap();
        let panics = pool.run(|| std::panic::resume_unwind(Box::new(())));
        let panics = panics.start();
        eventually("it has panicked", || pool.metrics().panicked == 1);
        let lazy = pool.run(|| ());
        let pid = fork();
        if pid == 0 {
            let detach = || {
                panics.detach();
                lazy.detach();
                let lost = LOST.lock().unwrap();
                lost.len() == 1 && lost[0].contains("is a fork")
            };
            exit(catch_unwind(AssertUnwindSafe(detach)).unwrap_or(false));
        }
        assert!(ended_well(pid));
        assert!(wait(panics.outcome()).is_err());
        wait(lazy);
    });
}

/// Otherwise a wait in the child asks the pool of the parent, one of whose threads may have held
/// the lock.
#[test]
fn a_wait_that_was_open_at_the_fork_knows_no_pool_in_the_child() {
    within(|| {
        let pool = pool(1, 8);
        let pid = wait(pool.run(|| {
            let mut waiting = Waiting::open();
            let pid = fork();
            if pid == 0 {
                let report = catch_unwind(AssertUnwindSafe(|| waiting.report()));
                exit(report.is_ok_and(|report| report == Report::default()));
            }
            pid
        }));
        assert!(ended_well(pid));
    });
}

/// Otherwise a child takes its own runtimes for its parent's. Or it takes a runtime of its parent
/// for its own, because a panic had poisoned the lock of the table.
#[test]
fn a_child_finds_in_the_tables_of_its_ancestors_what_they_left() {
    static TABLE: PerProcess<Vec<u8>> = PerProcess::new();
    within(|| {
        // The first pool of a process makes it count its forks.
        let _pool: Pool = Pool::new();
        let poisons = catch_unwind(|| {
            TABLE.with(|table| -> () {
                table.push(1);
                std::panic::resume_unwind(Box::new(()))
            });
        });
        assert!(poisons.is_err());
        let finds = |number| TABLE.any_ancestor(|table| table.contains(&number));
        assert!(!finds(1), "this process has no ancestor");
        let pid = fork();
        if pid == 0 {
            let looks = || {
                TABLE.with(|table| table.push(2));
                finds(1) && !finds(2)
            };
            exit(catch_unwind(AssertUnwindSafe(looks)).unwrap_or(false));
        }
        assert!(ended_well(pid));
    });
}
