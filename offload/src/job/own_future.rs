//! Recognises a value that is its own future, and boxes it without a copy.
//!
//! A function that takes `impl IntoFuture` calls `into_future`, which passes the
//! value in and out. Every future is its own `IntoFuture`, so for a future the
//! call does nothing. But a build that is not optimised keeps a copy of the future
//! in the caller's frame for each of the two passes, and a large future then
//! overflows the stack. The functions here find out that the call would do
//! nothing, and skip it.

use std::{any::TypeId, marker::PhantomData, mem, pin::Pin};

/// Returns whether `F` is a future, so that `into_future` returns the value as it is.
///
/// ```
/// use std::future::{Ready, ready};
///
/// use bridge_offload::own_future;
///
/// struct Builder;
/// impl IntoFuture for Builder {
///     type Output = u8;
///     type IntoFuture = Ready<u8>;
///     fn into_future(self) -> Ready<u8> {
///         ready(7)
///     }
/// }
///
/// assert!(own_future::is::<Ready<u8>>());
/// assert!(!own_future::is::<Builder>());
/// ```
#[must_use]
#[inline]
pub fn is<F: IntoFuture>() -> bool {
    type_id::<F>() == type_id::<F::IntoFuture>()
}

/// Returns the future of a boxed value. If the value is a future, that is the same box.
#[must_use]
pub fn boxed<F: IntoFuture>(value: Box<F>) -> Pin<Box<F::IntoFuture>> {
    if !is::<F>() {
        return converted(value);
    }
    let future = Box::into_raw(value).cast::<F::IntoFuture>();
    // SAFETY: `F` and `F::IntoFuture` are the same type. `is` has compared everything
    // but their lifetimes. `F::IntoFuture` is a future, so the blanket
    // implementation of `IntoFuture` covers the type with some lifetimes. Rust
    // allows no other implementation that overlaps with it, with any lifetimes. So
    // `F` has the blanket one, whose `IntoFuture` is `Self`. The pointer came from a
    // box of this very type.
    let future = unsafe { Box::from_raw(future) };
    Box::into_pin(future)
}

/// Converts a builder. It is a function of its own, because its frame holds both the
/// builder and the future.
#[inline(never)]
#[expect(
    clippy::boxed_local,
    reason = "a copy in the caller's frame is what the box avoids"
)]
fn converted<F: IntoFuture>(value: Box<F>) -> Pin<Box<F::IntoFuture>> {
    Box::pin((*value).into_future())
}

/// Returns the identity of a type that may borrow. Lifetimes are no part of it.
#[inline]
fn type_id<T>() -> TypeId {
    trait Typed {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T> Typed for PhantomData<T> {
        #[inline]
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let typed: &dyn Typed = &PhantomData::<T>;
    // SAFETY: the two types differ in a lifetime bound only. The bound lets `id` be
    // called, which reads no value and keeps no reference.
    let typed = unsafe { mem::transmute::<&dyn Typed, &(dyn Typed + 'static)>(typed) };
    typed.id()
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    /// A builder with a borrow, whose future is another type.
    struct Builder<'a>(&'a str);

    impl<'a> IntoFuture for Builder<'a> {
        type Output = &'a str;
        type IntoFuture = Ready<&'a str>;

        fn into_future(self) -> Self::IntoFuture {
            ready(self.0)
        }
    }

    fn is_of<F: IntoFuture>(_: &F) -> bool {
        is::<F>()
    }

    fn value<F: IntoFuture>(value: F) -> F::Output {
        match boxed(Box::new(value))
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it is ready"),
        }
    }

    #[test]
    fn a_future_is_its_own_and_a_builder_is_not() {
        let text = String::from("seven");
        let mut block = pin!(async { text.len() });
        assert!(is_of(&async { text.len() }));
        assert!(is_of(&block.as_mut()));
        assert!(is_of(&ready(&text)));
        assert!(!is_of(&Builder(&text)));
    }

    #[test]
    fn both_give_their_value_from_a_box() {
        let text = String::from("seven");
        assert_eq!(value(async { text.as_str() }), "seven");
        assert_eq!(value(Builder(&text)), "seven");
    }

    #[test]
    fn a_future_stays_where_it_is() {
        let future = Box::new(ready([7_u8; 64]));
        let before = std::ptr::from_ref(&*future).addr();
        let after = boxed(future);
        assert_eq!(std::ptr::from_ref(&*after).addr(), before);
    }
}
