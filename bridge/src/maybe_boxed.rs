//! A call or its future that functions pass on: in a box in a debug build, in place in
//! an optimised one.
//!
//! An [`Outcome`](crate::Outcome) holds either a value or a call, and `on` makes one
//! call of another. A build that is not optimised keeps one more copy of a value
//! for each function that passes it on. So such a build puts the call in a box. An
//! optimised build leaves the call in place, and allocates nothing.

use std::any::type_name;

#[cfg(debug_assertions)]
pub use self::boxed::MaybeBoxed;
#[cfg(debug_assertions)]
pub(crate) use self::boxed::maybe_box;
#[cfg(not(debug_assertions))]
pub use self::in_place::MaybeBoxed;
#[cfg(not(debug_assertions))]
pub(crate) use self::in_place::maybe_box;

/// Returns the name of a future's type, without the [`MaybeBoxed`] around it.
#[inline]
pub(crate) fn name<F>() -> &'static str {
    #[cfg(debug_assertions)]
    let prefix = boxed::PREFIX;
    #[cfg(not(debug_assertions))]
    let prefix = in_place::PREFIX;
    without(prefix, type_name::<F>())
}

/// Returns the name of a type without the wrappers that begin with `prefix`.
#[inline]
fn without(prefix: &str, mut name: &'static str) -> &'static str {
    while let Some(rest) = name.strip_prefix(prefix) {
        name = rest.strip_suffix('>').unwrap_or(rest);
    }
    name
}

#[cfg(any(test, debug_assertions))]
mod boxed {
    use std::{
        ops::Deref,
        pin::Pin,
        task::{Context, Poll},
    };

    use pin_project_lite::pin_project;

    /// The beginning of the type's name.
    pub(super) const PREFIX: &str = concat!(module_path!(), "::MaybeBoxed<");

    pin_project! {
        /// A call or a future, in a box.
        ///
        /// Code that an optimised build refuses does not compile with this type either:
        ///
        /// ```compile_fail,E0733
        /// #[bridge::smartasync]
        /// async fn down(n: u32) -> u32 {
        ///     if n == 0 { 0 } else { down(n - 1).on(bridge::Bridge::global()).await }
        /// }
        /// ```
        ///
        /// ```compile_fail,E0277
        /// #[bridge::smartasync]
        /// async fn one() -> u32 {
        ///     1
        /// }
        /// fn unpin<T: Unpin>(_: T) {}
        /// unpin(one().dispatch());
        /// ```
        pub struct MaybeBoxed<F> {
            boxed: Pin<Box<F>>,
            // The empty array restores what the box hides: this is `Unpin` only if
            // `F` is, and an `async fn` that holds its own future does not compile.
            // Otherwise such code would compile until it is built for release.
            #[pin]
            bounds: [F; 0],
        }
    }

    impl<F> MaybeBoxed<F> {
        pub(crate) fn new(boxed: Pin<Box<F>>) -> Self {
            Self { boxed, bounds: [] }
        }

        pub(crate) fn into_boxed(self) -> Pin<Box<F>> {
            self.boxed
        }

        pub(crate) fn into_inner(self) -> F
        where
            F: Unpin,
        {
            *Pin::into_inner(self.boxed)
        }
    }

    /// Boxes `$value`. This is a macro, because a function would copy the value.
    macro_rules! maybe_box {
        ($value:expr) => {
            $crate::maybe_boxed::MaybeBoxed::new(Box::pin($value))
        };
    }
    pub(crate) use maybe_box;

    impl<F> Deref for MaybeBoxed<F> {
        type Target = F;

        fn deref(&self) -> &F {
            &self.boxed
        }
    }

    impl<F: Future> Future for MaybeBoxed<F> {
        type Output = F::Output;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            self.project().boxed.as_mut().poll(cx)
        }
    }
}

#[cfg(any(test, not(debug_assertions)))]
#[cfg_attr(
    debug_assertions,
    allow(dead_code, unused, reason = "a test names the type")
)]
mod in_place {
    use std::{
        ops::Deref,
        pin::Pin,
        task::{Context, Poll},
    };

    use pin_project_lite::pin_project;

    /// The beginning of the type's name.
    pub(super) const PREFIX: &str = concat!(module_path!(), "::MaybeBoxed<");

    pin_project! {
        /// A call or a future, in place.
        pub struct MaybeBoxed<F> {
            #[pin]
            inner: F,
        }
    }

    impl<F> MaybeBoxed<F> {
        #[inline]
        pub(crate) fn new(inner: F) -> Self {
            Self { inner }
        }

        #[inline]
        pub(crate) fn into_inner(self) -> F {
            self.inner
        }
    }

    /// Wraps `$value`.
    macro_rules! maybe_box {
        ($value:expr) => {
            $crate::maybe_boxed::MaybeBoxed::new($value)
        };
    }
    pub(crate) use maybe_box;

    impl<F> Deref for MaybeBoxed<F> {
        type Target = F;

        #[inline]
        fn deref(&self) -> &F {
            &self.inner
        }
    }

    impl<F: Future> Future for MaybeBoxed<F> {
        type Output = F::Output;

        #[inline]
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            self.project().inner.poll(cx)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::any::type_name;

    use super::{MaybeBoxed, boxed, in_place, name, without};

    #[test]
    fn a_wrapped_future_keeps_its_name() {
        assert_eq!(name::<Option<u8>>(), "core::option::Option<u8>");
        assert_eq!(
            name::<MaybeBoxed<MaybeBoxed<Option<u8>>>>(),
            "core::option::Option<u8>"
        );
    }

    /// Otherwise refusals and logs show the wrapper in builds of one kind.
    #[test]
    #[expect(
        unused_qualifications,
        reason = "which one is unused depends on the build"
    )]
    fn each_build_knows_its_wrapper() {
        for (prefix, name) in [
            (boxed::PREFIX, type_name::<boxed::MaybeBoxed<u8>>()),
            (in_place::PREFIX, type_name::<in_place::MaybeBoxed<u8>>()),
        ] {
            assert_eq!(without(prefix, name), "u8");
        }
    }
}
