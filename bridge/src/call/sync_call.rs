//! The call of a `fn`: its arguments and its body, brought together in place by
//! a wait and on a pool thread by an await.
//!
//! The body is a plain function pointer that is known where the call is made,
//! so that waiting inlines to the plain call. The arguments stay as they are,
//! borrows included, until the first poll.

use std::{
    borrow::Borrow,
    fmt,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;

use super::{
    Call,
    args::{Own, Pass, Return},
    named, sealed,
    setup::{Global, Setup},
    unwrap,
};
use crate::{
    Bridge, Offload, Outcome, WaitError,
    carried::{Carried, carry, put_down},
    outcome,
    route::{Kind, Route},
    wait,
};

pin_project! {
    /// What a smart `fn` returns: `.wait()` it in sync code, `.await` it in
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
        // `None` once the job was submitted.
        call: Option<(A, R)>,
        #[pin]
        job: Option<Job<T>>,
        // Where the call was made: what an error of the pool points at.
        at: &'static Location<'static>,
        // The function's, for errors and `Debug`.
        name: &'static str,
        setup: S,
    }
}

pin_project! {
    struct Job<T> {
        #[pin]
        offload: Offload<T>,
        // Lets a wait, which has no bound on `T`, take over a polled call.
        erase: fn(Offload<T>) -> Pin<Box<dyn Future<Output = T>>>,
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
    /// Calls the function here and now, as a plain call would, whatever this
    /// thread is doing.
    ///
    /// # Panics
    ///
    /// With whatever the function panics with.
    #[inline]
    #[track_caller]
    pub fn wait(self) -> T {
        // The call comes last, so that it writes a large value right where
        // this function's caller wants it.
        match self.call {
            Some((args, run)) => {
                let mut setup = self.setup;
                setup.begin(Route::Direct);
                setup.end();
                run(args.pass())
            }
            None => unwrap(rejoin(self.job, &self.setup, self.name)),
        }
    }

    /// [`wait`](Self::wait), for generic code and macros.
    ///
    /// # Errors
    ///
    /// None, unless the call was polled before: then it is on the pool, and
    /// waiting for it may fail as any wait may. See [`WaitError`].
    #[inline]
    #[track_caller]
    pub fn try_wait(self) -> Result<T, WaitError> {
        if self.call.is_none() {
            return rejoin(self.job, &self.setup, self.name);
        }
        Ok(self.wait())
    }
}

/// Why a call that was polled before may have no job.
const LOST: &str = "this call's first poll panicked while it copied the arguments, which are gone; make the call anew";

/// Waits for a call that was polled before.
#[cold]
#[track_caller]
fn rejoin<T>(job: Option<Job<T>>, setup: &impl Setup, name: &'static str) -> Result<T, WaitError> {
    let Job { offload, erase } = job.expect(LOST);
    wait::run(setup.bridge().borrow(), erase(offload), None).map_err(|error| named(error, name))
}

// The bounds are the methods', not the block's: a call that lacks them gets their
// own message, and not that there is no such method.
impl<A, T, R, S> SyncCall<A, T, R, S> {
    /// Calls the function on the pool and waits for it for at most `limit`,
    /// parking this thread.
    ///
    /// A function that has started by then is not interrupted: its thread
    /// finishes it, and its result is dropped.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`] at the deadline; others if this thread must not
    /// be parked.
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<T, WaitError>
    where
        Self: Call<Output = T>,
    {
        let bridge = sealed::Sealed::bridge(&self);
        let name = self.name;
        wait::run(&bridge, self, Some(limit)).map_err(|error| named(error, name))
    }

    /// Calls the function now, in place, where this thread may block, and
    /// leaves a future to be awaited where it may not.
    ///
    /// Under an executor that can't be detected (any but Tokio's, outside
    /// [`in_async`](crate::in_async)) it runs in place.
    ///
    /// # Panics
    ///
    /// With whatever the function panics with, where it runs in place.
    #[track_caller]
    pub fn dispatch(self) -> Outcome<Self>
    where
        Self: Call<Output = T>,
    {
        outcome::dispatch(carry!(self))
    }
}

impl<A, T, R, S> Future for SyncCall<A, T, R, S>
where
    A: Own,
    T: Return,
    R: for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
    S: Setup,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut this = self.project();
        if let Some((args, run)) = this.call.take() {
            this.setup.begin(Route::Offload);
            let mut owned = args.own();
            let offload = this.setup.bridge().borrow().offload_at(
                move || {
                    let mut ready = A::ready(&mut owned);
                    run(A::lend(&mut ready))
                },
                this.at,
            );
            this.job.set(Some(Job {
                offload,
                erase: |offload| Box::pin(offload),
            }));
        }
        let job = this.job.as_pin_mut().expect(LOST);
        let poll = job.project().offload.poll(cx);
        if poll.is_ready() {
            this.setup.end();
        }
        poll
    }
}

impl<A, T, R, S> sealed::Sealed for SyncCall<A, T, R, S>
where
    A: Own,
    T: Return,
    R: FnOnce(A::Passed) -> T + for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
    S: Setup,
{
    fn kind(&self) -> Kind {
        Kind::Sync
    }

    fn bridge(&self) -> Bridge {
        let bridge = self.setup.bridge();
        let bridge: &Bridge = bridge.borrow();
        bridge.clone()
    }

    fn name(&self) -> &'static str {
        self.name
    }

    #[track_caller]
    fn run(call: Carried<Self>) -> T {
        put_down(call).wait()
    }

    fn now(self) -> Result<T, Self> {
        if self.call.is_none() {
            return Err(self);
        }
        Ok(self.wait())
    }
}

impl<A, T, R, S> Call for SyncCall<A, T, R, S>
where
    A: Own,
    T: Return,
    R: FnOnce(A::Passed) -> T + for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
    S: Setup,
{
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
