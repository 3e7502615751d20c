//! A call of either kind behind a pointer, without its type.

use std::{
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    AsyncCall, Call, Outcome, SyncCall,
    erased::{Erased, Polled, State},
    job, limit, outcome,
    sealed::Sealed,
};
use crate::{
    Bridge, Leftover, Offload, OffloadError, WaitError,
    error::unwrap,
    maybe_boxed::{MaybeBoxed, maybe_box},
    route::Kind,
    wait,
};

/// A smart call of either kind, behind a pointer. It serves collections, plugins and
/// methods of a `dyn Trait`.
///
/// A [`Handler`](crate::Handler) holds the function, so that it can be called again. Its
/// calls are of this type.
///
/// A smart `async fn` that calls itself does not need it:
/// `Box::pin(f(n - 1)).await` is enough.
///
/// ```
/// use bridge::{BoxCall, smartasync};
///
/// #[smartasync]
/// async fn greet(name: &str) -> String {
///     format!("hello {name}")
/// }
/// #[smartasync]
/// fn shout(name: &str) -> String {
///     name.to_uppercase()
/// }
///
/// let calls = [BoxCall::new(greet("ann")), BoxCall::new(shout("bob"))];
/// let texts: Vec<String> = calls.into_iter().map(BoxCall::wait).collect();
/// assert_eq!(texts, ["hello ann", "BOB"]);
/// ```
#[must_use = "the function has not run: `.await` the call in async code, `.wait()` for it in sync code"]
pub struct BoxCall<'a, T> {
    state: State<'a, T>,
    /// The bridge that was given to `on`. It takes precedence over the call's own bridge.
    bridge: Option<Bridge>,
}

impl<'a, T> BoxCall<'a, T> {
    /// Boxes a call.
    pub fn new(call: impl Call<Output = T> + Send + 'a) -> Self {
        Self::boxed(Box::new(call))
    }

    /// Takes a boxed call, and changes the place where it was made.
    pub(crate) fn placed(
        mut call: Box<impl Call<Output = T> + Send + 'a>,
        at: &'static Location<'static>,
    ) -> Self {
        Sealed::place(&mut *call, at);
        Self::boxed(call)
    }

    fn boxed(call: Box<dyn Erased<'a, T> + 'a>) -> Self {
        Self {
            state: State::Fresh(call),
            bridge: None,
        }
    }

    fn polled(call: Polled<'a, T>, bridge: Option<Bridge>) -> Self {
        Self {
            state: State::Polled(call),
            bridge,
        }
    }

    /// Runs the call from sync code.
    ///
    /// # Panics
    ///
    /// Panics as [`AsyncCall::wait`](crate::AsyncCall::wait) or
    /// [`SyncCall::wait`](crate::SyncCall::wait) does.
    #[expect(
        clippy::must_use_candidate,
        reason = "waiting is done for its effect, too"
    )]
    #[track_caller]
    pub fn wait(self) -> T {
        unwrap(self.try_wait())
    }

    /// Like [`wait`](Self::wait), but returns an error instead of a panic.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    #[track_caller]
    pub fn try_wait(mut self) -> Result<T, WaitError> {
        Sealed::begin_wait(&mut self);
        let call = match Sealed::now(self, Location::caller()) {
            Ok(value) => return Ok(value),
            Err(call) => call,
        };
        let (bridge, name) = (Sealed::bridge(&call), Sealed::name(&call));
        let outcome = wait::run_as(&bridge, name, PollOutcome(call), None)?;
        job::value(outcome, Location::caller())
    }

    /// Like [`wait`](Self::wait), but for at most `limit`. A `fn` runs on the pool then,
    /// because nothing can interrupt it on this thread.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::TimedOut`] at the deadline. Its
    /// [`Leftover`](crate::Leftover) says whether a `fn` had started. The other
    /// errors are those of [`try_wait`](Self::try_wait).
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<T, WaitError> {
        limit::wait_timeout(self, limit)
    }

    /// Runs the call now if this thread may block. Otherwise returns the call inside the
    /// [`Outcome`], which is a future.
    ///
    /// # Panics
    ///
    /// If the call runs now, this panics as [`wait`](Self::wait) does.
    #[track_caller]
    pub fn dispatch(self) -> Outcome<Self> {
        outcome::dispatch(maybe_box!(self))
    }

    /// Runs this call on `bridge`, no matter what the function's attribute says.
    ///
    /// A call that was polled before stays on the pool that has its job.
    ///
    /// ```
    /// use bridge::{BoxCall, Bridge};
    ///
    /// let bridge = Bridge::builder().worker_threads(1).build()?;
    /// let next = bridge::smart_async_fn(async |x: u32| x + 1);
    /// assert_eq!(BoxCall::new(next.call(1)).on(&bridge).wait(), 2);
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn on(self, bridge: &Bridge) -> Self {
        Self {
            state: self.state,
            bridge: Some(bridge.clone()),
        }
    }

    /// Returns the job of a `fn`: see [`SyncCall::offload`].
    ///
    /// There is no `try_offload`, because its error would have to say which of three reasons
    /// it has: the queue is full, the pool is shut down, or the call has no job. Call
    /// [`SyncCall::try_offload`] before you box the call.
    ///
    /// ```
    /// use bridge::BoxCall;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), bridge::OffloadError> {
    /// let square = bridge::smart_fn(|x: u64| x * x);
    /// let value = match BoxCall::new(square.call(4)).offload() {
    ///     Ok(job) => job.outcome().await?,
    ///     Err(call) => call.await,
    /// };
    /// assert_eq!(value, 16);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the call if it is of an `async fn`, which has no job, and if it
    /// was polled before.
    pub fn offload(self) -> Result<Offload<T>, Self> {
        Sealed::into_job(self, None)
    }
}

impl<'a, F, S> From<AsyncCall<F, S>> for BoxCall<'a, F::Output>
where
    F: Future,
    AsyncCall<F, S>: Call<Output = F::Output> + Send + 'a,
{
    fn from(call: AsyncCall<F, S>) -> Self {
        // `new` would copy a large call.
        Self::boxed(Box::new(call))
    }
}

impl<'a, A, T, R, S> From<SyncCall<A, T, R, S>> for BoxCall<'a, T>
where
    SyncCall<A, T, R, S>: Call<Output = T> + Send + 'a,
{
    fn from(call: SyncCall<A, T, R, S>) -> Self {
        Self::boxed(Box::new(call))
    }
}

/// A future that returns an error of the pool, where the call's own future panics.
struct PollOutcome<'a, T>(BoxCall<'a, T>);

impl<T> Future for PollOutcome<'_, T> {
    type Output = Result<T, OffloadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Sealed::poll_outcome(Pin::new(&mut self.0), cx)
    }
}

impl<T> Future for BoxCall<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let Self { state, bridge } = &mut *self;
        state.pinned(bridge.as_ref()).poll(cx)
    }
}

impl<'a, T> Sealed for BoxCall<'a, T> {
    const KIND: Option<Kind> = None;

    fn kind(&self) -> Kind {
        self.state.call().kind()
    }

    fn bridge(&self) -> Bridge {
        let own = || self.state.call().bridge();
        self.bridge.clone().unwrap_or_else(own)
    }

    fn name(&self) -> &'static str {
        self.state.call().name()
    }

    fn begin_wait(&mut self) {
        // A call that was polled has begun.
        if let State::Fresh(call) = &mut self.state {
            call.begin_wait();
        }
    }

    fn place(&mut self, at: &'static Location<'static>) {
        // The job of a call that was polled has its place.
        if let State::Fresh(call) = &mut self.state {
            call.place(at);
        }
    }

    #[track_caller]
    fn run(call: MaybeBoxed<Self>) -> T {
        call.into_inner().wait()
    }

    fn now(self, at: &'static Location<'static>) -> Result<T, Self> {
        let Self { state, bridge } = self;
        let refused = |call| Self::polled(call, bridge);
        state
            .fresh()
            .and_then(|call: Box<dyn Erased<'a, T> + 'a>| call.now(at))
            .map_err(refused)
    }

    fn make_job(mut self: Pin<&mut Self>, bridge: &Bridge) {
        self.state.pinned(None).make_job(bridge);
    }

    fn into_job(self, bridge: Option<&Bridge>) -> Result<Offload<T>, Self> {
        let Self { state, bridge: own } = self;
        let job = state
            .fresh()
            .and_then(|call| call.into_job(bridge.or(own.as_ref())));
        job.map_err(|call| Self::polled(call, own))
    }

    fn poll_outcome(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, OffloadError>> {
        let Self { state, bridge } = &mut *self;
        state.pinned(bridge.as_ref()).poll_outcome(cx)
    }

    fn abandon(mut self: Pin<&mut Self>) -> Leftover {
        self.state.pinned(None).abandon()
    }
}

impl<T> Call for BoxCall<'_, T> {
    type On = Self;

    fn on(self, bridge: &Bridge) -> Self {
        self.on(bridge)
    }

    #[track_caller]
    fn wait(self) -> T {
        self.wait()
    }

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

impl<T> fmt::Debug for BoxCall<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxCall")
            .field("kind", &self.state.call().kind())
            .finish_non_exhaustive()
    }
}
