//! Polling a future on this thread, and pausing in between.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::{Pin, pin},
    task::Poll,
};

use detect::Mark;
use offload_pool::Waiting;
use tokio::{
    runtime::{Handle, is_rt_shutdown_err},
    task::unconstrained,
};

use super::{
    enter::Request, frozen, parkers::Seat, pause::Pause, route::Standing, sentinel,
    step_out::step_out_of_set,
};
use crate::WaitError;

/// Where a wait drives its future.
pub(super) struct Ground<'a> {
    pub(super) request: &'a Request<'a>,
    /// The runtime that it is polled inside.
    pub(super) inside: &'a Handle,
    pub(super) standing: Standing,
}

/// The future of a wait. It stays where it was pinned, on the stack of who asked:
/// a build that isn't optimised copies what is moved, once for each function on
/// the way and each branch in it. But it is dropped on the wait's ground.
pub(super) type Held<'a, F> = Pin<&'a mut Option<F>>;

/// Drops the future of a wait where it stands, when it drops itself.
pub(super) struct Dropping<'a, F>(pub(super) Held<'a, F>);

impl<F> Drop for Dropping<'_, F> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// Drives a future to its end on this ground, which is entered.
#[inline]
pub(super) fn drive<F: Future>(
    ground: &Ground<'_>,
    held: Held<'_, F>,
) -> Result<F::Output, WaitError> {
    let Some(seat) = Seat::take() else {
        return Err(ending(ground, held));
    };
    let mut waiting = Waiting::open();
    let mut held = Dropping(held);
    let Some(mut future) = held.0.as_mut().as_pin_mut() else {
        unreachable!("a wait drives its future once");
    };
    if ground.standing == Standing::Root {
        return drive_in_root(ground, &seat, &mut waiting, future);
    }
    match catch_unwind(AssertUnwindSafe(|| {
        let _mark = Mark::Wait.set();
        future.as_mut().poll(&mut seat.context())
    })) {
        Ok(Poll::Ready(value)) => Ok(value),
        Ok(Poll::Pending) => finish(ground, &seat, &mut waiting, future),
        Err(payload) => Err(panicked(payload, ground)),
    }
}

#[cold]
pub(super) fn ending<F>(ground: &Ground<'_>, held: Held<'_, F>) -> WaitError {
    drop(Dropping(held));
    let at = ground.request.at;
    WaitError::ThreadEnding { at }
}

/// The same in a root's poll. There is a budget, which would run out: nobody
/// renews it. Elsewhere there is none, for a wait has stepped out of the poll, if
/// any.
#[inline(never)]
fn drive_in_root<F: Future>(
    ground: &Ground<'_>,
    seat: &Seat,
    waiting: &mut Waiting,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    match catch_unwind(AssertUnwindSafe(|| {
        let _mark = Mark::Wait.set();
        pin!(unconstrained(future.as_mut())).poll(&mut seat.context())
    })) {
        Ok(Poll::Ready(value)) => Ok(value),
        Ok(Poll::Pending) => finish_out(ground, seat, waiting, future),
        Err(payload) => Err(panicked(payload, ground)),
    }
}

/// Pauses and polls in turn.
#[cold]
fn finish<F: Future>(
    ground: &Ground<'_>,
    seat: &Seat,
    waiting: &mut Waiting,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    #[expect(clippy::question_mark, reason = "a `?` takes more of the stack")]
    let mut pause = match Pause::new(ground) {
        Ok(pause) => pause,
        Err(error) => return Err(error),
    };
    loop {
        if !waiting.run_lent()
            && let Err(error) = pause.take(seat, waiting)
        {
            return Err(error);
        }
        match catch_unwind(AssertUnwindSafe(|| {
            let _mark = Mark::Wait.set();
            future.as_mut().poll(&mut seat.context())
        })) {
            Ok(Poll::Ready(value)) => return Ok(value),
            Ok(Poll::Pending) => (),
            Err(payload) => return Err(panicked(payload, ground)),
        }
    }
}

/// The same out of a root's poll, if that can be had. Not before the first poll:
/// a wait for what is ready would cost almost a third more.
#[cold]
fn finish_out<F: Future>(
    ground: &Ground<'_>,
    seat: &Seat,
    waiting: &mut Waiting,
    mut future: Pin<&mut F>,
) -> Result<F::Output, WaitError> {
    let out = Ground {
        standing: Standing::Free,
        ..*ground
    };
    if let Some(result) = step_out_of_set(|| finish(&out, seat, waiting, future.as_mut())) {
        return result;
    }
    if ground.request.may_freeze() {
        return frozen::finish(ground, seat, waiting, future);
    }
    Err(ground.request.would_freeze())
}

/// What a panic of the future means.
///
/// A timer panics if its runtime has ended. Where that is the runtime which the
/// wait rests on, it ended after the last look at the sentinel, and the panic
/// says no more than an error does. Any other panic goes on.
#[cold]
pub(super) fn panicked(payload: Box<dyn Any + Send>, ground: &Ground<'_>) -> WaitError {
    let text = (payload.downcast_ref::<String>().cloned())
        .or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string));
    let is_timers = text.is_some_and(|text| is_rt_shutdown_err(&io::Error::other(text)));
    if is_timers && sentinel::is_gone(ground.inside) {
        let at = ground.request.at;
        return WaitError::RuntimeGone { at };
    }
    resume_unwind(payload)
}
