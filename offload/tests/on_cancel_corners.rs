//! Corner cases of the hooks of a job: odd places for their guards, and nested jobs.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    cell::RefCell,
    future::poll_fn,
    mem,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::{Cancelled, Offload, OnCancel, Pool, cancellation, cancelled, on_cancel};
use common::{
    eventually,
    hooks::{blocked_until_its_hook, note},
    pool, pool_with_blocked, wait,
};
use futures::channel::oneshot;
use testkit::within;

/// Otherwise a hook deadlocks that drops guards, its own among them, or cancels again.
#[test]
fn a_hook_may_drop_every_guard_and_cancel_again() {
    within(|| {
        let pool = pool(1, 8);
        let guards: Arc<Mutex<Vec<OnCancel>>> = Arc::default();
        let again: Arc<OnceLock<Offload<()>>> = Arc::default();
        let count = Arc::new(AtomicUsize::new(0));
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let hook = {
            let (guards, again, count) = (guards.clone(), again.clone(), count.clone());
            move || {
                count.fetch_add(1, Ordering::SeqCst);
                if again.get().unwrap().cancel() == Cancelled::Running {
                    count.fetch_add(10, Ordering::SeqCst);
                }
                drop(mem::take(&mut *guards.lock().unwrap()));
            }
        };
        let armed = Arc::clone(&guards);
        let job = pool.run(move || {
            let three = [(); 3].map(|()| on_cancel(hook.clone()));
            armed.lock().unwrap().extend(three);
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let job = again.get_or_init(|| job.start());
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        let calls = count.load(Ordering::SeqCst);
        assert_eq!(calls, 11, "the first cancels again and drops the others");
        assert!(guards.lock().unwrap().is_empty());
        drop(release);
        eventually("the job has ended", || pool.metrics().completed == 1);
    });
}

/// Otherwise the hook of a job ends another job that runs on the same thread. Each job has
/// its own caller.
#[test]
fn a_nested_or_lent_job_has_its_own_hooks() {
    within(|| {
        // With one more worker the inner job runs beside its parent. Otherwise it is lent
        // to the parent's thread.
        for lent in [false, true] {
            let pool = pool_with_blocked(1, 1);
            let plugged = lent.then(|| parked(&pool));
            let (call, calls) = mpsc::channel::<&str>();
            let (start, started) = mpsc::channel();
            let (release, held) = mpsc::channel::<()>();
            let inner = pool.clone();
            let outer = pool.run(move || {
                let outer_thread = thread::current().id();
                let on_outer = call.clone();
                let _guard = on_cancel(move || on_outer.send("outer").unwrap());
                let same_thread = wait(inner.run(move || {
                    let _guard = on_cancel(move || call.send("inner").unwrap());
                    start.send(()).unwrap();
                    let _released = held.recv();
                    assert!(!cancelled(), "its caller is the outer job");
                    thread::current().id() == outer_thread
                }));
                assert!(cancelled());
                same_thread
            });
            let outer = outer.start();
            started.recv().unwrap();
            assert_eq!(outer.cancel(), Cancelled::Running);
            drop(release);
            assert_eq!(wait(outer), lent);
            assert_eq!(calls.iter().collect::<Vec<_>>(), ["outer"]);
            if let Some((job, release)) = plugged {
                release.send(()).unwrap();
                wait(job);
            }
        }
    });
}

/// Starts a job that is parked in a wait until the sender releases it.
fn parked(pool: &Pool) -> (Offload<()>, oneshot::Sender<()>) {
    let (release, released) = oneshot::channel();
    let task = pool.run(|| wait(released).unwrap()).start();
    eventually("parked", || pool.metrics().blocked == 1);
    (task, release)
}

/// Otherwise what a hook holds lives as long as a guard that the closure has returned, and
/// the hook is called for a job that is over.
#[test]
fn a_guard_that_outlives_the_closure_is_worth_nothing() {
    within(|| {
        let pool = pool(1, 8);
        let (call, calls) = mpsc::channel();
        let hook = note(&call);
        let guard = wait(pool.run(move || on_cancel(hook)));
        let hook = note(&call);
        let job = pool.run(move || on_cancel(hook)).start();
        eventually("it has ended", || pool.metrics().completed == 2);
        drop(call);
        assert_eq!(calls.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        // Here the caller leaves with the result, and so with the guard.
        drop((guard, job));
    });
}

#[test]
fn a_guard_may_move_to_another_thread() {
    fn is_send_and_sync<T: Send + Sync + 'static>(_: &T) {}
    within(|| {
        let pool = pool(1, 8);
        let (call, calls) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let guard = on_cancel(note(&call));
            is_send_and_sync(&guard);
            let other = thread::spawn(move || {
                start.send(()).unwrap();
                let _released = held.recv();
                drop(guard);
            });
            other.join().unwrap();
        });
        let job = job.start();
        started.recv().unwrap();
        assert_eq!(job.cancel(), Cancelled::Running);
        assert_eq!(calls.try_recv(), Ok(thread::current().id()));
        drop(release);
        wait(job);
    });
}

#[test]
fn outside_a_job_it_is_never_called() {
    within(|| {
        let (call, calls) = mpsc::channel();
        let guard = on_cancel(note(&call));
        drop(call);
        assert_eq!(
            calls.recv(),
            Err(mpsc::RecvError),
            "the hook is dropped at once"
        );
        drop(guard);
    });
}

/// Otherwise a job that a thread-local owns stays uninterrupted when its thread ends.
#[test]
fn a_thread_that_ends_may_call_it() {
    std::thread_local! {
        static OWNED: RefCell<Option<Offload<()>>> = const { RefCell::new(None) };
    }
    within(|| {
        let pool = pool(1, 8);
        let (job, calls) = blocked_until_its_hook(&pool);
        let owner = thread::spawn(move || OWNED.set(Some(job)));
        let id = owner.thread().id();
        owner.join().unwrap();
        assert_eq!(calls.iter().collect::<Vec<_>>(), [id]);
    });
}

/// Otherwise a shutdown hangs: the hook waits for a lock, its holder for a job in the queue,
/// and the caller of that job for the hook.
#[test]
fn a_shutdown_tells_queued_callers_before_it_calls_hooks() {
    within(|| {
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .cancel_grace(Duration::MAX)
            .build()
            .unwrap();
        let lock = Arc::new(Mutex::new(()));
        let (tell, told) = oneshot::channel::<()>();
        let (start, started) = mpsc::channel();
        let holder = pool.run({
            let lock = lock.clone();
            move || {
                let held = lock.lock().unwrap();
                let hook = {
                    let lock = lock.clone();
                    move || drop(lock.lock().unwrap())
                };
                let guard = on_cancel(hook);
                start.send(()).unwrap();
                wait(told).unwrap();
                drop(held);
                drop(guard);
            }
        });
        let holder = holder.start();
        started.recv().unwrap();
        eventually("its wait is parked", || pool.metrics().blocked == 1);
        // It takes the permit, so that the next job stays in the queue.
        let busy = pool.run(|| {
            while !cancelled() {
                thread::yield_now();
            }
        });
        let busy = busy.start();
        eventually("the permit is taken", || pool.metrics().running == 1);
        let queued = pool.run(|| ()).start();
        let (park, parks) = mpsc::channel();
        let caller = thread::spawn(move || {
            let mut outcome = pin!(queued.outcome());
            let noted = poll_fn(|cx| {
                let polled = outcome.as_mut().poll(cx);
                park.send(()).unwrap();
                polled
            });
            assert!(wait(noted).is_err());
            tell.send(()).unwrap();
        });
        // Soon after its first poll the caller sleeps, and must be woken.
        parks.recv().unwrap();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(pool.metrics().queued, 1);
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.running.len()), (1, 0));
        caller.join().unwrap();
        wait(holder);
        wait(busy);
    });
}

/// Otherwise a report says that the job waits for the end of a pool.
#[test]
fn a_report_names_the_wait_for_a_hook() {
    within(|| {
        let pool = pool(1, 8);
        let (call, called) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            let guard = on_cancel(move || {
                call.send(()).unwrap();
                let _released = held.recv();
            });
            start.send(()).unwrap();
            called.recv().unwrap();
            drop(guard);
        });
        let job = job.start();
        started.recv().unwrap();
        let leaves = thread::spawn(move || drop(job));
        eventually("the drop of the guard waits", || {
            pool.metrics().blocked == 1
        });
        let report = pool.report().to_string();
        assert!(report.contains("or of a hook"), "{report}");
        drop(release);
        leaves.join().unwrap();
    });
}

/// Otherwise the drop of a guard hangs, because the destructor of its hook runs under a lock that
/// the other guard needs.
#[test]
fn a_hook_may_own_another_guard_of_its_job() {
    within(|| {
        let pool = pool(1, 8);
        wait(pool.run(|| {
            let inner = on_cancel(|| ());
            drop(on_cancel(move || drop(inner)));
        }));
    });
}

/// Otherwise a hook hangs that waits for a wait of its job to stop. The futures of the job are
/// told first.
#[test]
fn a_hook_may_wait_for_a_wait_that_listens_too() {
    within(|| {
        let pool = pool(1, 8);
        let (stop, stopped) = mpsc::channel::<()>();
        let job = pool.run(move || {
            let guard = on_cancel(move || stopped.recv().unwrap());
            wait(cancellation());
            stop.send(()).unwrap();
            drop(guard);
        });
        let job = job.start();
        eventually("its wait is parked", || pool.metrics().blocked == 1);
        assert_eq!(job.cancel(), Cancelled::Running);
        wait(job);
    });
}

/// Otherwise the drop of a guard waits for the hooks of other guards too, and one of these may
/// wait for what the closure does next.
#[test]
fn the_drop_of_a_guard_waits_for_its_own_hook_only() {
    within(|| {
        let pool = pool(1, 8);
        // The drop may look before the next hook is called, so there are several rounds.
        for _ in 0..50 {
            let (start, started) = mpsc::channel();
            let (call, called) = mpsc::channel();
            let (go_on, gone_on) = mpsc::channel::<()>();
            let own = pool.clone();
            let job = pool.run(move || {
                let older = on_cancel(move || gone_on.recv().unwrap());
                let newer = on_cancel(move || {
                    call.send(()).unwrap();
                    eventually("the drop waits", || own.metrics().blocked == 1);
                });
                start.send(()).unwrap();
                called.recv().unwrap();
                drop(newer);
                go_on.send(()).unwrap();
                drop(older);
            });
            let job = job.start();
            started.recv().unwrap();
            assert_eq!(job.cancel(), Cancelled::Running);
            wait(job);
        }
    });
}

/// Otherwise a shutdown hangs: the captures of a queued job wait, in their destructor, for the
/// end of a job, and that job for its hook.
#[test]
fn a_shutdown_calls_hooks_before_it_drops_captures() {
    struct WaitsForTheEnd(mpsc::Receiver<()>);
    impl Drop for WaitsForTheEnd {
        fn drop(&mut self) {
            let _ended = self.0.recv();
        }
    }
    within(|| {
        let builder = Pool::builder().max_threads(1);
        let pool: Pool = builder.cancel_grace(Duration::MAX).build().unwrap();
        let (end, ended) = mpsc::channel::<()>();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let running = pool.run(move || {
            let guard = on_cancel(move || drop(release));
            start.send(()).unwrap();
            let _released = held.recv();
            drop((guard, end));
        });
        let running = running.start();
        started.recv().unwrap();
        let captures = WaitsForTheEnd(ended);
        let queued = pool.run(move || drop(captures)).start();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.cancelled), (1, 1));
        wait(running);
        assert!(wait(queued.outcome()).is_err());
    });
}
