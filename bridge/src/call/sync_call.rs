//! The call of a `fn`: its arguments and its body.
//!
//! A wait runs the body in place. An await runs it on a thread of the pool (see `pooled`).
//! The compiler knows the body where the call is made, so it can inline a wait to the plain
//! call. The arguments stay as they are, including borrows, until the first poll.

use std::{borrow::Borrow, fmt, panic::Location, time::Duration};

use pin_project_lite::pin_project;

#[cfg(debug_assertions)]
use super::stopwatch::Stopwatch;
use super::{
    Call, Outcome,
    args::{Own, Pass, Return},
    job::{self, CallState, Job, lost},
    limit, outcome,
    setup::{Global, Setup},
};
use crate::{Bridge, WaitError, error::unwrap, maybe_boxed::maybe_box, route::Route, wait};

pin_project! {
    /// The call that a smart `fn` returns. `.wait()` on it in sync code, `.await` it in
    /// async code, or let `.dispatch()` decide.
    ///
    /// A wait is a plain call, in place, with the arguments as they were given. An await
    /// moves the call to the bounded pool, and its first poll clones the borrowed
    /// arguments. So this is a [`Future`] only if the arguments have owned forms that are
    /// `Send + 'static`, and the output is `Send + 'static`. Any call can be waited on.
    ///
    /// `A` are the arguments, `T` is the output and `R` the function's body.
    ///
    /// ```
    /// use bridge::smartasync;
    ///
    /// #[smartasync]
    /// fn count(text: &str) -> usize {
    ///     text.len()
    /// }
    ///
    /// assert_eq!(count("four").wait(), 4);
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(count("four").await, 4);
    /// # });
    /// ```
    #[must_use = "the function has not run: `.wait()` for the call in sync code, `.await` it in async code"]
    pub struct SyncCall<A, T, R, S = Global> {
        pub(super) state: CallState<A, T, R>,
        // The place where the call was made. An error of the pool names it.
        pub(super) at: &'static Location<'static>,
        // The name of the function, for errors and `Debug`.
        pub(super) name: &'static str,
        pub(super) setup: S,
    }
}

impl<A, T, R, S> SyncCall<A, T, R, S> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(setup: S, name: &'static str, args: A, run: R) -> Self {
        Self {
            state: CallState::Fresh(args, run),
            at: Location::caller(),
            name,
            setup,
        }
    }
}

impl<A, T, R, S> SyncCall<A, T, R, S>
where
    A: Pass,
    R: FnOnce(A::Passed) -> T,
    S: Setup,
{
    /// Calls the function here and now, as a plain call would. It does not look at the
    /// context of this thread.
    ///
    /// In async code this freezes the executor. A build of this crate with debug
    /// assertions warns of that through `tracing`, once for each place, if the call took
    /// over 100 ms.
    ///
    /// # Panics
    ///
    /// Resumes the function's own panics.
    ///
    /// If the call was polled before, its function is on the pool. Then this waits for it, and
    /// panics with the text of a [`WaitError`] where [`try_wait`](Self::try_wait) returns that
    /// error. It also panics if that poll has panicked while it copied the arguments.
    #[inline]
    #[track_caller]
    pub fn wait(self) -> T {
        // The call comes last, so that it writes a large value right where
        // this function's caller wants it.
        match self.state {
            CallState::Fresh(args, run) => {
                let mut setup = self.setup;
                setup.begin(Route::Direct);
                setup.end();
                #[cfg(debug_assertions)]
                let _stopwatch = Stopwatch::start(self.name, Location::caller());
                run(args.pass())
            }
            CallState::Copied(job) => unwrap(rejoin(job, self.setup, self.name)),
        }
    }

    /// Like [`wait`](Self::wait), but returns a `Result`, for generic code and macros.
    ///
    /// # Errors
    ///
    /// Returns no error, unless the call was polled before. Then the call is on the pool,
    /// and the wait may fail as any wait may: see [`WaitError`].
    #[inline]
    #[track_caller]
    pub fn try_wait(self) -> Result<T, WaitError> {
        match self.state {
            CallState::Fresh(..) => Ok(self.wait()),
            CallState::Copied(job) => rejoin(job, self.setup, self.name),
        }
    }
}

/// Waits for a call whose arguments were copied: it was polled, or the pool
/// refused it.
#[cold]
#[track_caller]
fn rejoin<T>(job: Job<T>, mut setup: impl Setup, name: &'static str) -> Result<T, WaitError> {
    match job {
        Job::Held(body) => {
            setup.begin(Route::Direct);
            #[cfg(debug_assertions)]
            let _stopwatch = Stopwatch::start(name, Location::caller());
            Ok(body.into_inner()())
        }
        Job::Pooled { offload, erase } => {
            let outcome = wait::run_as(setup.bridge().borrow(), name, erase(offload), None)?;
            job::value(outcome, Location::caller())
        }
        Job::Lost => lost(),
    }
}

// The methods have the bounds, and not the block. So for a call that lacks a bound the
// compiler shows the bound's own message, and not that there is no such method.
impl<A, T, R, S> SyncCall<A, T, R, S> {
    /// Calls the function on the pool, and parks this thread until the function returns,
    /// for at most `limit`.
    ///
    /// The limit doesn't interrupt a function that has started: its thread finishes it,
    /// and the result is dropped. A function that has not started never runs.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::TimedOut`] at the deadline. Its
    /// [`Leftover`](crate::Leftover) says whether the function had started.
    /// Returns [`WaitError::OffloadFailed`] if the pool is shut down. But if the wait rests on
    /// the home runtime, as on a plain thread, it returns [`WaitError::RuntimeGone`] once the
    /// shutdown has ended that too. Returns another [`WaitError`] if this thread must not be
    /// parked.
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<T, WaitError>
    where
        Self: Call<Output = T>,
    {
        limit::wait_timeout(self, limit)
    }

    /// Calls the function now, in place, if this thread may block. Otherwise returns the
    /// call inside the [`Outcome`], which is a future.
    ///
    /// This can't detect executors other than Tokio's. Under such an executor the function
    /// runs in place, except inside [`in_async`](crate::in_async).
    ///
    /// # Panics
    ///
    /// If the function runs now, this panics as [`wait`](Self::wait) does.
    #[track_caller]
    pub fn dispatch(self) -> Outcome<Self>
    where
        Self: Call<Output = T>,
    {
        outcome::dispatch(maybe_box!(self))
    }

    /// Runs this call on `bridge`, no matter what the function's attribute says.
    ///
    /// The bridge's pool runs the function if the call is awaited, offloaded or waited for
    /// with a limit. [`wait`](Self::wait) is a plain call and uses no pool. A call that was
    /// polled before stays on the pool that has its job.
    ///
    /// ```
    /// use bridge::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// fn count(text: &str) -> usize {
    ///     text.len()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bridge::BuildError> {
    /// let bridge = Bridge::builder().max_threads(2).build()?;
    /// assert_eq!(count("four").on(&bridge).await, 4);
    /// assert_eq!(bridge.metrics().completed, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(self, bridge: &Bridge) -> SyncCall<A, T, R, S::On>
    where
        S: Setup,
    {
        SyncCall {
            state: self.state,
            at: self.at,
            name: self.name,
            setup: self.setup.on(bridge),
        }
    }
}

impl<A, T, R, S> Call for SyncCall<A, T, R, S>
where
    A: Own,
    T: Return,
    R: FnOnce(A::Passed) -> T + for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
    S: Setup,
{
    type On = SyncCall<A, T, R, S::On>;

    fn on(self, bridge: &Bridge) -> Self::On {
        self.on(bridge)
    }

    #[inline]
    #[track_caller]
    fn wait(self) -> T {
        self.wait()
    }

    #[inline]
    #[track_caller]
    fn try_wait(self) -> Result<T, WaitError> {
        self.try_wait()
    }

    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<T, WaitError> {
        self.wait_timeout(limit)
    }

    #[track_caller]
    fn dispatch(self) -> Outcome<Self> {
        self.dispatch()
    }
}

impl<A, T, R, S> fmt::Debug for SyncCall<A, T, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncCall").field(&self.name).finish()
    }
}
