//! Detached jobs: nobody awaits them, and they run all the same.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, Location, catch_unwind, panic_any, resume_unwind},
    pin::pin,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Waker},
    thread,
    time::Duration,
};

use bridge_offload::{Ambient, Cancelled, Config, OffloadError, Pool, PoolName, cancelled};
use common::{eventually, plug, plug_with, poll_in_a_task, pool, wait};
use testkit::within;

/// Notes the reports of lost jobs.
struct Keeps;

static LOST: Mutex<Vec<(u32, String)>> = Mutex::new(Vec::new());

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

    fn lost(_: &PoolName, at: &'static Location<'static>, why: &OffloadError) {
        LOST.lock().unwrap().push((at.line(), why.to_string()));
    }
}

/// Returns what was reported of the job that was offloaded at `line`.
fn lost(line: u32) -> Option<String> {
    let lost = LOST.lock().unwrap();
    let mut lost = lost.iter().filter(|(at, _)| *at == line);
    lost.next().map(|(_, why)| why.clone())
}

#[test]
fn it_runs_lazy_started_queued_and_running() {
    within(|| {
        let pool = pool(1, 1);
        let (note, noted) = mpsc::channel();
        let send = |text: &'static str| {
            let note = note.clone();
            move || note.send((text, cancelled())).unwrap()
        };
        pool.run(send("lazy")).detach();
        assert_eq!(noted.recv(), Ok(("lazy", false)));
        let (plugged, release) = plug(&pool);
        pool.run(send("queued")).start().detach();
        pool.run(send("in the backlog")).detach();
        assert_eq!((pool.metrics().queued, pool.metrics().backlog), (1, 1));
        plugged.detach();
        drop(release);
        assert_eq!(noted.recv(), Ok(("queued", false)));
        assert_eq!(noted.recv(), Ok(("in the backlog", false)));
        eventually("all are counted", || pool.metrics().completed == 4);
        assert_eq!(pool.metrics().cancelled, 0);
    });
}

/// Otherwise a detached job keeps the task that had polled for it, and wakes it.
#[test]
fn a_detached_job_forgets_its_waker() {
    within(|| {
        let pool = pool(1, 8);
        let (mut plugged, release) = plug(&pool);
        let task = poll_in_a_task(&mut plugged);
        assert_eq!(Arc::strong_count(&task), 2);
        plugged.detach();
        assert_eq!(Arc::strong_count(&task), 1);
        drop(release);
    });
}

/// Otherwise a job that was detached is lost when the last handle goes. Here the first
/// job runs, the second is queued, and the third waits for room.
#[test]
fn the_last_handle_may_go_right_after() {
    within(|| {
        let (note, noted) = mpsc::channel();
        let pool = pool(1, 1);
        for number in 0..3 {
            let note = note.clone();
            let job = pool.run(move || {
                thread::sleep(Duration::from_millis(5));
                note.send(number).unwrap();
            });
            job.detach();
        }
        drop((pool, note));
        assert_eq!(noted.iter().collect::<Vec<_>>(), [0, 1, 2]);
    });
}

#[test]
fn a_panic_is_counted_and_told_with_its_place() {
    within(|| {
        let pool: Pool<Keeps> = Pool::builder().max_threads(1).build().unwrap();
        let before = line!() + 1;
        pool.run(|| panic!("before")).detach();
        eventually("told", || lost(before).is_some());
        assert!(lost(before).unwrap().contains("before"));
        // This job has panicked before it is detached.
        let after = line!() + 1;
        let job = pool.run(|| panic!("after")).start();
        eventually("both are counted", || pool.metrics().panicked == 2);
        assert_eq!(lost(after), None);
        job.detach();
        assert!(lost(after).unwrap().contains("after"));
        assert_eq!(pool.metrics().panicked, 2);
    });
}

#[test]
fn a_refusal_is_counted_and_told() {
    within(|| {
        let pool: Pool<Keeps> = Pool::builder().max_threads(1).build().unwrap();
        let _report = pool.shutdown(Duration::ZERO).wait();
        let line = line!() + 1;
        pool.run(|| unreachable!("the pool is shut down")).detach();
        assert!(lost(line).unwrap().contains("shut down"));
        assert_eq!(pool.metrics().rejected, 1);
    });
}

/// Otherwise a shutdown would lose detached jobs that the exit of the process waits for, and
/// its report would count none of them.
#[test]
fn a_shutdown_runs_those_in_the_backlog() {
    within(|| {
        let pool = pool(1, 1);
        let (note, noted) = mpsc::channel();
        let (plugged, release) = plug(&pool);
        for number in 0..10 {
            let note = note.clone();
            pool.run(move || note.send(number).unwrap()).detach();
        }
        let awaited = pool.run(|| unreachable!("it is refused")).start();
        assert_eq!((pool.metrics().queued, pool.metrics().backlog), (1, 10));
        let mut shutdown = pin!(pool.shutdown(Duration::from_secs(20)));
        let first_poll = shutdown
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(first_poll.is_pending());
        assert_eq!((pool.metrics().queued, pool.metrics().backlog), (1, 9));
        drop(release);
        let report = wait(shutdown);
        assert_eq!((report.completed, report.abandoned), (11, 0));
        drop(note);
        assert_eq!(
            noted.iter().collect::<Vec<_>>(),
            (0..10).collect::<Vec<_>>()
        );
        wait(plugged);
        let refused = wait(awaited.outcome());
        assert!(matches!(
            refused,
            Err::<(), _>(OffloadError::ShutDown { .. })
        ));
        assert_eq!(pool.metrics().rejected, 1);
    });
}

#[test]
fn what_a_shutdown_abandons_is_counted_and_told() {
    within(|| {
        let pool: Pool<Keeps> = Pool::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build()
            .unwrap();
        let (start, started) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let running = pool.run(move || {
            start.send(()).unwrap();
            let _released = held.recv();
            cancelled()
        });
        let running = running.start();
        started.recv().unwrap();
        let line = line!() + 1;
        pool.run(|| unreachable!("it is abandoned")).detach();
        pool.run(|| unreachable!("it is in the backlog")).detach();
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!((report.abandoned, report.running.len()), (2, 1));
        assert!(lost(line).is_some() && lost(line + 1).is_some());
        let metrics = pool.metrics();
        assert_eq!((metrics.rejected, metrics.cancelled), (0, 2));
        drop((release, running));
    });
}

#[test]
fn one_that_was_cancelled_before_is_not_told() {
    within(|| {
        let pool: Pool<Keeps> = Pool::builder().max_threads(1).build().unwrap();
        let (start, started) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let plug = pool.run(move || {
            start.send(()).unwrap();
            let _released = held.recv();
        });
        let plug = plug.start();
        started.recv().unwrap();
        let line = line!() + 1;
        let job = pool.run(|| unreachable!("it is cancelled")).start();
        assert_eq!(job.cancel(), Cancelled::Withdrawn);
        job.detach();
        drop(release);
        wait(plug);
        assert_eq!(lost(line), None);
        assert_eq!(pool.metrics().cancelled, 1);
    });
}

/// Otherwise the panic of a result's destructor is not counted, or is counted twice.
#[test]
fn a_result_that_panics_is_counted_once() {
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            panic!("the result");
        }
    }
    within(|| {
        let pool = pool(1, 1);
        let (job, release) = plug_with(&pool, Loud);
        job.detach();
        drop(release);
        eventually("it is counted", || pool.metrics().panicked == 1);
        // This job is still queued when it is detached.
        let (plugged, release) = plug(&pool);
        pool.run(|| Loud).start().detach();
        drop(release);
        wait(plugged);
        eventually("it is counted too", || pool.metrics().panicked == 2);
        assert_eq!(pool.metrics().completed, 1);
        // If the result is there already, the thread that detaches the job does not
        // panic.
        let job = pool.run(|| Loud).start();
        eventually("it has ended", || pool.metrics().completed == 2);
        job.detach();
        // The payload of a panic does not pass through `detach` either.
        let job = pool.run(|| panic_any(Loud)).start();
        eventually("it has panicked", || pool.metrics().panicked == 3);
        job.detach();
    });
}

/// Otherwise the pool stays open for ever, and its threads with it.
#[test]
fn the_last_job_that_was_detached_closes_the_pool() {
    within(|| {
        let (stop, stopped) = mpsc::channel();
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .keep_alive(Duration::MAX)
            .on_thread_stop(move || stop.send(()).unwrap())
            .build()
            .unwrap();
        let (plugged, release) = plug(&pool);
        plugged.detach();
        pool.run(|| ()).detach();
        drop((pool, release));
        assert_eq!(stopped.recv(), Ok(()));
    });
}

/// Otherwise a program hears of the panic of a job that its caller has dropped on purpose.
#[test]
fn a_job_whose_caller_has_left_is_not_told() {
    within(|| {
        let pool: Pool<Keeps> = Pool::builder().max_threads(1).build().unwrap();
        let (open, gate) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let line = line!() + 1;
        let job = pool.run(move || {
            start.send(()).unwrap();
            let _open = gate.recv();
            resume_unwind(Box::new(()));
        });
        let job = job.start();
        started.recv().unwrap();
        drop(job);
        drop(open);
        eventually("counted", || pool.metrics().panicked == 1);
        assert_eq!(lost(line), None);
    });
}

thread_local! {
    static WORD: Cell<&'static str> = const { Cell::new("") };
}

/// Carries a word, and notes in which word each lost job is reported.
struct InWord;

static WORDS: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

impl Ambient for InWord {
    type Context = &'static str;

    fn context(_config: &Config) -> Option<&'static str> {
        Some(WORD.get())
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, context: Option<&&'static str>, closure: impl FnOnce() -> R) -> R {
        let word = *context.unwrap();
        assert_ne!(word, "panics", "on purpose");
        WORD.set(word);
        let result = catch_unwind(AssertUnwindSafe(closure));
        WORD.set("");
        result.unwrap_or_else(|payload| resume_unwind(payload))
    }

    fn lost(_: &PoolName, _: &'static Location<'static>, _: &OffloadError) {
        WORDS.lock().unwrap().push(WORD.get());
    }
}

/// Otherwise the log line about a lost job is outside the span of its submitter.
#[test]
fn a_lost_job_is_told_in_its_context() {
    within(|| {
        let pool: Pool<InWord> = Pool::builder().max_threads(1).build().unwrap();
        let detach = |word, closure: fn()| {
            WORD.set(word);
            pool.run(closure).detach();
            WORD.set("");
        };
        // Each job is detached before it runs. Otherwise `detach` reports it on this thread.
        let (_plugged, release) = plug_with(&pool, ());
        detach("panicked", || panic!("on purpose"));
        detach("panics", || unreachable!("its context panics"));
        drop(release);
        eventually("both are told", || WORDS.lock().unwrap().len() == 2);
        let (_plugged, _release) = plug_with(&pool, ());
        detach("abandoned", || unreachable!("it is abandoned"));
        let report = pool.shutdown(Duration::ZERO).wait();
        assert_eq!(report.abandoned, 1);
        assert_eq!(*WORDS.lock().unwrap(), ["panicked", "", "abandoned"]);
    });
}
