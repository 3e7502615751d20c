//! Corner cases of the pool that no other test reached, as the audit's coverage showed.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    future::{pending, poll_fn},
    panic::{AssertUnwindSafe, Location, catch_unwind, panic_any, resume_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bridge_offload::{
    Ambient, Cancelled, Config, Lineage, Offload, OffloadError, Pool, PoolName, Rejected, Waiting,
};
use common::{eventually, plug, plug_with, poll_in_a_task, pool, pool_with_blocked, wait};
use testkit::{panic_text, within};

fn poll_once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_job_cancelled_before_its_submission_is_told() {
    within(|| {
        let pool = pool(1, 1);
        let task = pool.run(|| unreachable!("it is cancelled"));
        assert_eq!(task.cancel(), Cancelled::Withdrawn);
        let outcome: Result<(), _> = wait(task.outcome());
        assert!(matches!(outcome, Err(OffloadError::Cancelled { .. })));
        // The pool counts only jobs that were submitted.
        let metrics = pool.metrics();
        assert_eq!((metrics.queued, metrics.cancelled), (0, 0));
    });
}

/// Otherwise the second poll waits for ever.
#[test]
#[should_panic(expected = "polled after it had ended")]
fn an_offload_that_is_over_is_not_polled_again() {
    within(|| {
        let pool = pool(1, 1);
        let mut task = pin!(pool.run(|| 7));
        assert_eq!(wait(task.as_mut()), 7);
        let _never = task.poll(&mut Context::from_waker(Waker::noop()));
    });
}

/// Otherwise the future that limits an admission is polled after it has resolved.
#[test]
fn the_limit_of_an_admission_resolves_once() {
    within(|| {
        let pool = pool(1, 1);
        let (release, held) = mpsc::channel::<()>();
        let limit = async {};
        let mut task = pin!(pool.run_unless(move || held.recv().is_err(), limit));
        let line = line!() - 1;
        for _ in 0..3 {
            let mut cx = Context::from_waker(Waker::noop());
            assert!(task.as_mut().poll(&mut cx).is_pending());
        }
        let at = pool.report().jobs()[0].at();
        assert_eq!((at.file(), at.line()), (file!(), line));
        drop(release);
        assert!(wait(task).is_ok_and(|released| released));
    });
}

/// Otherwise its error and a report name a line of the pool.
#[test]
fn a_job_that_was_queued_at_once_names_its_line() {
    within(|| {
        let pool = pool(1, 1);
        let line = line!() + 1;
        let job = pool.try_run(|| panic_any("on purpose"));
        let outcome: Result<(), _> = wait(job.unwrap().outcome());
        let at = outcome.unwrap_err().at();
        assert_eq!((at.file(), at.line()), (file!(), line));
    });
}

#[test]
fn an_admission_to_a_closed_pool_gives_the_closure_back() {
    within(|| {
        let pool = pool(1, 1);
        let _report = pool.shutdown(Duration::ZERO).wait();
        match wait(pool.run_unless(|| 7, pending())) {
            Err(Rejected::ShutDown { closure, .. }) => assert_eq!(closure(), 7),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_panic_passes_through_a_limited_admission() {
    within(|| {
        let pool = pool(1, 1);
        let panics = || resume_unwind(Box::new(7));
        let job = pool.run_unless(panics, pending());
        let payload = catch_unwind(AssertUnwindSafe(|| -> Result<(), _> { wait(job) }));
        assert_eq!(payload.unwrap_err().downcast_ref(), Some(&7));
    });
}

#[test]
fn the_limit_of_an_admission_is_none_of_the_job() {
    within(|| {
        let pool = pool(1, 1);
        let (go_on, held) = mpsc::channel();
        let limit = poll_fn(move |_| {
            // The job ends only after this, so it is no longer in the backlog here.
            go_on.send(()).unwrap();
            Poll::Ready(())
        });
        let outcome = wait(pool.run_unless(move || held.recv().is_ok(), limit));
        assert!(matches!(outcome, Ok(true)), "{outcome:?}");
    });
}

#[test]
fn a_large_closure_runs_or_comes_back() {
    within(|| {
        let large = [7_u8; 4096];
        let pool = pool(1, 1);
        assert_eq!(wait(pool.run(move || large[0])), 7);
        assert_eq!(wait(pool.try_run(move || large[1]).unwrap()), 7);
        let (plugged, release) = plug(&pool);
        let queued = pool.try_run(|| ()).unwrap();
        match pool.try_run(move || large[2]) {
            Err(Rejected::Full { closure, .. }) => assert_eq!(closure(), 7),
            other => panic!("{other:?}"),
        }
        drop(release);
        wait(plugged);
        wait(queued);
    });
}

#[test]
fn a_shutdown_that_was_polled_is_not_waited_for_too() {
    within(|| {
        let pool = pool(1, 1);
        let mut end = pool.shutdown(Duration::ZERO);
        let _either = Pin::new(&mut end).poll(&mut Context::from_waker(Waker::noop()));
        let payload = catch_unwind(AssertUnwindSafe(|| end.wait())).unwrap_err();
        assert!(panic_text(&*payload).contains("must be awaited"));
    });
}

#[test]
fn a_shutdown_that_is_over_is_not_polled_again() {
    within(|| {
        let mut end = Box::pin(pool(1, 1).shutdown(Duration::ZERO));
        let _report = wait(end.as_mut());
        let payload = catch_unwind(AssertUnwindSafe(|| poll_once(&mut end))).unwrap_err();
        assert!(panic_text(&*payload).contains("after it had ended"));
    });
}

/// Notes the lines of the reported jobs, and panics. Its destructor panics too.
struct Loud;

impl Drop for Loud {
    fn drop(&mut self) {
        resume_unwind(Box::new("dropped"));
    }
}

static LOST: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Ambient for Loud {
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

    fn lost(_: &PoolName, at: &'static Location<'static>, why: &OffloadError) {
        assert!(matches!(why, OffloadError::ShutDown { .. }));
        LOST.lock().unwrap().push(at.line());
        resume_unwind(Box::new(7));
    }
}

#[test]
fn a_job_shut_out_in_line_is_told_when_it_is_detached() {
    within(|| {
        let pool: Pool<Loud> = Pool::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build()
            .unwrap();
        let (started, running) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let plugged = pool.run(move || {
            started.send(()).unwrap();
            let _released = held.recv();
        });
        let plugged = plugged.start();
        running.recv().unwrap();
        let queued = pool.run(|| ()).start();
        let line = line!() + 1;
        let backlog = pool.run(|| unreachable!("it is shut out"));
        let backlog = backlog.start();
        assert_eq!(pool.metrics().backlog, 1);
        let mut end = Box::pin(pool.shutdown(Duration::MAX));
        assert!(poll_once(&mut end).is_pending());
        backlog.detach();
        assert!(LOST.lock().unwrap().contains(&line));
        drop(release);
        let _report = wait(end);
        wait(plugged);
        wait(queued);
    });
}

/// Otherwise that panic ends a worker, whose permit is lost, or a shutdown, whose further jobs
/// nobody hears of.
#[test]
fn surroundings_whose_destructors_panic_take_no_thread() {
    within(|| {
        let pool: Pool<Loud> = Pool::builder().max_threads(1).build().unwrap();
        for round in 0..3 {
            assert_eq!(wait(pool.run(move || round)), round);
        }
        let (plugged, release) = plug_with(&pool, ());
        let line = line!() + 1;
        pool.run(|| unreachable!("it is abandoned")).detach();
        pool.run(|| unreachable!("it is abandoned")).detach();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!(report.abandoned, 2);
        let lost = LOST.lock().unwrap();
        assert!(lost.contains(&line) && lost.contains(&(line + 1)));
        drop((release, plugged));
    });
}

#[test]
fn a_debug_text_names_the_place_and_the_settings() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    within(|| {
        let pool = pool(1, 7);
        let line = line!() + 1;
        let task = pool.run(|| RUNS.fetch_add(1, Ordering::SeqCst));
        let shown = format!("{task:?}");
        assert!(shown.contains(&format!("line: {line}")), "{shown}");
        assert_eq!(format!("{pool:?}"), "Pool { name: None, .. }");
        let builder = Pool::<bridge_offload::Bare>::builder().queue_capacity(7);
        assert!(format!("{builder:?}").contains("queue_capacity: 7"));
        let end = pool.shutdown(Duration::from_secs(7));
        assert!(format!("{end:?}").contains("grace: 7s"), "{end:?}");
        let scope = Lineage::current().scope(async {});
        assert!(format!("{scope:?}").contains("lineage"), "{scope:?}");
        let waiting = Waiting::open();
        assert!(format!("{waiting:?}").contains("on_pool_thread: false"));
        assert_eq!(RUNS.load(Ordering::SeqCst), 0, "nothing was submitted");
    });
}

/// Otherwise a job that is over keeps a task alive, and drops it under the lock of the pool.
#[test]
fn a_job_that_has_ended_keeps_no_waker() {
    within(|| {
        let pool = pool(1, 8);
        let (mut plugged, release) = plug(&pool);
        let task = poll_in_a_task(&mut plugged);
        drop(release);
        eventually("woken", || Arc::strong_count(&task) == 1);
        wait(plugged);
    });
}

/// Otherwise that panic ends a worker, whose permit is lost.
#[test]
fn a_waker_that_panics_takes_no_worker() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            resume_unwind(Box::new(()));
        }
    }
    within(|| {
        let pool = pool(1, 8);
        let (mut plugged, release) = plug(&pool);
        let waker = Waker::from(Arc::new(Panics));
        let attempt = |plugged: &mut Offload<()>| {
            let once = || Pin::new(plugged).poll(&mut Context::from_waker(&waker));
            catch_unwind(AssertUnwindSafe(once))
        };
        // At first the job may ask for further polls, and so wake within the poll.
        while attempt(&mut plugged).is_err() {}
        drop(release);
        assert_eq!(wait(pool.run(|| 7)), 7);
        wait(plugged);
    });
}

/// Otherwise the metrics leave the lent job out. The job whose waker waits has ended, and the job
/// that was lent to that wait runs on the same worker.
#[test]
fn a_job_that_is_lent_to_a_waker_counts_as_running() {
    struct Waits(Mutex<Option<(Pool, [mpsc::Receiver<()>; 2])>>);
    impl Wake for Waits {
        fn wake(self: Arc<Self>) {
            let (own, [first, second]) = self.0.lock().unwrap().take().unwrap();
            wait(async move {
                let first = own.run(move || first.recv().is_err()).start();
                let second = own.run(move || second.recv().is_err()).start();
                assert!(second.await && first.await);
            });
        }
        // The caller may ask for further polls.
        fn wake_by_ref(self: &Arc<Self>) {}
    }
    within(|| {
        let pool = pool_with_blocked(1, 1);
        let (mut plugged, release) = plug(&pool);
        let (open_first, first) = mpsc::channel();
        let (open_second, second) = mpsc::channel();
        let waits = Waits(Mutex::new(Some((pool.clone(), [first, second]))));
        let waker = Waker::from(Arc::new(waits));
        let mut cx = Context::from_waker(&waker);
        assert!(Pin::new(&mut plugged).poll(&mut cx).is_pending());
        drop(release);
        eventually("both run", || pool.metrics().running == 2);
        let metrics = pool.metrics();
        assert_eq!((metrics.threads, metrics.idle), (2, 0));
        assert_eq!((metrics.blocked, metrics.completed), (0, 1));
        drop((open_first, open_second));
        eventually("all have ended", || pool.metrics().completed == 3);
        wait(plugged);
    });
}

/// A value that panics when it is dropped, with another such value.
struct Chain;

impl Drop for Chain {
    fn drop(&mut self) {
        panic_any(Chain);
    }
}

/// Otherwise it ends a worker, whose permit is lost.
#[test]
fn a_payload_whose_drop_panics_with_such_a_payload_takes_no_thread() {
    within(|| {
        let builder = Pool::builder().max_threads(1);
        let builder = builder.on_thread_start(|| panic_any(Chain));
        let pool: Pool = builder.build().unwrap();
        assert_eq!(wait(pool.run(|| 7)), 7);
    });
}
