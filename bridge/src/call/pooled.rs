//! The ways that move a [`SyncCall`] to the pool: an await, and the methods that return
//! its job.

use std::{
    borrow::Borrow,
    panic::{Location, resume_unwind},
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(debug_assertions)]
use super::stopwatch::Stopwatch;
use super::{
    SyncCall,
    args::{Own, Return},
    job::{self, CallState, Held, Job, lost},
    sealed,
    setup::Setup,
};
use crate::{
    Bridge, Leftover, Offload, OffloadError, Rejected,
    maybe_boxed::MaybeBoxed,
    route::{Kind, Route},
};

// The methods have the bounds, and not the block, so that the compiler names the bound
// that a call lacks.
impl<A, T, R, S> SyncCall<A, T, R, S> {
    /// Returns the job that [`.await`](Future) would run, as an [`Offload`].
    ///
    /// An `Offload` has methods that a call lacks. [`outcome`](Offload::outcome) returns
    /// every failure as an error, which names the line of this call. So a service that
    /// sheds load needs no panic to learn that a pool is shut down.
    /// [`start`](Offload::start) submits the job without awaiting it, and
    /// [`cancel`](Offload::cancel) says whether the function had started. Like `.await`,
    /// this copies borrowed arguments.
    ///
    /// ```
    /// use bridge::{OffloadError, smartasync};
    ///
    /// #[smartasync]
    /// fn count(text: &str) -> usize {
    ///     text.len()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let job = count("four").offload().start();
    /// match job.outcome().await {
    ///     Ok(n) => assert_eq!(n, 4),
    ///     Err(OffloadError::ShutDown { .. }) => println!("no more work is taken"),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if copying an argument panics, now or in an earlier poll of this
    /// call.
    ///
    /// # Cancel safety
    ///
    /// It is the same as for [`Offload`]: a drop withdraws a function that has not
    /// started.
    #[track_caller]
    pub fn offload(self) -> Offload<T>
    where
        A: Own,
        T: Return,
        R: for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
        S: Setup,
    {
        let Self {
            state,
            at,
            mut setup,
            ..
        } = self;
        match state {
            CallState::Fresh(args, run) => {
                let body = job::logged(setup.take_log(), job::body(args, run));
                setup.bridge().borrow().offload_at(body, at)
            }
            CallState::Copied(Job::Held(body)) => {
                setup.bridge().borrow().offload_at(body.into_inner(), at)
            }
            CallState::Copied(Job::Pooled { offload, .. }) => {
                setup.leave_log();
                offload
            }
            CallState::Copied(Job::Lost) => lost(),
        }
    }

    /// Queues the function now. If the pool refuses it, returns the call. This never
    /// blocks.
    ///
    /// ```
    /// use bridge::smartasync;
    ///
    /// #[smartasync]
    /// fn count(text: &str) -> usize {
    ///     text.len()
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// match count("four").try_offload() {
    ///     Ok(job) => assert_eq!(job.await, 4),
    ///     Err(rejected) if rejected.is_full() => println!("503, try again later"),
    ///     Err(rejected) => println!("503, {rejected}"),
    /// }
    /// # }
    /// ```
    ///
    /// The refused call can still be run in every way: `.await` waits for room in the
    /// queue, `.wait()` runs the call here, and `.try_offload()` tries again. Its borrowed
    /// arguments have been copied.
    ///
    /// # Errors
    ///
    /// Returns [`Rejected::Full`] if the queue is full, and [`Rejected::ShutDown`] if the
    /// pool is shut down. Both hold the call.
    ///
    /// # Panics
    ///
    /// Panics as [`offload`](Self::offload) does.
    #[track_caller]
    pub fn try_offload(mut self) -> Result<Offload<T>, Rejected<Self>>
    where
        A: Own,
        T: Return,
        R: for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
        S: Setup,
    {
        let refused = match self.state.take() {
            CallState::Fresh(args, run) => {
                // If the pool refuses the call, the body keeps the log.
                let body = job::logged(self.setup.take_log(), job::body(args, run));
                job::try_queue(self.setup.bridge().borrow(), body, self.at)
            }
            CallState::Copied(Job::Held(body)) => {
                (self.setup.bridge().borrow() as &Bridge).try_offload_at(body.into_inner(), self.at)
            }
            CallState::Copied(Job::Pooled { offload, .. }) => {
                self.setup.leave_log();
                Ok(offload)
            }
            CallState::Copied(Job::Lost) => lost(),
        };
        refused.map_err(|rejected| {
            rejected.map(|body| {
                self.state = CallState::Copied(Job::Held(Held::new(body)));
                self
            })
        })
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
        self.poll_job(cx).map(|outcome| match outcome {
            Ok(value) => value,
            Err(OffloadError::Panicked(panic)) => resume_unwind(panic.into_payload()),
            Err(error) => panic!("{error}"),
        })
    }
}

impl<A, T, R, S> SyncCall<A, T, R, S>
where
    A: Own,
    T: Return,
    R: for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
    S: Setup,
{
    fn poll_job(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        let this = self.project();
        if !matches!(this.state, CallState::Copied(Job::Pooled { .. })) {
            this.setup.begin(Route::Offload);
            let log = this.setup.share_log();
            let bridge = this.setup.bridge();
            job::make(this.state, log, bridge.borrow(), this.at);
        }
        let CallState::Copied(Job::Pooled { offload, .. }) = this.state else {
            lost();
        };
        offload.poll_outcome(cx)
    }
}

impl<A, T, R, S> sealed::Sealed for SyncCall<A, T, R, S>
where
    A: Own,
    T: Return,
    R: FnOnce(A::Passed) -> T + for<'x> FnOnce(A::Lent<'x>) -> T + Send + 'static,
    S: Setup,
{
    const KIND: Option<Kind> = Some(Kind::Sync);

    fn kind(&self) -> Kind {
        Kind::Sync
    }

    fn place(&mut self, at: &'static Location<'static>) {
        self.at = at;
        self.setup.place(at);
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
    fn run(call: MaybeBoxed<Self>) -> T {
        call.into_inner().wait()
    }

    fn now(self, at: &'static Location<'static>) -> Result<T, Self> {
        if matches!(self.state, CallState::Copied(Job::Pooled { .. })) {
            return Err(self);
        }
        let Self {
            state,
            name,
            mut setup,
            ..
        } = self;
        #[cfg(debug_assertions)]
        let _stopwatch = Stopwatch::start(name, at);
        #[cfg(not(debug_assertions))]
        let _ = (name, at);
        match state {
            CallState::Fresh(args, run) => {
                setup.begin(Route::Direct);
                setup.end();
                Ok(run(args.pass()))
            }
            CallState::Copied(Job::Held(body)) => {
                setup.begin(Route::Direct);
                Ok(body.into_inner()())
            }
            CallState::Copied(Job::Pooled { .. } | Job::Lost) => lost(),
        }
    }

    fn make_job(self: Pin<&mut Self>, bridge: &Bridge) {
        let this = self.project();
        if !matches!(this.state, CallState::Copied(Job::Pooled { .. })) {
            this.setup.begin(Route::Offload);
            let log = this.setup.share_log();
            job::make(this.state, log, bridge, this.at);
        }
    }

    fn into_job(self, bridge: Option<&Bridge>) -> Result<Offload<T>, Self> {
        Ok(match bridge {
            Some(bridge) => self.on(bridge).offload(),
            None => self.offload(),
        })
    }

    fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        self.poll_job(cx)
    }

    fn abandon(self: Pin<&mut Self>) -> Leftover {
        match self.project().state {
            CallState::Copied(job) => job.abandon(),
            CallState::Fresh(..) => Leftover::NotStarted,
        }
    }
}
