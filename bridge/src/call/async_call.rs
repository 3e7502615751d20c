//! The call of an `async fn`: its future, and nothing else.

use std::{
    borrow::Borrow,
    fmt, mem,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use offload_pool::large::Large;
use pin_project_lite::pin_project;

use super::{
    Call, Outcome,
    job::Unfinished,
    outcome,
    sealed::Sealed,
    setup::{Global, Setup},
};
use crate::{
    Bridge, WaitError,
    error::unwrap,
    maybe_boxed::{self, MaybeBoxed, maybe_box},
    route::{Kind, Route},
    wait,
};

pin_project! {
    /// The call that a smart `async fn` returns. `.await` it in async code, `.wait()` on
    /// it in sync code, or let `.dispatch()` decide.
    ///
    /// Awaiting the call means awaiting the function's own future: it has the same size
    /// and runs the same instructions. The call is `Send` whenever that future is.
    ///
    /// ```
    /// use bridge::smartasync;
    ///
    /// #[smartasync]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// assert_eq!(double(4).wait(), 8);
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(double(4).await, 8);
    /// # });
    /// ```
    #[must_use = "the function has not run: `.await` the call in async code, `.wait()` for it in sync code"]
    pub struct AsyncCall<F, S = Global> {
        #[pin]
        future: F,
        setup: S,
    }
}

/// Returns the call of an `async fn`.
///
/// The output of the attribute calls this function directly, because a build that is not
/// optimised copies the future for each function in between.
#[inline]
pub fn async_call<F: Future, S>(setup: S, future: F) -> AsyncCall<F, S> {
    AsyncCall { future, setup }
}

impl<F: Future, S: Setup> AsyncCall<F, S> {
    #[track_caller]
    fn run(self, limit: Option<Duration>) -> Result<F::Output, WaitError> {
        let Self { future, mut setup } = self;
        setup.begin(Route::Wait);
        let result = wait::run_as(
            setup.bridge().borrow(),
            maybe_boxed::name::<F>(),
            future,
            limit,
        );
        if result.is_ok() {
            setup.end();
        }
        result
    }

    /// [`run`](Self::run) for a large call. The box keeps the call out of every frame.
    #[track_caller]
    fn run_boxed(
        mut self: Pin<Box<Self>>,
        limit: Option<Duration>,
    ) -> Result<F::Output, WaitError> {
        // The wait polls the call itself. That poll calls `begin` again, which changes
        // nothing, and it calls `end`.
        self.as_mut().project().setup.begin(Route::Wait);
        let bridge = Sealed::bridge(&*self);
        wait::run_as(&bridge, maybe_boxed::name::<F>(), self, limit)
    }

    /// Runs the function to completion on this thread, and parks the thread between polls.
    ///
    /// # Panics
    ///
    /// Panics with the text of a [`WaitError`] where [`try_wait`](Self::try_wait) returns that
    /// error. Resumes the function's own panics.
    #[track_caller]
    pub fn wait(self) -> F::Output {
        if Large::<F>::IS {
            return unwrap(Box::pin(self).run_boxed(None));
        }
        unwrap(self.run(None))
    }

    /// Like [`wait`](Self::wait), but returns an error instead of a panic.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    #[track_caller]
    pub fn try_wait(self) -> Result<F::Output, WaitError> {
        if Large::<F>::IS {
            return Box::pin(self).run_boxed(None);
        }
        self.run(None)
    }

    /// Like [`wait`](Self::wait), but drops the future after `limit`.
    ///
    /// # Errors
    ///
    /// Returns [`WaitError::TimedOut`] at the deadline. The other errors are those of
    /// [`try_wait`](Self::try_wait).
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<F::Output, WaitError> {
        if Large::<F>::IS {
            return Box::pin(self).run_boxed(Some(limit));
        }
        self.run(Some(limit))
    }

    /// Waits now if this thread may block. Otherwise returns the call inside the
    /// [`Outcome`], which is a future.
    ///
    /// This can't detect executors other than Tokio's. Under such an executor it waits,
    /// except inside [`in_async`](crate::in_async).
    ///
    /// # Panics
    ///
    /// If it waits, it panics as [`wait`](Self::wait) does.
    #[track_caller]
    pub fn dispatch(self) -> Outcome<Self> {
        outcome::dispatch(maybe_box!(self))
    }

    /// Runs this call on `bridge`, no matter what the function's attribute says.
    ///
    /// A wait of the returned call has the settings of this bridge. It rests on the bridge's
    /// home runtime, unless a multi-thread runtime is reachable on the thread: then it rests
    /// on that one. Awaiting the call uses no bridge.
    ///
    /// ```
    /// use bridge::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// let bridge = Bridge::builder().worker_threads(1).build()?;
    /// assert_eq!(double(4).on(&bridge).wait(), 8);
    /// # Ok::<(), bridge::BuildError>(())
    /// ```
    pub fn on(self, bridge: &Bridge) -> AsyncCall<MaybeBoxed<F>, S::On> {
        AsyncCall {
            future: maybe_box!(self.future),
            setup: self.setup.on(bridge),
        }
    }
}

impl<F: Future, S: Setup> Future for AsyncCall<F, S> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.setup.begin(Route::Await);
        let unfinished = Unfinished(&mut *this.setup);
        let poll = this.future.poll(cx);
        mem::forget(unfinished);
        if poll.is_ready() {
            this.setup.end();
        }
        poll
    }
}

impl<F: Future, S: Setup> Sealed for AsyncCall<F, S> {
    const KIND: Option<Kind> = Some(Kind::Async);

    fn kind(&self) -> Kind {
        Kind::Async
    }

    fn bridge(&self) -> Bridge {
        let bridge = self.setup.bridge();
        let bridge: &Bridge = bridge.borrow();
        bridge.clone()
    }

    fn name(&self) -> &'static str {
        maybe_boxed::name::<F>()
    }

    fn begin_wait(&mut self) {
        self.setup.begin(Route::Wait);
    }

    fn place(&mut self, at: &'static Location<'static>) {
        self.setup.place(at);
    }

    #[track_caller]
    fn run(call: MaybeBoxed<Self>) -> F::Output {
        #[cfg(debug_assertions)]
        return unwrap(call.into_boxed().run_boxed(None));
        #[cfg(not(debug_assertions))]
        call.into_inner().wait()
    }
}

impl<F: Future, S: Setup> Call for AsyncCall<F, S> {
    type On = AsyncCall<MaybeBoxed<F>, S::On>;

    fn on(self, bridge: &Bridge) -> Self::On {
        // This repeats the inherent method, because a call of it would copy a large future.
        AsyncCall {
            future: maybe_box!(self.future),
            setup: self.setup.on(bridge),
        }
    }

    #[track_caller]
    fn wait(self) -> F::Output {
        if Large::<F>::IS {
            return unwrap(Box::pin(self).run_boxed(None));
        }
        unwrap(self.run(None))
    }

    #[track_caller]
    fn try_wait(self) -> Result<F::Output, WaitError> {
        if Large::<F>::IS {
            return Box::pin(self).run_boxed(None);
        }
        self.run(None)
    }

    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<F::Output, WaitError> {
        if Large::<F>::IS {
            return Box::pin(self).run_boxed(Some(limit));
        }
        self.run(Some(limit))
    }

    #[track_caller]
    fn dispatch(self) -> Outcome<Self> {
        outcome::dispatch(maybe_box!(self))
    }
}

impl<F, S> fmt::Debug for AsyncCall<F, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncCall")
            .field(&maybe_boxed::name::<F>())
            .finish()
    }
}
