//! The kinds of calls that the soak repeats. Each captures the witness.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use bridge::{
    BoxCall, Bridge, Lineage, Pool, in_async,
    offload::{Cancelled, cancellation, cancelled, on_cancel},
    smartasync,
};

/// The bridges and the witness that the calls share.
#[derive(Clone)]
pub(crate) struct Stage {
    pub(crate) bridge: Bridge,
    /// A bridge whose pool has one thread.
    pub(crate) other: Bridge,
    /// A pool of one thread, with room for one job.
    pub(crate) narrow: Pool,
    /// Captured by every closure and future.
    pub(crate) witness: Arc<()>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        // Idle threads end soon, so that the soak sees threads start and end.
        let keep_alive = Duration::from_millis(20);
        let bridge = |threads, blocked| {
            Bridge::builder()
                .max_threads(threads)
                .max_blocked_threads(blocked)
                .keep_alive(keep_alive)
                .worker_threads(1)
                .build()
                .unwrap()
        };
        Self {
            bridge: bridge(2, 8),
            other: bridge(1, 1),
            narrow: Pool::builder()
                .max_threads(1)
                .queue_capacity(1)
                .keep_alive(keep_alive)
                .build()
                .unwrap(),
            witness: Arc::new(()),
        }
    }

    fn held(&self) -> Arc<()> {
        Arc::clone(&self.witness)
    }

    #[smartasync(bridge = self.bridge)]
    fn in_a_method(&self) -> usize {
        Arc::strong_count(&self.witness)
    }
}

#[smartasync]
async fn given_back(held: Arc<()>) -> Arc<()> {
    tokio::task::yield_now().await;
    held
}

#[smartasync]
fn looked_at(held: &Arc<()>) -> usize {
    Arc::strong_count(held)
}

/// Panics without a message.
fn panicking<T>(_held: &Arc<()>) -> T {
    panic::resume_unwind(Box::new(7))
}

/// Waits for an offload on each of so many levels.
fn levels(bridge: &Bridge, depth: usize, held: Arc<()>) -> usize {
    if depth == 0 {
        drop(held);
        return 0;
    }
    let inner = bridge.clone();
    bridge.wait(bridge.offload(move || 1 + levels(&inner, depth - 1, held)))
}

/// One call of some kind.
pub(crate) type Call = fn(&Stage);

pub(crate) const KINDS: &[(&str, Call)] = &[
    ("a wait", |stage| {
        let held = stage.held();
        stage.bridge.wait(async move { drop(held) });
    }),
    ("a wait that is woken", |stage| {
        let held = stage.held();
        stage.bridge.wait(async move {
            tokio::task::yield_now().await;
            drop(held);
        });
    }),
    ("a wait that times out", |stage| {
        let held = stage.held();
        let never = async move {
            std::future::pending::<()>().await;
            drop(held);
        };
        let limit = Duration::from_nanos(1);
        assert!(stage.bridge.wait_timeout(never, limit).is_err());
    }),
    ("a wait that panics", |stage| {
        let held = stage.held();
        let wait = || stage.bridge.wait(async move { panicking::<()>(&held) });
        assert!(panic::catch_unwind(AssertUnwindSafe(wait)).is_err());
    }),
    ("a wait that freezes its executor", |stage| {
        let held = stage.held();
        let bridge = &stage.bridge;
        futures::executor::block_on(in_async(async {
            bridge.wait_frozen(async move {
                tokio::task::yield_now().await;
                drop(held);
            });
        }));
    }),
    ("a timer made in an entered runtime", |stage| {
        let held = stage.held();
        let _entered = stage.bridge.enter();
        let limited = tokio::time::timeout(Duration::from_hours(1), async move { drop(held) });
        assert!(stage.bridge.wait(limited).is_ok());
    }),
    ("a smart call on a chosen bridge", |stage| {
        drop(given_back(stage.held()).on(&stage.bridge).wait());
        let bridge = stage.bridge.clone();
        let held = stage.held();
        let count = stage
            .bridge
            .wait(async move { looked_at(&held).on(&bridge).await });
        assert!(count > 1);
    }),
    ("a smart method that names its bridge", |stage| {
        let service = stage.clone();
        let count = stage
            .bridge
            .wait(async move { service.in_a_method().await });
        assert!(count > 1);
    }),
    ("a smart call's job", |stage| {
        let job = looked_at(&stage.witness).on(&stage.bridge).offload();
        assert!(stage.bridge.wait(job.outcome()).is_ok());
        // `try_offload` of a queue that is full gives the call back.
        if let Ok(job) = looked_at(&stage.witness).on(&stage.bridge).try_offload() {
            assert!(stage.bridge.wait(job) > 1);
        }
    }),
    ("a smart call with a limit", |stage| {
        let limit = Duration::from_nanos(1);
        let _whichever = looked_at(&stage.witness)
            .on(&stage.bridge)
            .wait_timeout(limit);
    }),
    ("a dispatched call", |stage| {
        drop(given_back(stage.held()).on(&stage.bridge).dispatch().wait());
        let (bridge, held) = (stage.bridge.clone(), stage.held());
        let dispatched = async move { given_back(held).on(&bridge).dispatch().await };
        drop(stage.bridge.wait(dispatched));
    }),
    ("a boxed call", |stage| {
        drop(BoxCall::new(given_back(stage.held()).on(&stage.bridge)).wait());
    }),
    ("an offload", |stage| {
        let held = stage.held();
        stage.bridge.wait(stage.bridge.offload(move || drop(held)));
    }),
    ("an offload that waits for an offload", |stage| {
        assert_eq!(levels(&stage.bridge, 2, stage.held()), 2);
    }),
    ("offloads that wait for each other, deep", |stage| {
        assert_eq!(levels(&stage.bridge, 16, stage.held()), 16);
    }),
    (
        "an offload that waits for what it submitted before",
        |stage| {
            let (bridge, held) = (stage.bridge.clone(), stage.held());
            stage.bridge.wait(stage.bridge.offload(move || {
                let before = bridge.offload(move || drop(held)).start();
                bridge.wait(tokio::task::yield_now());
                bridge.wait(before);
            }));
        },
    ),
    ("an offload that holds a lock as it waits", |stage| {
        let lock = Arc::new(Mutex::new(stage.held()));
        let rival = || {
            let lock = Arc::clone(&lock);
            let work = move || drop(lock.lock().unwrap_or_else(PoisonError::into_inner));
            stage.bridge.offload(work).start()
        };
        let (bridge, held) = (stage.bridge.clone(), Arc::clone(&lock));
        let holder = stage.bridge.offload(move || {
            let guard = held.lock().unwrap_or_else(PoisonError::into_inner);
            let inner = Arc::clone(&guard);
            bridge.wait(bridge.offload(move || drop(inner)));
        });
        let (holder, first, second) = (holder.start(), rival(), rival());
        stage.bridge.wait(async move {
            holder.await;
            first.await;
            second.await;
        });
    }),
    ("an offload that waits for another pool", |stage| {
        let (other, held) = (stage.other.clone(), stage.held());
        stage.bridge.wait(stage.bridge.offload(move || {
            other.wait(other.offload(move || drop(held)));
        }));
    }),
    ("an offload whose lineage goes to a task", |stage| {
        let (bridge, held) = (stage.bridge.clone(), stage.held());
        stage.bridge.wait(stage.bridge.offload(move || {
            let inner = bridge.clone();
            let work = async move { inner.offload(move || drop(held)).await };
            let handle = bridge.handle().unwrap();
            let task = handle.spawn(Lineage::current().scope(work));
            bridge.wait(task).unwrap();
        }));
    }),
    ("an offload that is dropped", |stage| {
        let held = stage.held();
        drop(stage.bridge.offload(move || drop(held)).start());
    }),
    ("an offload that is cancelled", |stage| {
        let held = stage.held();
        let task = stage.bridge.offload(move || drop(held)).start();
        let _whichever: Cancelled = task.cancel();
    }),
    ("an offload that is cancelled as it runs", |stage| {
        let held = stage.held();
        let (started, running) = mpsc::channel();
        let work = move || {
            started.send(held).unwrap();
            while !cancelled() {
                thread::yield_now();
            }
        };
        let task = stage.bridge.offload(work).start();
        drop(running.recv().unwrap());
        assert_eq!(task.cancel(), Cancelled::Running);
    }),
    ("an offload that is interrupted as it blocks", |stage| {
        let (in_hook, held) = (stage.held(), stage.held());
        let (started, running) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let bridge = stage.bridge.clone();
        let work = move || {
            let guard = on_cancel(move || drop((release, in_hook)));
            started.send(()).unwrap();
            let _released = released.recv();
            drop(guard);
            bridge.wait(cancellation());
            drop(held);
        };
        let task = stage.bridge.offload(work).start();
        running.recv().unwrap();
        drop(task);
    }),
    ("an offload that panics", |stage| {
        let held = stage.held();
        let task = stage.bridge.offload(move || panicking::<()>(&held));
        assert!(stage.bridge.wait(task.outcome()).is_err());
    }),
    ("an offload that nobody awaits", |stage| {
        let held = stage.held();
        stage.bridge.offload(move || drop(held)).detach();
        // This one is behind it, so no more than a few are queued at a time.
        stage.bridge.wait(stage.bridge.offload(|| ()));
    }),
    ("an offload that finds no room", |stage| {
        let jobs = [(); 3].map(|()| {
            let held = stage.held();
            stage.narrow.try_run(move || drop(held))
        });
        for job in jobs.into_iter().flatten() {
            stage.bridge.wait(job);
        }
    }),
    ("an offload that waits a moment for room", |stage| {
        let jobs = [(); 3].map(|()| {
            let held = stage.held();
            let work = move || drop(held);
            stage.narrow.run_timeout(work, Duration::from_nanos(1))
        });
        let _whichever = stage
            .bridge
            .wait(async move { futures::future::join_all(jobs).await });
    }),
    ("a task", |stage| {
        let held = stage.held();
        let task = stage.bridge.spawn(async move { drop(held) });
        stage.bridge.wait(task).unwrap();
    }),
    ("a task that waits", |stage| {
        let (bridge, held) = (stage.bridge.clone(), stage.held());
        let task = stage.bridge.spawn(async move {
            bridge.wait(async move {
                tokio::task::yield_now().await;
                drop(held);
            });
        });
        stage.bridge.wait(task).unwrap();
    }),
    ("a task that panics", |stage| {
        let held = stage.held();
        let task = stage.bridge.spawn(async move { panicking::<()>(&held) });
        assert!(stage.bridge.wait(task).is_err());
    }),
    ("a task that is aborted", |stage| {
        let held = stage.held();
        let task = stage.bridge.spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        task.abort();
        assert!(stage.bridge.wait(task).is_err());
    }),
];
