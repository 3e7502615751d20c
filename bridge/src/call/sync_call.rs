//! The call of a `fn`: its arguments and its body, brought together in place by
//! a wait and on a pool thread by an await (see `pooled`).
//!
//! The body is a plain function pointer that is known where the call is made,
//! so that waiting inlines to the plain call. The arguments stay as they are,
//! borrows included, until the first poll.

use std::{borrow::Borrow, fmt, mem, panic::Location, time::Duration};

use pin_project_lite::pin_project;

#[cfg(debug_assertions)]
use super::freeze::Stopwatch;
use super::{
    Call,
    args::{Own, Pass, Return},
    job::{self, Job},
    limit, named,
    setup::{Global, Setup},
};
use crate::{
    Bridge, Outcome, WaitError, carried::carry, error::unwrap, outcome, route::Route, wait,
};

pin_project! {
    /// The call that a smart `fn` returns. `.wait()` on it in sync code, `.await` it in
    /// async code, or let `.dispatch()` decide.
    ///
    /// Waiting is a plain call, in place, with the arguments as they were
    /// given. Awaiting moves the call to the bounded pool; only there, at the
    /// first poll, are borrowed arguments cloned. So this is a [`Future`] only
    /// if the arguments have owned forms that are `Send + 'static` and the
    /// output is `Send + 'static`; other calls can be waited on.
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
        // `None` once the arguments were copied.
        pub(super) call: Option<(A, R)>,
        // `Some` from then on.
        pub(super) job: Option<Job<T>>,
        // Where the call was made: what an error of the pool points at.
        pub(super) at: &'static Location<'static>,
        // The function's, for errors and `Debug`.
        pub(super) name: &'static str,
        pub(super) setup: S,
    }
}

impl<A, T, R, S> SyncCall<A, T, R, S> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(setup: S, name: &'static str, args: A, run: R) -> Self {
        Self {
            call: Some((args, run)),
            job: None,
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
    /// In async code that freezes the executor. A build of this crate with debug
    /// assertions warns of it through `tracing`, once per place, if it lasted for
    /// over 100 ms.
    ///
    /// # Panics
    ///
    /// Resumes the function's own panics.
    #[inline]
    #[track_caller]
    pub fn wait(self) -> T {
        // The call comes last, so that it writes a large value right where
        // this function's caller wants it.
        match self.call {
            Some((args, run)) => {
                // It is `None` here. Its destructor would stay behind for a panic,
                // and keep the compiler from inlining the function.
                mem::forget(self.job);
                let mut setup = self.setup;
                setup.begin(Route::Direct);
                setup.end();
                #[cfg(debug_assertions)]
                let _stopwatch = Stopwatch::start(self.name, Location::caller());
                run(args.pass())
            }
            None => unwrap(rejoin(self.job, self.setup, self.name)),
        }
    }

    /// [`wait`](Self::wait), for generic code and macros.
    ///
    /// # Errors
    ///
    /// Returns no error, unless the call was polled before. Then the call is on the pool,
    /// and the wait may fail as any wait may: see [`WaitError`].
    #[inline]
    #[track_caller]
    pub fn try_wait(self) -> Result<T, WaitError> {
        if self.call.is_none() {
            return rejoin(self.job, self.setup, self.name);
        }
        Ok(self.wait())
    }
}

/// Why a call that was polled before may have no job.
pub(super) const LOST: &str = "this call's first poll panicked while it copied the arguments, which are gone; make the call anew";

/// Waits for a call whose arguments were copied: it was polled, or the pool
/// refused it.
#[cold]
#[track_caller]
fn rejoin<T>(
    job: Option<Job<T>>,
    mut setup: impl Setup,
    name: &'static str,
) -> Result<T, WaitError> {
    match job.expect(LOST) {
        Job::Held(body) => {
            setup.begin(Route::Direct);
            #[cfg(debug_assertions)]
            let _stopwatch = Stopwatch::start(name, Location::caller());
            Ok(body.into_inner()())
        }
        Job::Pooled { offload, erase } => {
            let result = wait::run(setup.bridge().borrow(), erase(offload), None);
            let outcome = result.map_err(|error| named(error, name))?;
            let value = job::value(outcome, Location::caller())?;
            setup.end();
            Ok(value)
        }
    }
}

// The bounds are the methods', not the block's: a call that lacks them gets their
// own message, and not that there is no such method.
impl<A, T, R, S> SyncCall<A, T, R, S> {
    /// Calls the function on the pool, and parks this thread for at most `limit` until it
    /// is done.
    ///
    /// The limit doesn't interrupt a function that has started: its thread
    /// finishes it, and its result is dropped. A function that has not started
    /// never will.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::TimedOut`] at the deadline. Its
    /// [`Leftover`](crate::Leftover) says whether the function had started.
    /// Returns [`WaitError::OffloadFailed`] if the pool is shut down, and another
    /// [`WaitError`] if this thread must not be parked.
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<T, WaitError>
    where
        Self: Call<Output = T>,
    {
        limit::wait_timeout(self, limit)
    }

    /// Calls the function now, in place, where this thread may block, and
    /// leaves a future to be awaited where it may not.
    ///
    /// Under an executor that can't be detected (any but Tokio's, outside
    /// [`in_async`](crate::in_async)) it runs in place.
    ///
    /// # Panics
    ///
    /// Resumes the function's own panics, where it runs in place.
    #[track_caller]
    pub fn dispatch(self) -> Outcome<Self>
    where
        Self: Call<Output = T>,
    {
        outcome::dispatch(carry!(self))
    }

    /// Runs this call on `bridge`, no matter what the function's attribute says.
    ///
    /// The bridge's pool runs the function if the call is awaited, and its home
    /// runtime serves the waits. [`wait`](Self::wait) is a plain call and uses
    /// neither. A call that was polled before stays on the pool that has its job.
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
            call: self.call,
            job: self.job,
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
