//! A shutdown waits for the threads of its pool: for their stop hooks, and for the destructors
//! of their thread-locals.
#![cfg(not(any(bridge_loom, bridge_shuttle)))]

mod common;

use std::{
    cell::RefCell,
    sync::{
        Arc, Barrier, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use bridge_offload::{Pool, PoolShutdown, Shutdown, cancelled};
use common::wait;
use futures::future::join_all;
use testkit::within;

/// Otherwise the end of the process cuts off what the threads still have to do.
#[test]
fn a_shutdown_waits_for_the_threads_and_their_thread_locals() {
    struct Slow(Arc<AtomicUsize>);

    impl Drop for Slow {
        fn drop(&mut self) {
            thread::sleep(Duration::from_millis(20));
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    std::thread_local! {
        static SLOW: RefCell<Option<Slow>> = const { RefCell::new(None) };
    }

    within(|| {
        let hooks = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&hooks);
        let on_stop = move || {
            thread::sleep(Duration::from_millis(20));
            count.fetch_add(1, Ordering::SeqCst);
        };
        let builder = Pool::builder().max_threads(4);
        let pool: Pool = builder.on_thread_stop(on_stop).build().unwrap();
        let dropped = Arc::new(AtomicUsize::new(0));
        let together = Arc::new(Barrier::new(4));
        let jobs = (0..4).map(|_| {
            let (dropped, together) = (Arc::clone(&dropped), Arc::clone(&together));
            let job = move || {
                SLOW.with(|slow| slow.replace(Some(Slow(dropped))));
                together.wait();
            };
            pool.run(job).start()
        });
        let jobs: Vec<_> = jobs.collect();
        wait(join_all(jobs));
        let report = pool.shutdown(Duration::from_secs(20)).wait();
        assert_eq!(report.running.len(), 0);
        assert_eq!(dropped.load(Ordering::SeqCst), 4, "thread-locals");
        assert_eq!(hooks.load(Ordering::SeqCst), 4, "hooks");
    });
}

/// Otherwise the end of the process cuts off the stop hook of a thread whose job was told to stop.
#[test]
fn a_shutdown_waits_for_the_threads_of_jobs_that_stop_in_the_cancel_grace() {
    within(|| {
        let stopped = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stopped);
        let on_stop = move || {
            thread::sleep(Duration::from_millis(50));
            count.fetch_add(1, Ordering::SeqCst);
        };
        let builder = Pool::builder().max_threads(1).on_thread_stop(on_stop);
        let builder = builder.cancel_grace(Duration::from_secs(20));
        let pool: Pool = builder.build().unwrap();
        let (start, started) = mpsc::channel();
        let job = pool.run(move || {
            start.send(()).unwrap();
            while !cancelled() {
                thread::yield_now();
            }
        });
        let job = job.start();
        started.recv().unwrap();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.cancelled, report.running.len()), (1, 0));
        assert_eq!(stopped.load(Ordering::SeqCst), 1);
        wait(job);
    });
}

/// Otherwise it would wait for itself.
#[test]
fn a_thread_that_stops_may_shut_its_pool_down() {
    shut_down_in_the_stop_hook(PoolShutdown::wait);
}

/// The shutdown then waits on a thread of its own.
#[test]
fn a_thread_that_stops_may_await_the_end_of_its_pool() {
    shut_down_in_the_stop_hook(wait);
}

fn shut_down_in_the_stop_hook(end: fn(PoolShutdown) -> Shutdown) {
    within(move || {
        let own = Arc::new(OnceLock::<Pool>::new());
        let (of_hook, (tell, told)) = (Arc::downgrade(&own), mpsc::channel());
        let on_stop = move || {
            let own = of_hook.upgrade().unwrap();
            let report = end(own.get().unwrap().shutdown(Duration::MAX));
            tell.send(report.completed).unwrap();
        };
        let builder = Pool::builder().max_threads(1).on_thread_stop(on_stop);
        let pool = own.get_or_init(|| builder.build().unwrap());
        wait(pool.run(|| ()));
        let report = pool.shutdown(Duration::from_secs(20)).wait();
        assert_eq!(report.running.len(), 0);
        assert_eq!(told.try_recv(), Ok(0));
    });
}

/// Otherwise a shutdown waits for the end of a spin, and the worker of a dropped pool spins on.
#[test]
fn a_thread_that_spins_ends_with_its_pool() {
    // A worker does not spin on a busy machine, so there are several rounds.
    for _ in 0..20 {
        for is_shut_down in [true, false] {
            within(move || {
                let (tell, told) = mpsc::channel();
                let builder = Pool::builder().max_threads(1).spin(Duration::MAX);
                let builder = builder.on_thread_stop(move || tell.send(()).unwrap());
                let pool: Pool = builder.build().unwrap();
                wait(pool.run(|| ()));
                if is_shut_down {
                    assert_eq!(pool.shutdown(Duration::MAX).wait().running, vec![]);
                }
                drop(pool);
                told.recv().unwrap();
            });
        }
    }
}

/// Otherwise the second of two shutdowns waits until its grace is over.
#[test]
fn two_shutdowns_hear_of_the_end_of_the_last_thread() {
    within(|| {
        let (open, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let builder = Pool::builder().max_threads(1).keep_alive(Duration::MAX);
        let on_stop = move || {
            let _open = gate.lock().unwrap().recv();
        };
        let pool: Pool = builder.on_thread_stop(on_stop).build().unwrap();
        wait(pool.run(|| ()));
        let shutdown = || {
            let shutdown = pool.shutdown(Duration::MAX);
            thread::spawn(move || shutdown.wait())
        };
        let both = [shutdown(), shutdown()];
        // By then they wait, usually.
        thread::sleep(Duration::from_millis(50));
        drop(open);
        for shutdown in both {
            assert_eq!(shutdown.join().unwrap().abandoned, 0);
        }
    });
}

/// Otherwise a job that shuts another pool down hangs, if the last words of that pool's threads
/// need a permit of the job's own pool.
#[test]
fn a_job_that_waits_for_the_threads_of_another_pool_frees_its_permit() {
    within(|| {
        let build = || Pool::builder().max_threads(1);
        let pool: Pool = build().build().unwrap();
        let own = pool.clone();
        let (run, ran) = mpsc::channel();
        let last_words = move || run.send(wait(own.run(|| 7))).unwrap();
        let other: Pool = build().on_thread_stop(last_words).build().unwrap();
        wait(other.run(|| ()));
        let report = wait(pool.run(move || other.shutdown(Duration::MAX).wait()));
        assert_eq!(report.running.len(), 0);
        assert_eq!(ran.recv(), Ok(7));
    });
}

/// Otherwise the end of the process cuts off the last words of a pool that a job of another pool
/// has shut down.
#[test]
fn a_job_waits_for_the_threads_of_another_pool() {
    within(|| {
        let stopped = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&stopped);
        let on_stop = move || {
            thread::sleep(Duration::from_millis(50));
            count.fetch_add(1, Ordering::SeqCst);
        };
        let build = || Pool::builder().max_threads(1);
        let other: Pool = build().on_thread_stop(on_stop).build().unwrap();
        wait(other.run(|| ()));
        let pool: Pool = build().build().unwrap();
        let seen = wait(pool.run(move || {
            let report = other.shutdown(Duration::from_secs(20)).wait();
            (report.running.len(), stopped.load(Ordering::SeqCst))
        }));
        assert_eq!(seen, (0, 1));
    });
}
