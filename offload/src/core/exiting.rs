//! The pool's part in the exit of the process: its jobs finish first.
//!
//! The pool stays open meanwhile, because a job may need further jobs. The exit does not
//! wait for jobs that are submitted after it has begun, unless they are detached.

use std::{
    sync::{Arc, Weak},
    thread,
    time::{Duration, Instant},
};

use super::{Core, ending::still_running};
use crate::{
    exit::{self, BeforeExit, ProcessExit, Turn},
    job::runnable::Runnable,
    lineage::JobId,
    schedule::state::{ShutdownScope, State},
    thread::clock::tick,
    vocabulary::end_report::CutOff,
};

/// The pause between the first look at the pool and the second. Each further pause is twice
/// as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_micros(50);

/// The longest pause between two looks. Nobody notifies the exit when a job ends, because
/// that would cost each job of a program that does not exit.
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Jobs that the exit waits for.
struct Waited {
    core: Arc<Core>,
    jobs: Vec<Arc<dyn Runnable>>,
    /// Jobs that can't end: the exiting thread runs them, or they wait for such a job.
    excluded: Vec<JobId>,
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
    fn turn(&self) -> Turn {
        Turn::Jobs
    }

    fn grace(&self) -> Duration {
        self.limits.exit_grace
    }

    fn begin(self: Arc<Self>, exit: &ProcessExit) -> Option<Box<dyn FnOnce() + Send>> {
        let mut waited = Waited {
            jobs: Vec::new(),
            excluded: exit.excluded.clone(),
            until: exit.deadline(self.limits.exit_grace),
            core: self,
        };
        waited.list(|_job| true);
        (!waited.jobs.is_empty()).then(|| Box::new(move || waited.finish()) as _)
    }
}

impl Waited {
    /// Replaces the list by the wanted jobs that are in the pool now and can end.
    fn list(&mut self, wanted: impl Fn(&Arc<dyn Runnable>) -> bool) {
        let state = self.core.state();
        let queued = state.queue.submitted().map(|submitted| &submitted.job);
        let here = queued.chain(state.jobs(ShutdownScope::All));
        let ends = |job: &&Arc<dyn Runnable>| !self.excluded.contains(&JobId::of(job));
        let jobs = here.filter(|job| wanted(job)).filter(ends);
        self.jobs = jobs.cloned().collect();
    }

    /// Waits for these jobs, and for jobs that are detached meanwhile.
    fn finish(mut self) {
        while !self.jobs.is_empty() {
            if !self.wait() {
                self.report();
                return;
            }
            self.list(|job| job.header().is_detached());
        }
    }

    /// Waits until these jobs have left the pool. Returns false if the grace was over
    /// first.
    fn wait(&mut self) -> bool {
        let mut pause = FIRST_PAUSE;
        loop {
            let state = self.core.state();
            let gone = self.jobs.extract_if(.., |job| !is_here(&state, job));
            let gone: Vec<_> = gone.collect();
            drop(state);
            drop(gone);
            if self.jobs.is_empty() {
                return true;
            }
            if self.until.is_some_and(|until| until <= Instant::now()) {
                return false;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Reports the jobs that are cut off.
    fn report(&self) {
        let now = tick(self.core.born, Instant::now());
        let mut left = CutOff {
            pool: self.core.limits.name.clone(),
            ..CutOff::default()
        };
        for job in &self.jobs {
            let header = job.header();
            // A worker may have taken the job and not begun it, for example a lent one.
            if header.begun().is_none() {
                left.queued.push(header.at);
            } else {
                left.running.push(still_running(header, now));
            }
        }
        (self.core.reports.cut_off)(&left);
    }
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
