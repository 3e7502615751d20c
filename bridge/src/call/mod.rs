//! Calls: the values that smart functions return.
//!
//! A call has not run yet. [`AsyncCall`] holds a future. [`SyncCall`] holds the arguments
//! and the function. [`BoxCall`] is either of them behind a pointer. [`Call`] is their
//! trait, for generic code. [`Outcome`] is the result of a call's `dispatch`.
//!
//! `args` decides which arguments can follow a call to another thread. `setup` holds the
//! bridge that a call uses and the `hooks` around its run. `record` holds the hooks that log.
//!
//! `pooled` moves a [`SyncCall`] to the pool. A `job` is such a call, and `limit` waits for it
//! with a limit. `erased` is what [`BoxCall`] holds. `nested` lends borrows within
//! arguments. `stopwatch` warns of a poll that a wait froze.

pub(crate) mod args;
mod async_call;
mod boxed;
mod erased;
pub(crate) mod hooks;
mod job;
mod limit;
pub(crate) mod nested;
mod outcome;
mod pooled;
mod record;
pub(crate) mod setup;
#[cfg(debug_assertions)]
mod stopwatch;
mod sync_call;

use std::time::Duration;

pub use async_call::{AsyncCall, async_call};
pub use boxed::BoxCall;
pub use outcome::Outcome;
pub use sync_call::SyncCall;

use crate::{Bridge, WaitError};

/// Any smart call, for code that takes "a call of either kind".
///
/// This trait is for generic code. Each call type has the same methods as inherent ones, so
/// the user of a smart function needs no import. The trait is sealed: [`AsyncCall`],
/// [`SyncCall`] and [`BoxCall`] implement it.
///
/// ```
/// use bridge::{Call, smartasync};
///
/// #[smartasync]
/// async fn one() -> u32 {
///     1
/// }
/// #[smartasync]
/// fn two() -> u32 {
///     2
/// }
///
/// fn twice(call: impl Call<Output = u32>) -> u32 {
///     call.wait() * 2
/// }
///
/// assert_eq!(twice(one()) + twice(two()), 6);
/// ```
///
/// # With `Wait`
///
/// Every call is a future. So if [`Wait`](crate::Wait) is imported too, an `impl Call` that
/// a function returned has two methods `wait`, and the compiler asks which (E0034). An
/// associated type bounded by `Call` has two as well. Import this trait for smart calls. If
/// both must be imported, name it:
///
/// ```
/// use bridge::{Call, Wait, smartasync};
///
/// #[smartasync]
/// async fn one() -> u32 {
///     1
/// }
///
/// fn first() -> impl Call<Output = u32> {
///     one()
/// }
///
/// assert_eq!(Call::wait(first()), 1);
/// assert_eq!(async { 1 }.wait(), 1);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a smart call that could also be awaited",
    note = "for a future that no smart function made, use `bridge::Wait` or `bridge::wait(future)`",
    note = "for a handler of a closure, use `Handler::from_fn` or `Handler::from_async_fn`"
)]
pub trait Call: Future + Sized + sealed::Sealed {
    /// Runs this call to completion from sync code.
    ///
    /// # Panics
    ///
    /// Panics with a [`WaitError`]'s text if a wait is not possible. Resumes the
    /// function's own panics.
    #[track_caller]
    fn wait(self) -> Self::Output;

    /// Runs this call to completion from sync code, or says why it can't.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    #[track_caller]
    fn try_wait(self) -> Result<Self::Output, WaitError>;

    /// Runs this call to completion from sync code, for at most `limit`.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::TimedOut`] at the deadline, when the call is
    /// dropped. [`Leftover`](crate::Leftover) says whether a `fn` had started.
    /// The other errors are those of [`try_wait`](Call::try_wait).
    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<Self::Output, WaitError>;

    /// Runs the call now if this thread may block. In async code it returns the call
    /// inside the [`Outcome`], which is a future.
    ///
    /// # Panics
    ///
    /// If the call runs now, this panics as [`wait`](Call::wait) does.
    #[track_caller]
    fn dispatch(self) -> Outcome<Self>;

    /// The call that [`on`](Call::on) returns.
    ///
    /// Generic code that sends this call to another thread needs a bound, as in
    /// `C: Call<On: Send>`.
    type On: Call<Output = Self::Output>;

    /// Runs this call on `bridge`, no matter what the function's attribute says.
    ///
    /// The returned call holds a handle to the bridge. A call that was polled
    /// before stays on the pool that has its job.
    ///
    /// ```
    /// use bridge::{Bridge, Call};
    ///
    /// fn first(call: impl Call<Output = u32>, bridge: &Bridge) -> u32 {
    ///     call.on(bridge).wait()
    /// }
    ///
    /// let bridge = Bridge::builder().worker_threads(1).build()?;
    /// let next = bridge::smart_async_fn(async |x: u32| x + 1);
    /// assert_eq!(first(next.call(1), &bridge), 2);
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    fn on(self, bridge: &Bridge) -> Self::On;
}

/// The methods of a call that only this crate needs.
pub(crate) mod sealed {
    use std::{
        panic::Location,
        pin::Pin,
        task::{Context, Poll},
    };

    use crate::{Bridge, Leftover, Offload, OffloadError, maybe_boxed::MaybeBoxed, route::Kind};

    pub trait Sealed: Future + Sized {
        /// The kind of the function of all calls of this type, or `None` if the type does
        /// not tell.
        const KIND: Option<Kind>;

        /// Returns the kind of the function.
        fn kind(&self) -> Kind;

        /// Notes that the call of an `async fn` starts by a wait. Its polls alone don't
        /// tell.
        fn begin_wait(&mut self) {}

        /// Changes the place where the call was made.
        fn place(&mut self, at: &'static Location<'static>) {
            let _ = at;
        }

        /// Returns the bridge to wait on. Each call of this evaluates `bridge = EXPR`.
        fn bridge(&self) -> Bridge;

        /// Returns the name of the function, for errors.
        fn name(&self) -> &'static str;

        /// Waits for a call that was dispatched.
        #[track_caller]
        fn run(call: MaybeBoxed<Self>) -> Self::Output;

        /// Runs the function in place if a wait is a plain call, and returns its result.
        /// Otherwise returns the call as `Err`. `at` is the place of the wait.
        fn now(self, at: &'static Location<'static>) -> Result<Self::Output, Self> {
            let _ = at;
            Err(self)
        }

        /// Makes the job of a `fn`, on `bridge`, if the call has none.
        fn make_job(self: Pin<&mut Self>, bridge: &Bridge) {
            let _ = bridge;
        }

        /// Returns the job of a `fn`, on `bridge` or otherwise on the call's own bridge.
        /// Returns the call as `Err` if it has no job.
        fn into_job(self, bridge: Option<&Bridge>) -> Result<Offload<Self::Output>, Self> {
            let _ = bridge;
            Err(self)
        }

        /// Polls the call. An error of the pool is returned, and does not panic.
        fn poll_outcome(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Result<Self::Output, OffloadError>> {
            self.poll(cx).map(Ok)
        }

        /// Withdraws the work of a wait that ran out of time. Returns what is left of
        /// it.
        fn abandon(self: Pin<&mut Self>) -> Leftover {
            Leftover::Dropped
        }
    }
}
