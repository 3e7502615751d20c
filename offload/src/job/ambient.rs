//! The surroundings that a job takes along from the place where it was submitted.

use std::{any::Any, fmt, panic::Location, pin::Pin, sync::Arc, time::Duration};

use crate::vocabulary::{end_report::CutOff, error::OffloadError, name::PoolName, report::Report};

/// The surroundings of a submission, which are restored around the closure.
///
/// This crate knows no runtime. A bridge to a runtime implements this trait, to run each
/// closure inside the runtime that submitted it. [`Bare`] carries nothing.
pub trait Ambient: Send + 'static {
    /// The context of the submitting code, which travels with the job.
    ///
    /// Most programs have none. So a job keeps the context apart from the surroundings. The
    /// pool moves the surroundings several times, and does not move an empty context with
    /// them.
    type Context: Send + 'static;

    /// Captures the context of the submitting thread, once for each submission. `config` is
    /// the one with which the pool was built.
    ///
    /// If this panics, the panic reaches the submitter, and the job is not submitted.
    fn context(config: &Config) -> Option<Self::Context>;

    /// Captures the surroundings of the submitting thread, once for each submission.
    fn capture() -> Self;

    /// Runs the closure on a worker, in the captured surroundings and in the context.
    ///
    /// The report of a [lost](Self::lost) job runs like a closure of its own.
    ///
    /// The pool drops the surroundings after it has woken the job's caller. The context is
    /// dropped before the caller sees the result, on the caller's thread. If nobody awaits
    /// the job, the worker drops it.
    fn enter<R>(&self, context: Option<&Self::Context>, closure: impl FnOnce() -> R) -> R;

    /// Reports that the pool stands still: jobs are queued, no worker can take one, and for
    /// nearly a second nothing has happened that would let one start.
    /// [`Report::stalled_for`] says how long that has been so.
    ///
    /// The pool calls this once for each stall, on a thread that exists only for the call. So a
    /// stall is reported although nobody submits a job. If this needs a lock that a parked job
    /// holds, it gets the lock once the pool has ended that job's wait. If the call for an
    /// earlier stall has not returned, there is no further call.
    ///
    /// If the system has no thread, the pool's monitor calls this a little later. The pool
    /// refuses no wait until that call returns.
    fn stalled(_report: &Report) {}

    /// Reports a detached job that panicked, or that will not run. Nobody awaits such a
    /// job, so this is the only place where its failure shows. `at` is where the closure was
    /// offloaded. The pool calls this inside [`enter`](Self::enter), with the context of the
    /// job. If the caller detaches a job that is over, there is no `enter` around the call.
    fn lost(_pool: &PoolName, _at: &'static Location<'static>, _why: &OffloadError) {}

    /// Reports the jobs that did not finish before the process exits. A thread that exists
    /// for the exit only calls this.
    fn cut_off(_left: &CutOff) {}

    /// Returns what an awaited shutdown keeps until it has woken whoever awaits it. The pool calls
    /// this at the first poll of the shutdown.
    #[must_use]
    fn kept_by_shutdown() -> Option<KeptByShutdown> {
        None
    }
}

/// What an awaited shutdown keeps: see [`Ambient::kept_by_shutdown`].
pub type KeptByShutdown = Box<dyn Any + Send + Sync>;

/// Surroundings that know a clock, for [`Pool::run_timeout`](crate::Pool::run_timeout).
pub trait Timer: Ambient {
    /// Returns a future that is ready after `time`, on any executor.
    fn sleep(time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// A value that a pool hands to [`Ambient::context`] at each submission, if it was built
/// with one. Only the ambient knows the value's type.
#[derive(Clone, Default)]
pub struct Config(Option<Arc<dyn Any + Send + Sync>>);

impl Config {
    /// Returns a config that holds `value`.
    #[must_use]
    pub fn new(value: impl Any + Send + Sync) -> Self {
        Self(Some(Arc::new(value)))
    }

    /// Returns whether there is a value.
    #[must_use]
    #[inline]
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the value, if there is one and it is of this type.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.as_deref()?.downcast_ref()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("is_set", &self.0.is_some())
            .finish()
    }
}

/// The ambient without surroundings: it runs the closure as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Ambient for Bare {
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
}
