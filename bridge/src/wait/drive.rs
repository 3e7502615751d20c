//! Polling a future on this thread, and parking in between.

use std::{
    any::{Any, type_name},
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind},
    pin::pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use detect::Mark;
use offload_pool::{Parked, Waiting};
use tokio::{
    runtime::{Handle, is_rt_shutdown_err},
    task::unconstrained,
};

use super::{
    doubt::{Busy, Doubts},
    local_task,
    parkers::Seat,
    route::Standing,
    sentinel::{self, Post},
    step_out::{step_out, step_out_of_set},
};
use crate::WaitError;

/// A wait parked for this long, in a suspect place or while nobody was free for
/// what it needs, is reported.
const SUSPICIOUS: Duration = Duration::from_secs(1);

/// A wait that has caught this many wake-ups while it spun is told of its
/// runtime's end like one that parks.
const BUSY: u32 = 16;

/// How to drive a future to its end.
pub(super) struct Drive<'a> {
    /// The runtime that the future is polled inside.
    pub(super) inside: &'a Handle,
    pub(super) deadline: Option<Instant>,
    /// How long to spin before a park, at most.
    pub(super) spin: Duration,
    pub(super) standing: Standing,
    pub(super) at: &'static Location<'static>,
}

impl Drive<'_> {
    pub(super) fn run<F: Future>(self, future: F) -> Result<F::Output, WaitError> {
        let (inside, at) = (self.inside, self.at);
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
        let mut poll = || {
            // What a panic leaves half done is dropped without another look.
            catch_unwind(AssertUnwindSafe(&mut poll))
                .map_err(|payload| panicked(payload, inside, at))
        };
        let future = type_name::<F>();
        Parking::of(self, future).finish(&seat, &mut waiting, &mut poll)
    }
}

/// A wait after its first poll.
struct Parking<'a> {
    drive: Drive<'a>,
    /// The future's type, for a report.
    future: &'static str,
    /// Since when it has been parked without a wake-up, where that is of interest.
    parked_since: Option<Instant>,
    /// Whether it has said that it may be stuck.
    is_reported: bool,
}

impl<'a> Parking<'a> {
    #[cold]
    fn of(drive: Drive<'a>, future: &'static str) -> Self {
        Self {
            drive,
            future,
            parked_since: None,
            is_reported: false,
        }
    }

    /// Parks and polls, apart from the first poll so that a future that is ready
    /// pays for none of it.
    #[cold]
    fn finish<T>(
        self,
        seat: &Seat,
        waiting: &mut Waiting,
        poll: &mut dyn FnMut() -> Result<Poll<T>, WaitError>,
    ) -> Result<T, WaitError> {
        match self.drive.standing {
            Standing::Root => self.park_out(seat, waiting, poll),
            Standing::Unsure => self.park_if_allowed(seat, waiting, poll),
            Standing::Free | Standing::Local | Standing::Nested => {
                self.park_and_poll(seat, waiting, poll)
            }
        }
    }

    /// Parks and polls out of a root's poll, if that can be had. Not before the
    /// first poll: a wait for what is ready would cost almost a third more.
    #[inline(never)]
    fn park_out<T>(
        self,
        seat: &Seat,
        waiting: &mut Waiting,
        poll: &mut dyn FnMut() -> Result<Poll<T>, WaitError>,
    ) -> Result<T, WaitError> {
        let refused = self.refused();
        step_out_of_set(|| self.park_and_poll(seat, waiting, poll)).unwrap_or(Err(refused))
    }

    /// Parks and polls here, if Tokio lets this thread block. Not out of what may
    /// be a root's poll: it is rarely one, and the stack is dear where the pool
    /// lends it.
    #[inline(never)]
    fn park_if_allowed<T>(
        self,
        seat: &Seat,
        waiting: &mut Waiting,
        poll: &mut dyn FnMut() -> Result<Poll<T>, WaitError>,
    ) -> Result<T, WaitError> {
        match step_out(|| ()) {
            Some(()) => self.park_and_poll(seat, waiting, poll),
            None => Err(self.refused()),
        }
    }

    fn refused(&self) -> WaitError {
        WaitError::WouldFreeze {
            future: self.future,
            at: self.drive.at,
        }
    }

    fn park_and_poll<T>(
        mut self,
        seat: &Seat,
        waiting: &mut Waiting,
        poll: &mut dyn FnMut() -> Result<Poll<T>, WaitError>,
    ) -> Result<T, WaitError> {
        let at = self.drive.at;
        let (mut post, mut rounds) = (None, 0_u32);
        let mut doubts = Doubts::new();
        loop {
            if self
                .drive
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
            let caught = seat.spin(self.drive.spin, self.drive.deadline);
            if caught {
                rounds = rounds.saturating_add(1);
                self.parked_since = None;
                waiting.skip_park();
            }
            if !caught || rounds >= BUSY || post.is_some() {
                let post = post.get_or_insert_with(|| {
                    Post::enter(self.drive.inside, seat.parker().unparker())
                });
                let is_gone = || post.as_ref().is_some_and(Post::is_gone);
                // Before the park for a runtime that had ended by the time of
                // the post, after it for one that has ended since; instead of
                // it for a future that is woken again and again.
                if is_gone()
                    || doubts.is_gone(self.drive.inside, Instant::now())
                    || (!caught && self.park(seat, waiting, &doubts)? && is_gone())
                {
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
        doubts: &Doubts,
    ) -> Result<bool, WaitError> {
        let report_at = self.suspicion(doubts).map(|(since, _)| since + SUSPICIOUS);
        let alarms = [self.drive.deadline, Some(doubts.next()), report_at];
        let until = alarms.into_iter().flatten().min();
        match waiting.park(seat.parker(), until) {
            Parked::Woken | Parked::Lent => {
                self.parked_since = None;
                Ok(true)
            }
            Parked::Exhausted => Err(WaitError::PoolExhausted { at: self.drive.at }),
            Parked::TimedOut => {
                // Asked anew: what was tried out just before the park may have
                // been done meanwhile.
                if let Some((since, suspect)) = self.suspicion(doubts)
                    && since + SUSPICIOUS <= Instant::now()
                {
                    self.report(suspect);
                }
                Ok(false)
            }
        }
    }

    /// What may keep this wait's future from going on, and since when.
    fn suspicion(&mut self, doubts: &Doubts) -> Option<(Instant, Suspect)> {
        if self.is_reported {
            return None;
        }
        if self.drive.standing == Standing::Nested && !local_task::has_handed_over() {
            let since = *self.parked_since.get_or_insert_with(Instant::now);
            return Some((since, Suspect::LocalSet));
        }
        let (since, busy) = doubts.stuck_since()?;
        Some((since, Suspect::Busy(busy)))
    }

    /// Says once what may.
    #[cold]
    fn report(&mut self, suspect: Suspect) {
        let (future, at) = (self.future, self.drive.at);
        self.is_reported = true;
        match suspect {
            Suspect::LocalSet => tracing::warn!(
                future,
                %at,
                "a wait has been parked for a second on a thread that may be the only one of a \
                 `LocalSet`; if it is, nothing on that set runs meanwhile: `.await` instead"
            ),
            Suspect::Busy(Busy::BlockingThreads) => tracing::warn!(
                future,
                %at,
                "a wait is parked inside a runtime whose blocking threads have all been busy for \
                 a second; if it needs one, or nobody else took its worker over, it goes on when \
                 one is free: let the runtime have more by `max_blocking_threads`, or `.await` \
                 instead"
            ),
            Suspect::Busy(Busy::Workers) => tracing::warn!(
                future,
                %at,
                "a wait is parked inside a runtime whose workers have all been busy for a second; \
                 if it needs one, it goes on when one is free: don't block in a task, least of \
                 all for what a thread that waits holds"
            ),
        }
    }
}

/// What may keep a parked wait's future from going on.
#[derive(Clone, Copy)]
enum Suspect {
    /// The wait itself, parked in a set that drives it.
    LocalSet,
    /// The threads of its runtime.
    Busy(Busy),
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
fn panicked(
    payload: Box<dyn Any + Send>,
    inside: &Handle,
    at: &'static Location<'static>,
) -> WaitError {
    let text = (payload.downcast_ref::<String>().cloned())
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    let is_timers = text.is_some_and(|text| is_rt_shutdown_err(&io::Error::other(text)));
    if is_timers && sentinel::is_gone(inside) {
        return WaitError::RuntimeGone { at };
    }
    resume_unwind(payload)
}
