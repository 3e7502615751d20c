//! The surroundings that a job takes along from the place where it was submitted.

use std::{panic::Location, pin::Pin, time::Duration};

use crate::{CutOff, OffloadError, PoolName, Report};

/// The surroundings of a submission, which are restored around the closure.
///
/// This crate knows no runtime. A bridge to a runtime implements this trait, to run each
/// closure inside the runtime that submitted it. [`Bare`] carries nothing.
pub trait Ambient: Send + 'static {
    /// Captures the surroundings of the submitting thread, once for each submission.
    fn capture() -> Self;

    /// Runs the closure on a worker, in the captured surroundings.
    ///
    /// The pool drops the surroundings after it has woken the job's caller.
    fn enter<R>(&self, closure: impl FnOnce() -> R) -> R;

    /// Reports that the pool stands still: jobs are queued, no worker can take one, and
    /// no job has started, ended or parked for nearly a second.
    /// [`Report::stalled_for`] says how long that has been so.
    ///
    /// The pool calls this once for each stall, on a thread of its own. So the report
    /// needs no further submission.
    fn stalled(_report: &Report) {}

    /// Reports a detached job that panicked, or that will not run. Nobody awaits such a
    /// job, so this is the only place where its failure shows. `at` is where the closure was
    /// offloaded.
    fn lost(_pool: &PoolName, _at: &'static Location<'static>, _why: &OffloadError) {}

    /// Reports the jobs that did not finish before the process exits. It runs on a
    /// thread that exists for the exit only.
    fn cut_off(_left: &CutOff) {}
}

/// Surroundings that know a clock, for [`Pool::run_timeout`](crate::Pool::run_timeout).
pub trait Timer: Ambient {
    /// Returns a future that is ready after `time`, on any executor.
    fn sleep(time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// No surroundings: the closure runs as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Ambient for Bare {
    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, closure: impl FnOnce() -> R) -> R {
        closure()
    }
}
