//! Jobs that wait for jobs, to any depth: nesting never deadlocks.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::{Arc, Barrier, Mutex, mpsc},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use bridge_offload::{Lineage, Parked, Pool, Waiting, park::Parker};
use common::{WaitError, eventually, plug, pool_with_blocked as pool, try_wait, wait, wait_until};
use futures::future::join_all;
use testkit::within;

/// Offloads a job that waits for the next level, and so on down.
fn descend(pool: &Pool, depth: usize) -> Result<usize, WaitError> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = pool.clone();
    try_wait(pool.run(move || descend(&inner, depth - 1)))?.map(|below| below + 1)
}

#[test]
fn one_thread_nests_eight_deep_and_far_beyond() {
    for (threads, blocked) in [(1, 64), (1, 1), (2, 1), (4, 8)] {
        for depth in [1, 2, 8, 64, 200] {
            within(|| {
                let pool = pool(threads, blocked);
                assert_eq!(
                    descend(&pool, depth),
                    Ok(depth),
                    "{threads} + {blocked}, {depth} deep"
                );
                let metrics = pool.metrics();
                assert!(metrics.peak_threads <= threads + blocked, "{metrics:?}");
            });
        }
    }
}

#[test]
fn a_thousand_levels_end_in_a_value_or_a_typed_error() {
    within(|| {
        // On two small stacks only a part of the levels fits.
        for (blocked, stack) in [(64, 2 << 20), (1, 256 << 10)] {
            let pool: Pool = Pool::builder()
                .max_threads(1)
                .max_blocked_threads(blocked)
                .stack_size(stack)
                .build()
                .unwrap();
            match descend(&pool, 1000) {
                Ok(depth) => assert_eq!(depth, 1000),
                Err(error) => assert_eq!(error, WaitError::Exhausted),
            }
            assert_eq!(descend(&pool, 8), Ok(8), "the pool works on");
        }
    });
}

#[test]
fn roots_that_fill_the_pool_get_their_inner_jobs_run() {
    within(|| {
        for threads in [1, 2, 5] {
            let pool = pool(threads, 64);
            let together = Arc::new(Barrier::new(threads));
            let roots = (0..threads).map(|n| {
                let (inner, together) = (pool.clone(), Arc::clone(&together));
                pool.run(move || {
                    together.wait();
                    wait(inner.run(move || n))
                })
            });
            assert_eq!(wait(join_all(roots)), (0..threads).collect::<Vec<_>>());
        }
    });
}

#[test]
fn siblings_by_the_thousand_in_one_join() {
    within(|| {
        for (threads, blocked) in [(1, 1), (1, 64), (3, 2)] {
            let pool = pool(threads, blocked);
            let inner = pool.clone();
            let sum = wait(pool.run(move || {
                let siblings = (0..1000).map(|n| {
                    let leaf = inner.clone();
                    inner.run(move || wait(leaf.run(move || n)))
                });
                wait(join_all(siblings)).into_iter().sum::<usize>()
            }));
            assert_eq!(sum, 499_500);
        }
    });
}

#[test]
fn a_lender_does_not_block_what_its_own_job_waits_for() {
    within(|| {
        let pool = pool(1, 64);
        let inner = pool.clone();
        wait(pool.run(move || {
            let (send, receive) = mpsc::channel();
            // The job blocks outside of any wait until its sibling branch has sent. Only
            // its waiting parent polls that branch.
            let job = inner.run(move || receive.recv().unwrap());
            let branch = async move { send.send(9).unwrap() };
            let (value, ()) = wait(futures::future::join(job, branch));
            assert_eq!(value, 9);
        }));
    });
}

#[test]
fn the_last_unparked_thread_is_told() {
    within(|| {
        let pool = pool(1, 1);
        let outer = pool.clone();
        // The pool has two workers at most: the root parks one, and its child parks the
        // other.
        let outcome =
            wait(pool.run(move || wait(outer.run(|| try_wait(std::future::pending::<()>())))));
        assert_eq!(outcome, Err(WaitError::Exhausted));
        assert_eq!(wait(pool.run(|| 1)), 1);
    });
}

/// Otherwise a wait that wakes up now and then is taken for an inner wait. The waits of a
/// bridge do so to look at their runtime, and park again.
#[test]
fn the_innermost_wait_is_told_although_an_outer_one_parked_again() {
    /// Parks again and again.
    fn wait_restlessly<F: Future>(future: F) -> Result<F::Output, Parked> {
        let mut waiting = Waiting::open();
        let parker = Parker::new();
        let waker = parker.waker();
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                return Ok(value);
            }
            let soon = Instant::now() + Duration::from_millis(90);
            if waiting.park(&parker, Some(soon)) == Parked::Exhausted {
                return Err(Parked::Exhausted);
            }
        }
    }
    within(|| {
        let pool = pool(1, 1);
        let outer = pool.clone();
        let outcome =
            wait(pool.run(move || {
                wait_restlessly(outer.run(|| try_wait(std::future::pending::<()>())))
            }));
        assert_eq!(outcome, Ok(Err(WaitError::Exhausted)));
    });
}

#[test]
fn no_job_starts_while_all_permits_are_taken() {
    within(|| {
        let pool = pool(1, 8);
        let (release, held) = mpsc::channel::<()>();
        let (back, returned) = mpsc::channel();
        let inner = pool.clone();
        let root = pool.run(move || {
            wait(inner.run(|| ()));
            // The job is back from its wait, so it runs again.
            back.send(()).unwrap();
            let _released = held.recv();
        });
        let root = root.start();
        returned.recv().unwrap();
        let other = pool.run(|| ()).start();
        thread::sleep(Duration::from_millis(30));
        assert_eq!((pool.metrics().completed, pool.metrics().queued), (1, 1));
        drop(release);
        wait(root);
        wait(other);
    });
}

#[test]
fn descent_survives_a_hop_to_another_thread() {
    within(|| {
        // The pool has two workers at most. So the third level must be lent, which needs
        // a known descent.
        let pool = pool(1, 1);
        let inner = pool.clone();
        let value = wait(pool.run(move || {
            wait(async move {
                let leaf = inner.clone();
                let hop = Lineage::current().scope(async move {
                    let deeper = leaf.clone();
                    leaf.run(move || wait(deeper.run(|| 3))).await
                });
                let (send, receive) = futures::channel::oneshot::channel();
                thread::spawn(move || send.send(wait(hop)).unwrap());
                receive.await.unwrap()
            })
        }));
        assert_eq!(value, 3);
    });
}

/// Otherwise a job that such a destructor waits for needs a permit, which its own pool may
/// never have.
#[test]
fn a_scope_drops_its_future_with_its_lineage() {
    struct Tells(mpsc::Sender<bool>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(Lineage::current().is_root()).unwrap();
        }
    }
    within(|| {
        let pool = pool(1, 1);
        for unwinds in [false, true] {
            let (tell, told) = mpsc::channel();
            let scope = wait(pool.run(move || {
                let tells = Tells(tell);
                Lineage::current().scope(async move {
                    let _tells = tells;
                })
            }));
            if unwinds {
                let drops = move || {
                    let _scope = scope;
                    resume_unwind(Box::new(()))
                };
                catch_unwind(AssertUnwindSafe(drops)).unwrap_err();
            } else {
                drop(scope);
            }
            assert_eq!(told.recv(), Ok(false), "unwinds: {unwinds}");
            assert!(Lineage::current().is_root(), "the thread has its own back");
        }
    });
}

#[test]
fn a_deadline_passes_on_a_parked_thread() {
    within(|| {
        let pool = pool(2, 8);
        let outcome = wait(pool.run(|| {
            let soon = Instant::now() + Duration::from_millis(10);
            wait_until(std::future::pending::<()>(), Some(soon))
        }));
        assert_eq!(outcome, Err(WaitError::TimedOut));
        assert_eq!(pool.metrics().blocked, 0);
    });
}

#[test]
fn a_chain_of_finished_waits_does_not_grow() {
    within(|| {
        let pool = pool(1, 8);
        let mut lineage = Lineage::default();
        for _ in 0..1000 {
            let scoped = pool.clone();
            let before = lineage.clone();
            lineage = wait(
                before
                    .scope(async move { scoped.run(|| wait(async { Lineage::current() })).await }),
            );
        }
        let depth = format!("{lineage:?}");
        // The chain has the frame of the last job, and the frame of its wait.
        assert_eq!(depth, "Lineage { depth: 2 }");
    });
}

#[test]
fn threads_return_to_the_baseline() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(2)
            .max_blocked_threads(8)
            .keep_alive(Duration::from_millis(30))
            .build()
            .unwrap();
        for _ in 0..1000 {
            assert_eq!(descend(&pool, 3), Ok(3));
        }
        let start = Instant::now();
        while pool.metrics().threads > 0 {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{:?}",
                pool.metrics()
            );
            thread::sleep(Duration::from_millis(5));
        }
    });
}

/// Otherwise a job overtakes others in this pool because a worker of another pool waits
/// for it. It must count as unrelated here.
#[test]
fn what_another_pools_threads_wait_for_overtakes_nobody() {
    within(|| {
        let (pool, other) = (pool(1, 1), pool(1, 1));
        let (plugged, release) = plug(&pool);
        let order = Arc::new(Mutex::new(Vec::new()));
        let note = |name: &'static str| {
            let order = Arc::clone(&order);
            move || order.lock().unwrap().push(name)
        };
        let first = pool.run(note("first")).start();
        let (here, second) = (pool.clone(), note("second"));
        let second = other.run(move || wait(here.run(second))).start();
        eventually("queued", || pool.metrics().queued == 2);
        let third = pool.run(note("third")).start();
        drop(release);
        wait(join_all([plugged, first, second, third]));
        assert_eq!(*order.lock().unwrap(), ["first", "second", "third"]);
    });
}

/// Otherwise a shutdown misses a running job. A task that was spawned in a wait shuts the
/// pool down after that wait is over.
#[test]
fn a_wait_that_is_over_waits_for_no_shutdown() {
    within(|| {
        let pool = pool(1, 8);
        let (tell, told) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let job = pool.run(move || {
            tell.send(wait(async { Lineage::current() })).unwrap();
            let _released = held.recv();
        });
        let job = job.start();
        let lineage = told.recv().unwrap();
        let ending = async { pool.shutdown(Duration::from_millis(10)).wait() };
        let report = wait(lineage.scope(ending));
        assert_eq!((report.completed, report.running.len()), (0, 1));
        drop(release);
        let _told = wait(job.outcome()).unwrap_err();
    });
}

/// Otherwise a wait is refused while every worker is parked, although its future is about
/// to be ready.
#[test]
fn a_wait_at_the_ceiling_for_a_moment_is_not_refused() {
    within(|| {
        let pool = pool(1, 1);
        let (release, released) = futures::channel::oneshot::channel::<()>();
        let parked = pool.run(|| try_wait(released).is_ok()).start();
        eventually("parked", || pool.metrics().blocked == 1);
        assert_eq!(wait(pool.run(|| try_wait(common::moment()))), Ok(()));
        release.send(()).unwrap();
        assert!(wait(parked));
    });
}

/// Otherwise the wait looks for the job in the queue of its own pool, at a place that counts the
/// jobs of the other pool.
#[test]
fn a_wait_for_a_queued_job_of_another_pool_does_not_search_its_own() {
    within(|| {
        let (own, other) = (pool(1, 8), pool(1, 8));
        for _ in 0..3 {
            wait(other.run(|| ()));
        }
        let (plugged, open) = plug(&other);
        // This look closes the inbox, so the next job has a place in the queue at once.
        assert_eq!(other.metrics().queued, 0);
        let queued = other.run(|| 7).start();
        let outer = own.run(move || wait(queued)).start();
        eventually("parked", || own.metrics().blocked == 1);
        drop(open);
        wait(plugged);
        assert_eq!(wait(outer), 7);
    });
}
