//! The items that the output of `#[smartasync]` refers to. They are no part of the public
//! API and may change in any release.
//!
//! The types show in the signatures of smart functions all the same. The attribute's
//! documentation says how a library can hide them.

pub use crate::call::{
    args::{Borrowed, Borrowing, Bounded, Either, Exclusive, Ref, Spelled, Val},
    async_call,
    nested::{Array, ByCow, ByOption, ByRef, ByVal, List, Single, Slice},
    setup::{Given, Global, Setup, Traced, Via},
};
pub use crate::maybe_boxed::MaybeBoxed;
use crate::{Bridge, SyncCall, call::hooks::Hooks, route::Route};

/// Returns the call of a `fn`.
#[inline]
#[track_caller]
pub fn sync_call<A, T, R, S>(
    setup: S,
    name: &'static str,
    args: A,
    run: R,
) -> SyncCall<A, T, R, S> {
    SyncCall::new(setup, name, args, run)
}

/// The call of a `fn` whose output is an `impl Trait`, which has no name.
pub type Opaque<A, P, T, S = Global> = SyncCall<A, T, fn(P) -> T, S>;

/// Returns a call of type [`Opaque`]. The type of `run` makes the compiler turn a closure
/// into a function pointer.
#[inline]
#[track_caller]
pub fn opaque_call<A, P, T, S>(
    setup: S,
    name: &'static str,
    args: A,
    run: fn(P) -> T,
) -> Opaque<A, P, T, S> {
    SyncCall::new(setup, name, args, run)
}

/// Notes in `setup` that a `fn` runs in place. The caller keeps the returned setup until
/// the `fn` has ended, because its drop logs the run.
pub fn direct<S: Hooks>(mut setup: S) -> S {
    setup.begin(Route::Direct);
    setup.end();
    setup
}

/// Gives an async block its output type, in a branch that is never taken.
///
/// # Panics
///
/// Panics always.
#[must_use]
pub fn returned<T>() -> T {
    unreachable!("a type annotation ran")
}

/// Returns the bridge of `bridge = EXPR`. A reference to any type that dereferences to a
/// bridge coerces to the parameter.
#[must_use]
pub fn pick(bridge: &Bridge) -> Bridge {
    bridge.clone()
}

/// Names the return type of a function pointer, even if it is `!`.
pub trait Return {
    /// The return type.
    type Out;
}

impl<T> Return for fn() -> T {
    type Out = T;
}
