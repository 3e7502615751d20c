//! The pool's part in the exit of the process: its jobs finish first, and its idle threads
//! end.
//!
//! The pool stays open meanwhile, because a job may need further jobs. The exit does not
//! wait for jobs that are submitted after it has begun, unless they are detached. Such a job
//! may come from another pool, so the exit looks at each pool again.
//!
//! A thread that ends runs its stop hook and the destructors of its thread-locals, which may
//! write what was buffered. So the exit wakes the idle threads, and waits until they are gone.
//! Threads that still have jobs go on.

use std::{
    mem,
    sync::{Arc, Weak, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{Core, ending::still_running};
use crate::{
    exit::{self, BeforeExit, ProcessExit, Turn},
    job::runnable::Runnable,
    lineage::{JobId, Kind},
    schedule::state::{ShutdownScope, State},
    thread::{clock::tick, park::Unparker},
    vocabulary::end_report::CutOff,
};

/// The pause between the first look at the pool and the second. Each further pause is twice
/// as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(50);

/// The longest pause between two looks. Nobody notifies the exit when a job ends, because
/// that would cost each job of a program that does not exit.
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// What the exit waits for in a pool.
struct Waited {
    core: Arc<Core>,
    exit: Arc<ProcessExit>,
    jobs: Vec<Arc<dyn Runnable>>,
    until: Option<Instant>,
}

impl Core {
    /// Registers this pool with the exit of the process, unless its `exit_grace` is zero.
    pub(super) fn finish_before_exit(self: &Arc<Self>) {
        if !self.limits.exit_grace.is_zero() {
            let entry: Arc<dyn BeforeExit> = Arc::clone(self) as _;
            let entry: Weak<dyn BeforeExit> = Arc::downgrade(&entry);
            exit::register(entry);
        }
    }
}

impl BeforeExit for Core {
    fn grace(&self) -> Duration {
        self.limits.exit_grace
    }

    fn begin(
        self: Arc<Self>,
        exit: &Arc<ProcessExit>,
        turn: Turn,
    ) -> Option<Box<dyn FnOnce() + Send>> {
        let mut waited = Waited {
            jobs: Vec::new(),
            until: exit.deadline(self.limits.exit_grace),
            exit: Arc::clone(exit),
            core: self,
        };
        match turn {
            Turn::Jobs => {
                waited.end_idle();
                waited.list(|_job| true);
                waited.finish_jobs()
            }
            Turn::LateJobs => {
                waited.list_detached();
                waited.finish_jobs()
            }
            Turn::PoolThreads => {
                // The pool may be new.
                waited.end_idle();
                let are_living = waited.core.threads.are_living();
                are_living.then(|| Box::new(move || waited.wait_for_threads()) as _)
            }
            Turn::Runtimes | Turn::RuntimeThreads => None,
        }
    }
}

impl Waited {
    /// Lets the threads end that have no job. Jobs that come later get a woken thread or a new
    /// one.
    ///
    /// All pools do this before any is waited for, so a pool that is stuck takes no time from the
    /// threads of another.
    fn end_idle(&self) {
        let sleepers = self.core.state().end_idle();
        self.core.keeps_no_idle.store(true, Ordering::Relaxed);
        sleepers.iter().for_each(Unparker::unpark);
    }

    /// Replaces the list by the wanted jobs that are in the pool now, can end, and were not
    /// reported as cut off.
    fn list(&mut self, wanted: impl Fn(&Arc<dyn Runnable>) -> bool) {
        let cut_off = self.exit.cut_off();
        let state = self.core.state();
        let queued = state.queue.submitted().map(|submitted| &submitted.job);
        let here = queued.chain(state.jobs(ShutdownScope::All));
        let held_up = self.held_up(&state);
        let ends = |job: &&Arc<dyn Runnable>| !held_up.contains(&JobId::of(job));
        let is_new = |job: &&Arc<dyn Runnable>| !cut_off.iter().any(|it| Arc::ptr_eq(it, job));
        let jobs = here.filter(|job| wanted(job)).filter(ends).filter(is_new);
        self.jobs = jobs.cloned().collect();
    }

    /// Returns the jobs that can't end, because they wait for the exit. A job that parks later
    /// than the exit began counts only if its wait polls such a job: it may as well wait for
    /// something else.
    fn held_up(&self, state: &State) -> Vec<JobId> {
        let excluded = self.exit.excluded.clone();
        state.held_up_by(excluded, |frame| frame.kind() == Kind::Wait)
    }

    /// Replaces the list by the detached jobs that are in the pool now.
    fn list_detached(&mut self) {
        self.list(|job| job.header().is_detached());
    }

    /// Returns a closure that waits for these jobs, if there are any. If the grace is over,
    /// reports them.
    fn finish_jobs(mut self) -> Option<Box<dyn FnOnce() + Send>> {
        if self.jobs.is_empty() {
            return None;
        }
        if self.is_late() {
            // Each of them may submit the next one, so nobody looks for more.
            self.report();
            return None;
        }
        Some(Box::new(move || self.wait_for_jobs()))
    }

    /// Waits for these jobs, and for jobs that are detached meanwhile. Reports what is left if
    /// the grace is over first.
    fn wait_for_jobs(&mut self) {
        while !self.jobs.is_empty() {
            if !self.wait() {
                return self.report();
            }
            self.list_detached();
        }
    }

    fn is_late(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }

    /// Waits until the threads are gone that have no job, or until the grace is over. Threads
    /// that start from now on do not count.
    ///
    /// This may end one thread too early if a thread that has a job does not count. That is
    /// a thread that has just started. It is also a thread whose job calls `exit`, because its
    /// thread-locals are gone.
    fn wait_for_threads(&self) {
        let threads = &self.core.threads;
        // A thread counts from the end of its start hook on, so not before its job is over.
        let started = threads.started();
        self.look_until(|| {
            // In this order: a thread that takes a job meanwhile has it before the second look.
            let living = threads.living_before(started);
            living <= self.core.state().workers_with_jobs()
        });
    }

    /// Waits until these jobs have left the pool, or wait for the exit. Returns false if the
    /// grace was over first.
    fn wait(&mut self) -> bool {
        let mut jobs = mem::take(&mut self.jobs);
        let all_gone = self.look_until(|| {
            let state = self.core.state();
            let gone: Vec<_> = jobs.extract_if(.., |job| !is_here(&state, job)).collect();
            let held_up = self.held_up(&state);
            drop(state);
            drop(gone);
            jobs.iter().all(|job| held_up.contains(&JobId::of(job)))
        });
        let held_up = self.held_up(&self.core.state());
        jobs.retain(|job| !held_up.contains(&JobId::of(job)));
        self.jobs = jobs;
        all_gone
    }

    /// Looks again and again until `is_over` returns true. Returns false if the grace was
    /// over first.
    fn look_until(&self, mut is_over: impl FnMut() -> bool) -> bool {
        let mut pause = FIRST_PAUSE;
        while !is_over() {
            if self.is_late() {
                return false;
            }
            thread::sleep(pause);
            pause = next_pause(pause);
        }
        true
    }

    /// Reports the jobs that are cut off, once.
    fn report(&mut self) {
        let now = tick(self.core.born, Instant::now());
        let mut left = CutOff {
            pool: self.core.limits.name.clone(),
            ..CutOff::default()
        };
        for job in &self.jobs {
            let header = job.header();
            if header.shown().is_some() {
                continue; // its closure has ended
            }
            // A worker may have taken the job and not begun it, for example a lent one.
            if header.begun().is_none() {
                left.queued.push(header.at);
            } else {
                left.running.push(still_running(header, now));
            }
        }
        self.exit.cut_off().append(&mut self.jobs);
        if !left.running.is_empty() || !left.queued.is_empty() {
            (self.core.reports.cut_off)(&left);
        }
    }
}

/// Returns the pause that follows this one.
fn next_pause(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

/// Returns whether a job is queued or runs.
fn is_here(state: &State, job: &Arc<dyn Runnable>) -> bool {
    let runs = |job| {
        state
            .jobs(ShutdownScope::All)
            .any(|other| Arc::ptr_eq(other, job))
    };
    job.header().is_listed() || runs(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the process lives twice as long as the job that it waits for.
    #[test]
    fn the_exit_looks_ever_more_rarely_up_to_a_limit() {
        assert_eq!(next_pause(FIRST_PAUSE), 2 * FIRST_PAUSE);
        let mut pause = FIRST_PAUSE;
        for _ in 0..20 {
            pause = next_pause(pause);
        }
        assert_eq!(pause, LONGEST_PAUSE);
    }
}
