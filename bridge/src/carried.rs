//! How a dispatched call is carried until it runs.
//!
//! An [`Outcome`](crate::Outcome) holds either a value or a call. With the call in
//! place, the outcome is as large as the call, and a build that is not optimised
//! keeps one more copy of it for each function on the way. So such a build carries
//! the call in a box. An optimised build carries it in place, and a dispatch
//! allocates nothing.

#[cfg(debug_assertions)]
mod boxed {
    use std::pin::Pin;

    pub(crate) type Carried<C> = Pin<Box<C>>;

    /// Takes up `$call`. A macro, because a function would copy the call.
    macro_rules! carry {
        ($call:expr) => {
            Box::pin($call)
        };
    }
    pub(crate) use carry;

    pub(crate) fn put_down<C: Unpin>(carried: Carried<C>) -> C {
        *Pin::into_inner(carried)
    }
}

#[cfg(not(debug_assertions))]
mod in_place {
    use std::{
        ops::Deref,
        pin::Pin,
        task::{Context, Poll},
    };

    use pin_project_lite::pin_project;

    pin_project! {
        pub(crate) struct Carried<C> {
            #[pin]
            call: C,
        }
    }

    impl<C> Carried<C> {
        #[inline]
        pub(crate) fn new(call: C) -> Self {
            Self { call }
        }

        #[inline]
        pub(crate) fn into_call(self) -> C {
            self.call
        }
    }

    impl<C> Deref for Carried<C> {
        type Target = C;

        #[inline]
        fn deref(&self) -> &C {
            &self.call
        }
    }

    impl<C: Future> Future for Carried<C> {
        type Output = C::Output;

        #[inline]
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
            self.project().call.poll(cx)
        }
    }

    /// Takes up `$call`.
    macro_rules! carry {
        ($call:expr) => {
            $crate::carried::Carried::new($call)
        };
    }
    pub(crate) use carry;

    #[inline]
    pub(crate) fn put_down<C>(carried: Carried<C>) -> C {
        carried.into_call()
    }
}

#[cfg(debug_assertions)]
pub(crate) use boxed::{Carried, carry, put_down};
#[cfg(not(debug_assertions))]
pub(crate) use in_place::{Carried, carry, put_down};
