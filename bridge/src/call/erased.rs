//! A call behind a pointer, as [`BoxCall`](super::BoxCall) holds it.

use std::{
    mem,
    panic::Location,
    pin::Pin,
    task::{Context, Poll},
};

use super::{Call, sealed::Sealed};
use crate::{Bridge, Leftover, Offload, OffloadError, route::Kind};

/// A boxed call, and whether it may still move out of its box.
pub(super) enum State<'a, T> {
    /// Nobody has polled the call, so it may move.
    Fresh(Box<dyn Erased<'a, T> + 'a>),
    /// The call is pinned.
    Polled(Polled<'a, T>),
    /// The state is this only while `pinned` turns `Fresh` into `Polled`.
    Moved,
}

pub(super) type Polled<'a, T> = Pin<Box<dyn Erased<'a, T> + 'a>>;

impl<'a, T> State<'a, T> {
    /// Returns the call.
    pub(super) fn call(&self) -> &(dyn Erased<'a, T> + 'a) {
        match self {
            Self::Fresh(call) => &**call,
            Self::Polled(call) => &**call,
            Self::Moved => unreachable!("only `pinned` sets it, for a moment"),
        }
    }

    /// Returns the call as `Ok` if nobody has polled it, and otherwise as `Err`.
    pub(super) fn fresh(self) -> Result<Box<dyn Erased<'a, T> + 'a>, Polled<'a, T>> {
        match self {
            Self::Fresh(call) => Ok(call),
            Self::Polled(call) => Err(call),
            Self::Moved => unreachable!("only `pinned` sets it, for a moment"),
        }
    }

    /// Pins the call and returns it. If `bridge` is given, the first time this also makes
    /// the job of a `fn` on that bridge.
    pub(super) fn pinned(&mut self, bridge: Option<&Bridge>) -> Pin<&mut (dyn Erased<'a, T> + 'a)> {
        let is_new = matches!(self, Self::Fresh(_));
        if is_new && let Self::Fresh(call) = mem::replace(self, Self::Moved) {
            *self = Self::Polled(Box::into_pin(call));
        }
        let Self::Polled(call) = self else {
            unreachable!("pinned above");
        };
        if is_new && let Some(bridge) = bridge {
            call.as_mut().make_job(bridge);
        }
        call.as_mut()
    }
}

/// Moves the call of a `fn` out of its box, and back if `run` returns it.
///
/// The frame of this function has room for the call. An `async fn`'s call may be
/// too large for that, so its branches must not share the frame.
#[inline(never)]
#[expect(
    clippy::boxed_local,
    reason = "a copy in the caller's frame is what the box avoids"
)]
fn unboxed<'a, C: Call + Send + 'a, R>(
    call: Box<C>,
    run: impl FnOnce(C) -> Result<R, C>,
) -> Result<R, Polled<'a, C::Output>> {
    run(*call).map_err(|call| Box::pin(call) as _)
}

/// The methods of [`Sealed`], for trait objects.
pub(super) trait Erased<'a, T>: Future<Output = T> + Send {
    fn kind(&self) -> Kind;
    fn bridge(&self) -> Bridge;
    fn name(&self) -> &'static str;
    fn begin_wait(&mut self);
    fn place(&mut self, at: &'static Location<'static>);
    fn now(self: Box<Self>, at: &'static Location<'static>) -> Result<T, Polled<'a, T>>;
    fn make_job(self: Pin<&mut Self>, bridge: &Bridge);
    fn into_job(self: Box<Self>, bridge: Option<&Bridge>) -> Result<Offload<T>, Polled<'a, T>>;
    fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>>;
    fn abandon(self: Pin<&mut Self>) -> Leftover;
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

    fn begin_wait(&mut self) {
        Sealed::begin_wait(self);
    }

    fn place(&mut self, at: &'static Location<'static>) {
        Sealed::place(self, at);
    }

    fn now(
        self: Box<Self>,
        at: &'static Location<'static>,
    ) -> Result<C::Output, Polled<'a, C::Output>> {
        match Sealed::kind(&*self) {
            Kind::Sync => unboxed(self, |call| Sealed::now(call, at)),
            // The call stays in its box, because its future may be large.
            Kind::Async => Err(Box::into_pin(self)),
        }
    }

    fn make_job(self: Pin<&mut Self>, bridge: &Bridge) {
        Sealed::make_job(self, bridge);
    }

    fn into_job(
        self: Box<Self>,
        bridge: Option<&Bridge>,
    ) -> Result<Offload<C::Output>, Polled<'a, C::Output>> {
        match Sealed::kind(&*self) {
            Kind::Sync => unboxed(self, |call| Sealed::into_job(call, bridge)),
            Kind::Async => Err(Box::into_pin(self)),
        }
    }

    fn poll_outcome(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<C::Output, OffloadError>> {
        Sealed::poll_outcome(self, cx)
    }

    fn abandon(self: Pin<&mut Self>) -> Leftover {
        Sealed::abandon(self)
    }
}
