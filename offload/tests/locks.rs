//! Jobs that hold a lock over a wait, while other jobs block on that lock.
//!
//! Only the descendants of the job that holds the lock can release it. So they start
//! although every permit is taken.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, LazyLock, Mutex, RwLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::{Lineage, Offload, Pool};
use common::{WaitError, eventually, moment, plug, pool_with_blocked, pools, try_wait, wait};
use futures::future::{join, join_all};
use testkit::{within, within_limit};

/// Runs `callers` jobs with this body. Each waits for inner work while it holds
/// something.
fn run_all(pool: &Pool, callers: usize, body: impl Fn(&Pool) + Clone + Send + 'static) {
    let jobs = (0..callers).map(|_| {
        let (inner, body) = (pool.clone(), body.clone());
        pool.run(move || body(&inner))
    });
    let all: Vec<()> = wait(join_all(jobs));
    assert_eq!(all.len(), callers);
}

#[test]
fn a_mutex_held_over_a_wait_for_pool_work() {
    within_limit(Duration::from_secs(100), || {
        for callers in [4, 40, 400] {
            for pool in pools() {
                let counter = Arc::new(Mutex::new(0));
                let count = Arc::clone(&counter);
                run_all(&pool, callers, move |pool| {
                    let mut count = count.lock().unwrap();
                    *count += wait(async {
                        moment().await;
                        pool.run(|| 1).await
                    });
                });
                assert_eq!(*counter.lock().unwrap(), callers);
            }
        }
    });
}

#[test]
fn a_read_lock_held_over_a_wait_while_writers_block() {
    within(|| {
        for pool in pools() {
            let lock = Arc::new(RwLock::new(0));
            let turn = Arc::new(AtomicUsize::new(0));
            let shared = Arc::clone(&lock);
            run_all(&pool, 60, move |pool| {
                if turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) {
                    *shared.write().unwrap() += 1;
                    return;
                }
                let value = shared.read().unwrap();
                wait(async {
                    moment().await;
                    pool.run(|| ()).await;
                });
                drop(value);
            });
            assert_eq!(*lock.read().unwrap(), 20);
        }
    });
}

#[test]
fn the_first_users_of_a_lazy_lock_whose_initialiser_waits() {
    static POOL: LazyLock<Pool> = LazyLock::new(Pool::new);
    static VALUE: LazyLock<i32> = LazyLock::new(|| {
        wait(async {
            moment().await;
            POOL.run(|| 7).await
        })
    });
    within(|| run_all(&POOL, 120, |_| assert_eq!(*VALUE, 7)));
}

/// Otherwise descendants hang that wait for descendants in turn.
#[test]
fn a_lock_held_over_waits_nested_in_each_other() {
    fn descend(pool: &Pool, depth: u32) {
        let inner = pool.clone();
        wait(async {
            moment().await;
            let job = pool.run(move || {
                if depth > 0 {
                    descend(&inner, depth - 1);
                }
            });
            job.await;
        });
    }
    within(|| {
        for pool in pools() {
            let lock = Arc::new(Mutex::new(()));
            run_all(&pool, 40, move |pool| {
                let _held = lock.lock().unwrap();
                descend(pool, 3);
            });
        }
    });
}

/// Otherwise only the first descendants of such a job run. They run one after the other,
/// since only one runs beyond the permits.
#[test]
fn all_descendants_of_a_job_that_holds_a_lock() {
    within(|| {
        for pool in pools() {
            let lock = Arc::new(Mutex::new(()));
            run_all(&pool, 40, move |pool| {
                let _held = lock.lock().unwrap();
                wait(async {
                    moment().await;
                    join_all((0..10).map(|_| pool.run(|| ()))).await;
                });
            });
        }
    });
}

/// Otherwise a job hangs whose permit and credit went to descendants that block on its
/// lock. While the pool stands still it must start further descendants.
#[test]
fn descendants_that_block_on_the_lock_of_the_job_that_waits() {
    within(|| {
        for children in [1, 2, 10] {
            let pool = pool_with_blocked(1, 8);
            let inner = pool.clone();
            let lock = Arc::new(Mutex::new(()));
            let parent = pool.run(move || {
                let held = lock.lock().unwrap();
                let children = (0..children).map(|_| {
                    let lock = Arc::clone(&lock);
                    inner.run(move || drop(lock.lock().unwrap())).start()
                });
                let children: Vec<_> = children.collect();
                let outcome = try_wait(async {
                    moment().await;
                    inner.run(|| 7).await
                });
                drop(held);
                wait(join_all(children));
                outcome
            });
            let outcome = wait(parent);
            assert!(
                matches!(outcome, Ok(7) | Err(WaitError::Exhausted)),
                "{outcome:?}"
            );
        }
    });
}

/// Otherwise more jobs run than the documentation allows. Beyond the permits run only
/// descendants of parked jobs, at most one for each.
#[test]
fn no_stranger_starts_beyond_the_permits_and_one_descendant_for_each_parked_job() {
    within(|| {
        let pool = pool_with_blocked(2, 8);
        let inner = pool.clone();
        let (let_go, until) = futures::channel::oneshot::channel::<()>();
        let (hold, block) = mpsc::channel::<()>();
        let block = Arc::new(Mutex::new(block));
        let parent = pool.run(move || {
            let children = (0..4).map(|_| {
                let block = Arc::clone(&block);
                inner
                    .run(move || block.lock().unwrap().recv().is_err())
                    .start()
            });
            let children: Vec<_> = children.collect();
            wait(join(until, join_all(children))).0.unwrap();
        });
        let parent = parent.start();
        // One child has the permit of the parked job, or the last permit of the pool.
        // Once both permits are taken, one more child runs on the account of the parked
        // job.
        eventually("three run", || pool.metrics().running == 3);
        let (strange, ran) = mpsc::channel();
        let unrelated = pool.run(move || strange.send(()).unwrap()).start();
        thread::sleep(Duration::from_millis(50));
        let metrics = pool.metrics();
        assert_eq!((metrics.running, metrics.queued), (3, 2), "{metrics:?}");
        assert!(ran.try_recv().is_err(), "an unrelated job started");
        drop(hold);
        let_go.send(()).unwrap();
        wait(parent);
        wait(unrelated);
        assert!(pool.metrics().threads <= 10);
    });
}

/// Otherwise a lent job sees the panic of its lender's thread, and does not poison what
/// it locks.
#[test]
fn a_thread_that_unwinds_is_lent_nothing() {
    struct WaitsInDrop(Pool, mpsc::Sender<Result<bool, WaitError>>);
    impl Drop for WaitsInDrop {
        fn drop(&mut self) {
            let outcome = try_wait(self.0.run(thread::panicking));
            self.1.send(outcome).unwrap();
        }
    }
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (outer, (send, receive)) = (pool.clone(), mpsc::channel());
        let job = pool.run(move || {
            let inner = outer.clone();
            wait(outer.run(move || {
                let _waits = WaitsInDrop(inner, send);
                panic!("unwinds");
            }))
        });
        let panicked = catch_unwind(AssertUnwindSafe(|| wait(job)));
        assert!(panicked.is_err());
        let outcome = receive.recv().unwrap();
        assert!(
            matches!(outcome, Ok(false) | Err(WaitError::Exhausted)),
            "{outcome:?}"
        );
    });
}

/// Otherwise a job is taken for a descendant of another pool's job.
#[test]
fn a_job_of_another_pool_is_no_descendant() {
    within(|| {
        let (first, second) = (pool_with_blocked(1, 1), pool_with_blocked(1, 1));
        let (_plug, release) = plug(&second);
        let other = second.clone();
        let job = first.run(move || {
            let lineage = Lineage::current();
            assert!(!lineage.is_root());
            let task = other.run(|| 7).start();
            assert_eq!(other.metrics().queued, 1);
            release.send(()).unwrap();
            wait(task)
        });
        assert_eq!(wait(job), 7);
    });
}

/// Otherwise a wait within a scope of another lineage hangs, because it has no account.
#[test]
fn a_wait_within_the_scope_of_another_lineage() {
    within(|| {
        let pool = pool_with_blocked(1, 8);
        let (_plug, release) = plug(&pool);
        let lock = Arc::new(Mutex::new(()));
        let (inner, held) = (pool.clone(), Arc::clone(&lock));
        let job = pool.run(move || {
            let own: Offload<()> = inner.run(|| ()).start();
            let held = held.lock().unwrap();
            let value = wait(Lineage::default().scope(async {
                try_wait(async {
                    moment().await;
                    inner.run(|| 7).await
                })
            }));
            drop(held);
            wait(own);
            value
        });
        let job = job.start();
        let unrelated_jobs: Vec<_> = (0..3)
            .map(|_| {
                let lock = Arc::clone(&lock);
                pool.run(move || drop(lock.lock().unwrap())).start()
            })
            .collect();
        release.send(()).unwrap();
        assert_eq!(wait(job), Ok(7));
        unrelated_jobs.into_iter().for_each(wait);
    });
}

/// Otherwise a wait hangs although a permit is free. No worker is left: the one that
/// holds the lock unwinds, another blocks on that lock, and the last is parked.
#[test]
fn a_wait_that_no_thread_can_serve_is_told_although_a_permit_is_free() {
    struct WaitsInDrop(Pool, mpsc::Sender<Result<(), WaitError>>);
    impl Drop for WaitsInDrop {
        fn drop(&mut self) {
            let outcome = try_wait(async {
                moment().await;
                self.0.run(|| ()).await;
            });
            self.1.send(outcome).unwrap();
        }
    }
    within(|| {
        let pool = pool_with_blocked(2, 1);
        let (let_go, until) = futures::channel::oneshot::channel::<()>();
        let parked = pool.run(move || wait(until)).start();
        eventually("one is parked", || pool.metrics().blocked == 1);
        let lock = Arc::new(Mutex::new(()));
        let (send, receive) = mpsc::channel();
        let (holds, held) = mpsc::channel();
        let (go, start) = mpsc::channel::<()>();
        let (inner, own) = (pool.clone(), Arc::clone(&lock));
        let unwinding = pool.run(move || {
            let _held = own.lock();
            let _waits = WaitsInDrop(inner, send);
            holds.send(()).unwrap();
            start.recv().unwrap();
            panic!("unwinds");
        });
        let unwinding = unwinding.start();
        held.recv().unwrap();
        let blocked = pool.run(move || drop(lock.lock())).start();
        eventually("both run", || pool.metrics().running == 2);
        go.send(()).unwrap();
        assert_eq!(receive.recv().unwrap(), Err(WaitError::Exhausted));
        wait(blocked);
        let_go.send(()).unwrap();
        wait(parked).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| wait(unwinding))).is_err());
    });
}

/// Otherwise a wait hangs that submits its job within the scope of another lineage. The job
/// stands behind a job that blocks on what the waiting job holds.
#[test]
fn a_wait_depends_on_a_job_of_another_scope() {
    for starts_before in [false, true] {
        within(move || {
            let pool = pool_with_blocked(1, 1);
            let lock = Arc::new(Mutex::new(()));
            let (own, held) = (pool.clone(), Arc::clone(&lock));
            let (go, may_go) = mpsc::channel();
            let holds = pool.run(move || {
                let _held = held.lock();
                may_go.recv().unwrap();
                let job = own.run(|| 7);
                let empty = Lineage::default();
                if starts_before {
                    let mut started = None;
                    wait(empty.scope(async { started = Some(job.start()) }));
                    wait(empty.scope(started.unwrap()))
                } else {
                    wait(empty.scope(job))
                }
            });
            let holds = holds.start();
            let blocks = pool.run(move || drop(lock.lock())).start();
            go.send(()).unwrap();
            assert_eq!(wait(holds), 7);
            wait(blocks);
        });
    }
}
