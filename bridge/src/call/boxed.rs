//! Either call, erased.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use super::{AsyncCall, Call, SyncCall, named, sealed::Sealed, unwrap};
use crate::{
    Bridge, Outcome, WaitError,
    carried::{Carried, carry, put_down},
    outcome,
    route::Kind,
    wait,
};

/// A smart call of either kind, behind a pointer: for collections, plugins and
/// methods of a `dyn Trait`.
///
/// A smart `async fn` that calls itself has no need of it:
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
pub struct BoxCall<'a, T>(State<'a, T>);

enum State<'a, T> {
    // A wait may still move the call out of its box.
    Fresh(Box<dyn Erased<'a, T> + 'a>),
    Polled(Polled<'a, T>),
    // Only while `poll` turns one into the other.
    Moved,
}

type Polled<'a, T> = Pin<Box<dyn Erased<'a, T> + 'a>>;

trait Erased<'a, T>: Future<Output = T> + Send {
    fn kind(&self) -> Kind;
    fn bridge(&self) -> Bridge;
    fn name(&self) -> &'static str;
    fn now(self: Box<Self>) -> Result<T, Polled<'a, T>>;
}

impl<'a, C: Call + Send + 'a> Erased<'a, C::Output> for C {
    fn kind(&self) -> Kind {
        Sealed::kind(self)
    }

    fn bridge(&self) -> Bridge {
        Sealed::bridge(self)
    }

    fn name(&self) -> &'static str {
        Sealed::name(self)
    }

    fn now(self: Box<Self>) -> Result<C::Output, Polled<'a, C::Output>> {
        match Sealed::kind(&*self) {
            Kind::Sync => unboxed(self),
            // Left in its box: a future may be large.
            Kind::Async => Err(Box::into_pin(self)),
        }
    }
}

/// Runs the call of a `fn` in place. Apart, because this frame has room for the
/// call, and that of an `async fn` may be large.
#[inline(never)]
#[expect(
    clippy::boxed_local,
    reason = "a copy in the caller's frame is what the box avoids"
)]
fn unboxed<'a, C: Call + Send + 'a>(call: Box<C>) -> Result<C::Output, Polled<'a, C::Output>> {
    Sealed::now(*call).map_err(|call| Box::pin(call) as _)
}

impl<'a, T> BoxCall<'a, T> {
    /// Erases a call.
    pub fn new(call: impl Call<Output = T> + Send + 'a) -> Self {
        Self(State::Fresh(Box::new(call)))
    }

    fn start(self) -> Result<T, Polled<'a, T>> {
        match self.0 {
            State::Fresh(call) => call.now(),
            State::Polled(call) => Err(call),
            State::Moved => unreachable!("left by `poll` in no case"),
        }
    }

    #[track_caller]
    fn run(self, limit: Option<Duration>) -> Result<T, WaitError> {
        let (bridge, name) = (Sealed::bridge(&self), Sealed::name(&self));
        wait::run(&bridge, self, limit).map_err(|error| named(error, name))
    }

    /// Runs the call from sync code.
    ///
    /// # Panics
    ///
    /// As [`AsyncCall::wait`](crate::AsyncCall::wait) or
    /// [`SyncCall::wait`](crate::SyncCall::wait), whichever it is.
    #[expect(
        clippy::must_use_candidate,
        reason = "waiting is done for its effect, too"
    )]
    #[track_caller]
    pub fn wait(self) -> T {
        unwrap(self.try_wait())
    }

    /// [`wait`](Self::wait), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// See [`WaitError`].
    #[track_caller]
    pub fn try_wait(self) -> Result<T, WaitError> {
        match self.start() {
            Ok(value) => Ok(value),
            Err(call) => BoxCall(State::Polled(call)).run(None),
        }
    }

    /// [`wait`](Self::wait) for at most `limit`; a `fn` is offloaded for that.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`] at the deadline, else as
    /// [`try_wait`](Self::try_wait).
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<T, WaitError> {
        self.run(Some(limit))
    }

    /// Runs the call now where this thread may block, and leaves it to be
    /// awaited where it may not.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait), where it runs now.
    #[track_caller]
    pub fn dispatch(self) -> Outcome<Self> {
        outcome::dispatch(carry!(self))
    }

    fn erased(&self) -> &(dyn Erased<'a, T> + 'a) {
        match &self.0 {
            State::Fresh(call) => &**call,
            State::Polled(call) => &**call,
            State::Moved => unreachable!("left by `poll` in no case"),
        }
    }
}

impl<'a, F, S> From<AsyncCall<F, S>> for BoxCall<'a, F::Output>
where
    F: Future,
    AsyncCall<F, S>: Call<Output = F::Output> + Send + 'a,
{
    fn from(call: AsyncCall<F, S>) -> Self {
        // Not through `new`, which would copy the call.
        Self(State::Fresh(Box::new(call)))
    }
}

impl<'a, A, T, R, S> From<SyncCall<A, T, R, S>> for BoxCall<'a, T>
where
    SyncCall<A, T, R, S>: Call<Output = T> + Send + 'a,
{
    fn from(call: SyncCall<A, T, R, S>) -> Self {
        Self(State::Fresh(Box::new(call)))
    }
}

impl<T> Future for BoxCall<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if let State::Fresh(_) = self.0
            && let State::Fresh(call) = mem::replace(&mut self.0, State::Moved)
        {
            self.0 = State::Polled(Box::into_pin(call));
        }
        match &mut self.0 {
            State::Polled(call) => call.as_mut().poll(cx),
            State::Fresh(_) | State::Moved => unreachable!("pinned above"),
        }
    }
}

impl<T> Sealed for BoxCall<'_, T> {
    fn kind(&self) -> Kind {
        self.erased().kind()
    }

    fn bridge(&self) -> Bridge {
        self.erased().bridge()
    }

    fn name(&self) -> &'static str {
        self.erased().name()
    }

    #[track_caller]
    fn run(call: Carried<Self>) -> T {
        put_down(call).wait()
    }

    fn now(self) -> Result<T, Self> {
        self.start().map_err(|call| Self(State::Polled(call)))
    }
}

impl<T> Call for BoxCall<'_, T> {
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
            .field("kind", &self.erased().kind())
            .finish_non_exhaustive()
    }
}
