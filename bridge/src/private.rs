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
pub use crate::carried::Carried;
use crate::{Bridge, SyncCall, call::setup::Hooks, route::Route};

/// The call of a `fn`.
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

/// The call of a `fn` whose output has no name, since it is an `impl Trait`.
pub type Opaque<A, P, T, S = Global> = SyncCall<A, T, fn(P) -> T, S>;

/// A call of [`Opaque`] type: the parameter's type makes a pointer of a closure.
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

/// Logs the run of a `fn` in place, until what it returns is dropped.
pub fn direct<S: Hooks>(mut setup: S) -> S {
    setup.begin(Route::Direct);
    setup.end();
    setup
}

/// Tells an async block what it returns, in a branch that is never taken.
///
/// # Panics
///
/// Always.
#[must_use]
pub fn returned<T>() -> T {
    unreachable!("a type annotation ran")
}

/// Returns the value of `bridge = EXPR`, of any type that leads to a bridge.
#[must_use]
pub fn pick(bridge: &Bridge) -> Bridge {
    bridge.clone()
}

/// Names the return type of a function pointer, `!` among them.
pub trait Return {
    /// That type.
    type Out;
}

impl<T> Return for fn() -> T {
    type Out = T;
}
