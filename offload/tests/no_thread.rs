//! Workers that can't be started. Callers are told and nobody waits for ever. The pool
//! works again when the system can start threads.
#![cfg(all(target_os = "linux", not(bridge_loom)))]

mod common;

use std::{future::poll_fn, pin::pin, sync::mpsc, thread, time::Duration};

use bridge_offload::{Cancelled, OffloadError, Pool, on_cancel};
use common::{
    WaitError, eventually,
    no_room::{NoRoom, STACK},
    try_wait, wait,
};
use testkit::within;

fn pool(threads: usize) -> Pool {
    Pool::builder()
        .name("db")
        .max_threads(threads)
        .stack_size(STACK)
        .build()
        .unwrap()
}

/// Runs a job that parks while an unrelated job is queued, and depends on the caller of that
/// job. Returns what this caller has got.
fn wait_for_a_job_queued_before(pool: &Pool) -> Result<Result<(), OffloadError>, WaitError> {
    let inner = pool.clone();
    wait(pool.run(move || {
        let (send, receive) = futures::channel::oneshot::channel();
        let (queued, is_queued) = mpsc::channel::<()>();
        thread::spawn(move || {
            let unrelated = inner.run(|| ()).start();
            queued.send(()).unwrap();
            send.send(wait(unrelated.outcome())).unwrap();
        });
        is_queued.recv().unwrap();
        try_wait(async { receive.await.unwrap() })
    }))
}

/// Runs a job that parks while two unrelated jobs are queued. The captures of the first one wait,
/// in their destructor, for the caller of the second one.
fn captures_may_wait_for_another_caller(pool: &Pool) {
    struct WaitsForTheCaller(mpsc::Receiver<()>);
    impl Drop for WaitsForTheCaller {
        fn drop(&mut self) {
            let _told = self.0.recv();
        }
    }
    let inner = pool.clone();
    wait(pool.run(move || {
        let (send, receive) = futures::channel::oneshot::channel();
        let (queued, are_queued) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel::<()>();
        thread::spawn(move || {
            let captures = WaitsForTheCaller(told);
            let first = inner.run(move || drop(captures)).start();
            let mut second = pin!(inner.run(|| ()).start().outcome());
            let second = wait(poll_fn(|cx| {
                let polled = second.as_mut().poll(cx);
                let _is_queued = queued.send(());
                polled
            }));
            drop(tell);
            send.send((second, wait(first.outcome()))).unwrap();
        });
        are_queued.recv().unwrap();
        // Soon after its first poll the other thread sleeps, and must be woken.
        thread::sleep(Duration::from_millis(20));
        let (second, first) = wait(receive).unwrap();
        assert!(matches!(second, Err(OffloadError::NoThread { .. })));
        assert!(matches!(first, Err(OffloadError::NoThread { .. })));
    }));
}

/// Runs a job that drops a guard while its hook is called. The hook waits for the caller of a job
/// that is queued. So that caller must be told before the worker waits for the hook.
fn a_hook_may_wait_for_a_queued_caller(pool: &Pool) {
    let inner = pool.clone();
    let (call, called) = mpsc::channel();
    let (tell, told) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let job = pool.run(move || {
        let guard = on_cancel(move || {
            call.send(()).unwrap();
            told.recv().unwrap();
        });
        start.send(()).unwrap();
        called.recv().unwrap();
        let (queued, is_queued) = mpsc::channel::<()>();
        let other = thread::spawn(move || {
            let unrelated = inner.run(|| ()).start();
            queued.send(()).unwrap();
            let outcome = wait(unrelated.outcome());
            tell.send(()).unwrap();
            outcome
        });
        is_queued.recv().unwrap();
        drop(guard);
        other.join().unwrap()
    });
    let job = job.start();
    started.recv().unwrap();
    assert_eq!(job.cancel(), Cancelled::Running);
    assert!(matches!(wait(job), Err(OffloadError::NoThread { .. })));
}

/// This is one test, because the limit applies to the whole process.
#[test]
fn a_thread_that_cannot_start_is_told_and_leaves_nobody_waiting() {
    within(|| {
        // Without any worker, the caller of each submission is told, however soon it
        // comes.
        let none = pool(1);
        let no_room = NoRoom::new();
        let thread = thread::Builder::new().stack_size(STACK);
        let kind = thread.spawn(|| ()).unwrap_err().kind();
        for _ in 0..100 {
            let outcome = wait(none.run(|| ()).outcome());
            let told = outcome.unwrap_err();
            assert!(
                matches!(told, OffloadError::NoThread { error, .. } if error == kind),
                "{told}"
            );
            assert_eq!(told.pool(), Some(&none.metrics().name), "{told}");
            assert!(told.to_string().contains("the pool `db` has no thread"));
        }
        assert_eq!((none.metrics().threads, none.metrics().queued), (0, 0));
        let report = none.report();
        assert!(report.lacks_threads(), "{report}");
        let first_line = report.to_string();
        assert!(first_line.ends_with("; the system has refused it a thread"));
        let metrics = none.metrics();
        assert_eq!((metrics.cancelled, metrics.rejected), (100, 0));
        drop(no_room);
        assert_eq!(wait(none.run(|| 1)), 1, "there is room again");

        // The only worker is there, and no other can be added. So the jobs are lent.
        let one = pool(1);
        assert_eq!(wait(one.run(|| 1)), 1);
        let no_room = NoRoom::new();
        let inner = one.clone();
        let nested = wait(one.run(move || {
            let deeper = inner.clone();
            wait(inner.run(move || wait(deeper.run(|| 2))))
        }));
        assert_eq!(nested, 2);

        // An unrelated job can't be lent either, so its caller is told.
        let inner = one.clone();
        let outcome = wait(one.run(move || {
            let (send, receive) = futures::channel::oneshot::channel();
            let (parked, about_to) = mpsc::channel::<()>();
            thread::spawn(move || {
                about_to.recv().unwrap();
                let unrelated = inner.run(|| ()).start();
                send.send(wait(unrelated.outcome())).unwrap();
            });
            let signal = poll_fn(|_| {
                parked.send(()).unwrap();
                std::task::Poll::Ready(())
            });
            try_wait(async {
                signal.await;
                receive.await.unwrap()
            })
        }));
        // If the job is submitted before the park, it may run after the park.
        assert!(
            matches!(outcome, Ok(Err(OffloadError::NoThread { .. }))),
            "{outcome:?}"
        );
        assert!(
            matches!(
                wait_for_a_job_queued_before(&one),
                Ok(Err(OffloadError::NoThread { .. }))
            ),
            "the caller is told before the worker sleeps"
        );
        captures_may_wait_for_another_caller(&one);
        a_hook_may_wait_for_a_queued_caller(&one);
        drop(no_room);
        assert_eq!(wait(one.run(|| 3)), 3);

        // The only worker waits for the end, so the callers of queued jobs are told.
        let no_room = NoRoom::new();
        let own = one.clone();
        let (report, outcome) = wait(one.run(move || {
            let queued = own.run(|| ()).start();
            (own.shutdown(Duration::MAX).wait(), wait(queued.outcome()))
        }));
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        assert!(
            matches!(outcome, Err(OffloadError::NoThread { .. })),
            "{outcome:?}"
        );
        drop(no_room);
        a_wait_without_a_monitor_is_refused();
    });
}

/// Parks every worker of a pool whose monitor can't start. The wait that parks last is told
/// at once, because nobody would tell it later.
fn a_wait_without_a_monitor_is_refused() {
    let builder = Pool::builder().max_threads(2).max_blocked_threads(1);
    let pool: Pool = builder.stack_size(STACK).build().unwrap();
    // A permit stays free, so no start of a job starts the monitor.
    let (jobs, releases): (Vec<_>, Vec<_>) = (1..=2)
        .map(|count| {
            let (release, released) = futures::channel::oneshot::channel::<()>();
            let job = pool.run(move || try_wait(released).is_ok()).start();
            eventually("parked", || pool.metrics().blocked == count);
            (job, release)
        })
        .unzip();
    let (go, start) = mpsc::channel::<()>();
    let (begin, has_begun) = mpsc::channel();
    let last = pool.run(move || {
        begin.send(()).unwrap();
        start.recv().unwrap();
        try_wait(std::future::pending::<()>())
    });
    let last = last.start();
    has_begun.recv().unwrap();
    let no_room = NoRoom::new();
    go.send(()).unwrap();
    assert_eq!(wait(last), Err(WaitError::Exhausted));
    drop((no_room, releases));
    assert!(jobs.into_iter().all(wait));
}
