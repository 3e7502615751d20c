//! Forks at odd places: in a start hook, in a cancel hook, and between two polls.
#![cfg(all(unix, not(bridge_loom)))]

mod common;

use std::{
    future::pending,
    io::{PipeReader, PipeWriter, Read, Write, pipe},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    process,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use bridge_offload::{Cancelled, Offload, Pool, Shutdown, cancellation, on_cancel};
use common::{
    forks::{end_child, ended_well, fork_and_return, in_fork},
    plug, pool, wait,
};
use testkit::{panic_text, within};

/// Writes the number of this process.
fn note(mut write: &PipeWriter) {
    write
        .write_all(format!("{} ", process::id()).as_bytes())
        .unwrap();
}

/// Checks that the parent has written its number so often, and that no child has written.
#[track_caller]
fn assert_noted(mut read: impl Read, times: usize) {
    let mut notes = String::new();
    read.read_to_string(&mut notes).unwrap();
    assert_eq!(notes, format!("{} ", process::id()).repeat(times));
}

/// Notes its drop.
struct Noted(PipeWriter);

impl Drop for Noted {
    fn drop(&mut self) {
        note(&self.0);
    }
}

/// Forks when it is woken, and tells the parent of the child.
struct Forks(Mutex<mpsc::Sender<i32>>);

impl Wake for Forks {
    fn wake(self: Arc<Self>) {
        self.0.lock().unwrap().send(fork_and_return()).unwrap();
    }
}

/// Notes when it is woken.
struct NotesWakes(PipeWriter);

impl Wake for NotesWakes {
    fn wake(self: Arc<Self>) {
        note(&self.0);
    }
}

/// Otherwise the jobs of a pool run in the child too, if a start hook forks.
#[test]
fn the_child_of_a_start_hook_that_forks_runs_no_job() {
    within(|| {
        let (tell, told) = mpsc::channel();
        let tell = Mutex::new(tell);
        let pool: Pool = Pool::builder()
            .max_threads(1)
            .on_thread_start(move || tell.lock().unwrap().send(fork_and_return()).unwrap())
            .build()
            .unwrap();
        let (read, write) = pipe().unwrap();
        wait(pool.run(move || note(&write)));
        assert!(ended_well(told.recv().unwrap()), "the child goes on");
        assert_noted(read, 1);
    });
}

/// Otherwise the child takes the lock of its parent's job, and hangs if a thread of the
/// parent held it during the fork.
#[test]
fn a_child_is_told_by_a_submission_that_waits_for_room() {
    within(|| {
        let pool = pool(1, 8);
        let (plugged, release) = plug(&pool);
        let mut queued = pin!(pool.run_unless(|| 7, pending()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(queued.as_mut().poll(&mut cx).is_pending());
        let is_told = in_fork(|| {
            let asks = || queued.as_mut().poll(&mut cx).is_ready();
            let panic = catch_unwind(AssertUnwindSafe(asks)).unwrap_err();
            panic_text(&*panic).contains("fork")
        });
        assert!(is_told);
        drop(release);
        wait(plugged);
        assert_eq!(wait(queued).ok(), Some(7));
    });
}

/// Cancels a job that runs, which forks on this thread. Checks that the child ends here, and that
/// the parent alone has noted something, once.
fn cancel_and_fork(job: Offload<()>, child: &mpsc::Receiver<i32>, notes: PipeReader) {
    assert_eq!(job.cancel(), Cancelled::Running);
    let child = child.recv().unwrap();
    if child == 0 {
        end_child();
    }
    assert!(ended_well(child), "the child goes on");
    wait(job);
    assert_noted(notes, 1);
}

/// Otherwise the child calls hooks that belong to its parent.
#[test]
fn the_child_of_a_hook_that_forks_calls_no_other_hook() {
    within(|| {
        let pool = pool(1, 8);
        let (read, write) = pipe().unwrap();
        let (start, begun) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let job = pool.run(move || {
            let (call, called) = mpsc::channel();
            let _other = on_cancel(move || {
                note(&write);
                call.send(()).unwrap();
            });
            let _newest = on_cancel(move || tell.send(fork_and_return()).unwrap());
            start.send(()).unwrap();
            called.recv().unwrap();
        });
        let job = job.start();
        begun.recv().unwrap();
        cancel_and_fork(job, &told, read);
    });
}

/// Otherwise such a child interrupts what its parent does.
#[test]
fn the_child_of_a_cancellation_that_forks_calls_no_hook() {
    within(|| {
        let pool = pool(1, 8);
        let (read, write) = pipe().unwrap();
        let (start, begun) = mpsc::channel();
        let (tell, told) = mpsc::channel();
        let job = pool.run(move || {
            let (call, called) = mpsc::channel();
            let waker = Waker::from(Arc::new(Forks(Mutex::new(tell))));
            let mut early = pin!(cancellation());
            assert!(
                early
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            let _hook = on_cancel(move || {
                note(&write);
                call.send(()).unwrap();
            });
            start.send(()).unwrap();
            called.recv().unwrap();
        });
        let job = job.start();
        begun.recv().unwrap();
        cancel_and_fork(job, &told, read);
    });
}

/// A pool with a queued job and two running ones. The first hook that a shutdown calls forks.
struct HookForks {
    pool: Pool,
    jobs: [Offload<()>; 3],
    /// The running jobs go on to their ends when these are dropped.
    gates: Vec<mpsc::Sender<()>>,
    /// The hook forks once this is true.
    may_fork: Arc<AtomicBool>,
    /// The child, or 0 in the child.
    child: mpsc::Receiver<i32>,
    /// What hooks, captures and wakers note.
    notes: (PipeReader, PipeWriter),
}

impl HookForks {
    fn new() -> Self {
        let notes = pipe().unwrap();
        let pool = Pool::builder().max_threads(2).cancel_grace(Duration::MAX);
        let pool = pool.build().unwrap();
        let is_first = Arc::new(AtomicBool::new(true));
        let may_fork = Arc::<AtomicBool>::default();
        let (start, begun) = mpsc::channel();
        let (tell, child) = mpsc::channel();
        let [(open_first, first), (open_second, second)] = [(); 2].map(|()| mpsc::channel());
        let run = |gate: mpsc::Receiver<()>| {
            let (start, tell, is_first) = (start.clone(), tell.clone(), Arc::clone(&is_first));
            let may_fork = Arc::clone(&may_fork);
            let write = notes.1.try_clone().unwrap();
            let job = pool.run(move || {
                let (call, called) = mpsc::channel();
                let _hook = on_cancel(move || {
                    note(&write);
                    if is_first.swap(false, Ordering::Relaxed) {
                        while !may_fork.load(Ordering::Relaxed) {
                            thread::yield_now();
                        }
                        tell.send(fork_and_return()).unwrap();
                    }
                    call.send(()).unwrap();
                });
                start.send(()).unwrap();
                called.recv().unwrap();
                assert!(gate.recv().is_err());
            });
            job.start()
        };
        let [first, second] = [first, second].map(run);
        begun.recv().unwrap();
        begun.recv().unwrap();
        let captured = Noted(notes.1.try_clone().unwrap());
        let queued = pool.run(move || drop(captured)).start();
        Self {
            pool,
            jobs: [first, second, queued],
            gates: vec![open_first, open_second],
            may_fork,
            child,
            notes,
        }
    }

    /// Checks the report, and that `more` was noted beside two hooks and the captures of the queued
    /// job.
    fn check(self, report: &Shutdown, more: usize) {
        assert_eq!((report.abandoned, report.cancelled), (1, 2));
        let [first, second, queued] = self.jobs;
        wait(first);
        wait(second);
        drop(queued);
        let (read, write) = self.notes;
        drop(write);
        assert_noted(read, 3 + more);
    }
}

/// Otherwise such a child calls hooks and drops captures of its parent.
#[test]
fn the_child_of_a_hook_that_forks_does_not_continue_the_shutdown() {
    within(|| {
        let mut forks = HookForks::new();
        forks.gates.clear();
        forks.may_fork.store(true, Ordering::Relaxed);
        let report = forks.pool.shutdown(Duration::ZERO).wait();
        let child = forks.child.recv().unwrap();
        if child == 0 {
            end_child();
        }
        assert!(ended_well(child), "the child goes on");
        forks.check(&report, 0);
    });
}

/// Otherwise such a child also wakes a task of its parent.
#[test]
fn the_child_of_a_hook_that_forks_does_not_wake_who_awaits_the_shutdown() {
    within(|| {
        let mut forks = HookForks::new();
        let write = forks.notes.1.try_clone().unwrap();
        let waker = Waker::from(Arc::new(NotesWakes(write)));
        let mut shutdown = pin!(forks.pool.shutdown(Duration::ZERO));
        let mut cx = Context::from_waker(&waker);
        assert!(shutdown.as_mut().poll(&mut cx).is_pending());
        // The waker is registered before the fork.
        forks.may_fork.store(true, Ordering::Relaxed);
        forks.gates.clear();
        // The thread that continues the shutdown is the only thread of the child.
        assert!(ended_well(forks.child.recv().unwrap()), "the child goes on");
        let report = loop {
            if let Poll::Ready(report) = shutdown.as_mut().poll(&mut cx) {
                break report;
            }
            thread::yield_now();
        };
        drop(waker);
        forks.check(&report, 1);
    });
}

/// Otherwise a result that owns a file or a connection is dropped twice.
#[test]
fn the_child_of_a_job_that_forks_drops_no_result() {
    within(|| {
        let pool = pool(1, 8);
        let (read, write) = pipe().unwrap();
        let result = Noted(write);
        let (child, result) = wait(pool.run(move || (fork_and_return(), result)));
        assert!(ended_well(child), "the child goes on");
        drop(result);
        assert_noted(read, 1);
    });
}
