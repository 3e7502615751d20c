//! What a job takes with it from the place where it was submitted.

use std::{panic::Location, pin::Pin, time::Duration};

use crate::{CutOff, OffloadError};

/// The surroundings of a submission, put back around the closure.
///
/// This crate knows no runtime. A runtime's bridge implements this to run each
/// closure inside the runtime that submitted it; [`Bare`] carries nothing.
pub trait Ambient: Send + 'static {
    /// Looks at the thread that submits, once, at the submission.
    fn capture() -> Self;

    /// Runs the closure on the pool's thread, in the surroundings captured.
    ///
    /// The surroundings are dropped after the job's caller was woken.
    fn enter<R>(&self, closure: impl FnOnce() -> R) -> R;

    /// Told when the pool stands still: jobs are queued, no thread can take one,
    /// and no job has started, ended or parked for nearly a second. Says for how
    /// long that has been so, and how many jobs are queued.
    ///
    /// It is told once for each stall, on a thread that runs only while jobs are
    /// queued which nobody can take. So it needs no further submission.
    fn stalled(_waited: Duration, _queued: usize) {}

    /// Reports a detached job that panicked, or that will not run. Nobody awaits
    /// such a job, so this is the only place where its failure shows.
    fn lost(_at: &'static Location<'static>, _why: &OffloadError) {}

    /// Reports the jobs that did not finish before the process exits. It runs on a
    /// thread that exists for the exit only.
    fn cut_off(_left: &CutOff) {}
}

/// Surroundings that know a clock, for [`Pool::run_timeout`](crate::Pool::run_timeout).
pub trait Timer: Ambient {
    /// A future that is ready after `time`, on whatever executor.
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
