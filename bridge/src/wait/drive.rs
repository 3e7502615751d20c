//! Polling a future on this thread, and parking in between.

use std::{
    any::Any,
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use detect::Mark;
use offload_pool::{Parked, Waiting};
use tokio::{runtime::is_rt_shutdown_err, task::unconstrained};

use super::{
    parkers::Seat,
    sentinel::{self, Post},
};
use crate::WaitError;

/// A wait parked this long in a suspect place is reported.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// A wait parked this long looks once whether its runtime still takes tasks.
const DOUBT: Duration = Duration::from_millis(10);

/// A wait that has caught this many wake-ups while it spun is told of its
/// runtime's end like one that parks.
const BUSY: u32 = 16;

/// How to drive a future to its end.
pub(super) struct Drive {
    pub(super) deadline: Option<Instant>,
    /// How long to spin before a park, at most.
    pub(super) spin: Duration,
    /// The future's type, where this thread may be one that must not park.
    pub(super) suspect: Option<&'static str>,
    pub(super) at: &'static Location<'static>,
}

impl Drive {
    pub(super) fn run<F: Future>(self, future: F) -> Result<F::Output, WaitError> {
        let at = self.at;
        let seat = Seat::take().ok_or(WaitError::ThreadEnding { at })?;
        let mut waiting = Waiting::open();
        // A budget in force here would run out: nobody renews it.
        let mut future = pin!(unconstrained(future));
        let mut poll = || {
            let _mark = Mark::Wait.set();
            future.as_mut().poll(&mut Context::from_waker(seat.waker()))
        };
        // Not caught, as the later polls are: a wait for what is ready would
        // cost more.
        if let Poll::Ready(value) = poll() {
            return Ok(value);
        }
        self.park_and_poll(&seat, &mut waiting, &mut || {
            // What a panic leaves half done is dropped without another look.
            catch_unwind(AssertUnwindSafe(&mut poll)).map_err(|payload| panicked(payload, at))
        })
    }

    /// The loop, apart from the first poll so that a future that is ready pays
    /// for none of it.
    #[cold]
    fn park_and_poll<T>(
        mut self,
        seat: &Seat,
        waiting: &mut Waiting,
        poll: &mut dyn FnMut() -> Result<Poll<T>, WaitError>,
    ) -> Result<T, WaitError> {
        let at = self.at;
        let (mut post, mut rounds) = (None, 0_u32);
        let mut doubt_at = Some(Instant::now() + DOUBT);
        loop {
            if self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now())
            {
                return Err(WaitError::TimedOut { at });
            }
            // The future has forked, and this is the child, without the threads
            // that could wake it.
            if seat.is_inherited() {
                return Err(WaitError::Forked { at });
            }
            let caught = seat.spin(self.spin, self.deadline);
            if caught {
                rounds = rounds.saturating_add(1);
                waiting.skip_park();
            }
            if !caught || rounds >= BUSY || post.is_some() {
                let post = post.get_or_insert_with(|| Post::enter(seat.parker().unparker()));
                let is_gone = || post.as_ref().is_some_and(Post::is_gone);
                // Before the park for a runtime that had ended by the time of
                // the post, after it for one that has ended since; instead of
                // it for a future that is woken again and again.
                if is_gone() || (!caught && self.park(seat, waiting, &mut doubt_at)? && is_gone()) {
                    return Err(WaitError::RuntimeGone { at });
                }
            }
            if let Poll::Ready(value) = poll()? {
                return Ok(value);
            }
            if run_lent(waiting)
                && let Poll::Ready(value) = poll()?
            {
                return Ok(value);
            }
        }
    }

    /// Parks; true if it may be the sentinel's wake-up.
    fn park(
        &mut self,
        seat: &Seat,
        waiting: &mut Waiting,
        doubt_at: &mut Option<Instant>,
    ) -> Result<bool, WaitError> {
        let report_at = self.suspect.map(|_| Instant::now() + SUSPICIOUS);
        let alarms = [self.deadline, *doubt_at, report_at];
        let until = alarms.into_iter().flatten().min();
        match waiting.park(seat.parker(), until) {
            Parked::Woken | Parked::Lent => Ok(true),
            Parked::Exhausted => Err(WaitError::PoolExhausted { at: self.at }),
            Parked::TimedOut => {
                let now = Instant::now();
                if doubt_at.take_if(|at| *at <= now).is_some() && sentinel::is_closed_here() {
                    return Err(WaitError::RuntimeGone { at: self.at });
                }
                if report_at.is_some_and(|at| at <= now) {
                    self.report();
                }
                Ok(false)
            }
        }
    }

    /// Says once that this wait may have frozen what it waits for.
    #[cold]
    fn report(&mut self) {
        if let Some(future) = self.suspect.take() {
            tracing::warn!(
                future,
                at = %self.at,
                "a wait has been parked for a second on a thread that may be the only one of a \
                 `LocalSet`; if it is, nothing on that set runs meanwhile: `.await` instead"
            );
        }
    }
}

/// Runs the job that was lent to this thread, if any, without a coop budget, as
/// it would run on a thread of its own.
fn run_lent(waiting: &mut Waiting) -> bool {
    if !waiting.has_lent() {
        return false;
    }
    let run = pin!(unconstrained(poll_fn(|_| Poll::Ready(waiting.run_lent()))));
    run.poll(&mut Context::from_waker(std::task::Waker::noop())) == Poll::Ready(true)
}

/// What a panic of the future means.
///
/// A timer panics if its runtime has ended. Where that is the runtime which the
/// wait rests on, it ended after the last look at the sentinel, and the panic
/// says no more than an error does. Any other panic goes on.
#[cold]
fn panicked(payload: Box<dyn Any + Send>, at: &'static Location<'static>) -> WaitError {
    let text = (payload.downcast_ref::<String>().cloned())
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    let is_timers = text.is_some_and(|text| is_rt_shutdown_err(&io::Error::other(text)));
    if is_timers && sentinel::is_gone_here() {
        return WaitError::RuntimeGone { at };
    }
    resume_unwind(payload)
}
