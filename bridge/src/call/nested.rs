//! Borrows within borrowed arguments: `&[&str]`, `Vec<&str>`, `&&T`.
//!
//! The copy of such an argument is a list of owned values, but the function wants a list of
//! borrows. So the thread that runs the function makes a list of borrows first, and lends
//! that list. An [`Element`] says how to copy one element of the list and how to lend it.
//! The macro chooses the `Element` by the way in which the type is written.

#![expect(
    missing_debug_implementations,
    reason = "these are held by calls, whose `Debug` shows no arguments"
)]
#![expect(
    clippy::ref_option_ref,
    reason = "an element is an `Option<&T>` as the user has it"
)]

use std::{
    borrow::{Borrow, Cow},
    marker::PhantomData,
    mem, slice,
};

use super::args::{Lend, Move, Own, Pass};

/// Copies an `X` within an argument, and lends it again.
pub trait Element<X> {
    /// The copy.
    type Owned: Send + 'static;
    /// An `X` that borrows from the copy.
    type Lent<'x>: 'x;
    /// Copies an element.
    fn own(x: &X) -> Self::Owned;
    /// Lends an element.
    fn lend(owned: &Self::Owned) -> Self::Lent<'_>;
    /// Shortens the lifetime of a loan. Each implementation just returns its argument. It is
    /// a method because the compiler accepts that for each type of element, but not for all
    /// types at once.
    fn shorten<'y, 'x: 'y>(lent: Self::Lent<'x>) -> Self::Lent<'y>;
    /// Shortens the lifetimes of all loans of a list.
    fn shorten_all<'y, 'x: 'y>(lent: &'y [Self::Lent<'x>]) -> &'y [Self::Lent<'y>];
}

/// Elements `&T`.
pub struct ByRef;
/// Elements `Cow<T>`.
pub struct ByCow;
/// Elements `Option<&T>`.
pub struct ByOption;
/// An element of a pair that borrows nothing.
pub struct ByVal;

macro_rules! element {
    (
        $tag:ty, <$($lt:lifetime)* $($name:ident: $bound:ident $(+ $sized:tt)?),*>, $x:ty,
        $owned:ty, |$from:pat_param| $own:expr,
        $life:lifetime $lent:ty, |$to:pat_param| $lend:expr
    ) => {
        impl<$($lt,)* $($name: $bound $(+ $sized Sized)?),*> Element<$x> for $tag {
            type Owned = $owned;
            type Lent<$life> = $lent;
            fn own($from: &$x) -> Self::Owned {
                $own
            }
            fn lend($to: &Self::Owned) -> Self::Lent<'_> {
                $lend
            }
            fn shorten<'y, 'x: 'y>(lent: Self::Lent<'x>) -> Self::Lent<'y> {
                lent
            }
            fn shorten_all<'y, 'x: 'y>(lent: &'y [Self::Lent<'x>]) -> &'y [Self::Lent<'y>] {
                lent
            }
        }
    };
}

element! {
    ByRef, <'b T: Lend + ?>, &'b T,
    T::Owned, |x| (*x).to_owned(),
    'l &'l T, |x| x.borrow()
}
element! {
    ByCow, <'b T: Lend + ?>, Cow<'b, T>,
    T::Owned, |x| (**x).to_owned(),
    'l Cow<'l, T>, |x| Cow::Borrowed(x.borrow())
}
element! {
    ByOption, <'b T: Lend + ?>, Option<&'b T>,
    Option<T::Owned>, |x| x.map(ToOwned::to_owned),
    'l Option<&'l T>, |x| x.as_ref().map(Borrow::borrow)
}
element! {
    (ByRef, ByRef), <'b 'c T: Lend + ?, U: Lend + ?>, (&'b T, &'c U),
    (T::Owned, U::Owned), |(x, y)| ((*x).to_owned(), (*y).to_owned()),
    'l (&'l T, &'l U), |(x, y)| (x.borrow(), y.borrow())
}
element! {
    (ByRef, ByVal), <'b T: Lend + ?, U: Copied>, (&'b T, U),
    (T::Owned, U), |(x, y)| ((*x).to_owned(), y.clone()),
    'l (&'l T, U), |(x, y)| (x.borrow(), y.clone())
}
element! {
    (ByVal, ByRef), <'b T: Copied, U: Lend + ?>, (T, &'b U),
    (T, U::Owned), |(x, y)| (x.clone(), (*y).to_owned()),
    'l (T, &'l U), |(x, y)| (x.clone(), y.borrow())
}

/// A type whose clones can be sent to another thread.
#[diagnostic::on_unimplemented(
    message = "this smart call can be waited on, but not awaited: no copy of `{Self}` can be sent to the pool",
    label = "awaiting it needs a copy of a `{Self}` within a borrowed argument",
    note = "awaiting a smart `fn` moves it to another thread, with owned copies of what it borrows; `{Self}` must be `Clone + Send + 'static` for that",
    note = "make `{Self}` so, take an owned value in its place, or call `.wait()`"
)]
pub trait Copied: Clone + Move {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Move> Copied for T {}

/// An argument `&'a [X]`.
pub struct Slice<'a, X, E>(pub &'a [X], pub PhantomData<E>);

impl<'a, X, E> Pass for Slice<'a, X, E> {
    type Passed = &'a [X];
    #[inline]
    fn pass(self) -> &'a [X] {
        self.0
    }
}

impl<X, E: Element<X>> Own for Slice<'_, X, E> {
    type Owned = Vec<E::Owned>;
    type Ready<'x> = Vec<E::Lent<'x>>;
    type Lent<'x> = &'x [E::Lent<'x>];
    fn own(self) -> Self::Owned {
        self.0.iter().map(E::own).collect()
    }
    fn ready(owned: &mut Self::Owned) -> Self::Ready<'_> {
        owned.iter().map(E::lend).collect()
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y> {
        E::shorten_all(ready)
    }
}

/// An argument `&'a X`.
pub struct Single<'a, X, E>(pub &'a X, pub PhantomData<E>);

impl<'a, X, E> Pass for Single<'a, X, E> {
    type Passed = &'a X;
    #[inline]
    fn pass(self) -> &'a X {
        self.0
    }
}

impl<X, E: Element<X>> Own for Single<'_, X, E> {
    type Owned = E::Owned;
    type Ready<'x> = E::Lent<'x>;
    type Lent<'x> = &'x E::Lent<'x>;
    fn own(self) -> Self::Owned {
        E::own(self.0)
    }
    fn ready(owned: &mut Self::Owned) -> Self::Ready<'_> {
        E::lend(owned)
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y> {
        &E::shorten_all(slice::from_ref(ready))[0]
    }
}

/// An argument `Vec<X>`.
pub struct List<X, E>(pub Vec<X>, pub PhantomData<E>);

impl<X, E> Pass for List<X, E> {
    type Passed = Vec<X>;
    #[inline]
    fn pass(self) -> Vec<X> {
        self.0
    }
}

impl<X, E: Element<X>> Own for List<X, E> {
    type Owned = Vec<E::Owned>;
    type Ready<'x> = Vec<E::Lent<'x>>;
    type Lent<'x> = Vec<E::Lent<'x>>;
    fn own(self) -> Self::Owned {
        self.0.iter().map(E::own).collect()
    }
    fn ready(owned: &mut Self::Owned) -> Self::Ready<'_> {
        owned.iter().map(E::lend).collect()
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y> {
        mem::take(ready).into_iter().map(E::shorten).collect()
    }
}

/// An argument `[X; N]`.
pub struct Array<X, E, const N: usize>(pub [X; N], pub PhantomData<E>);

impl<X, E, const N: usize> Pass for Array<X, E, N> {
    type Passed = [X; N];
    #[inline]
    fn pass(self) -> [X; N] {
        self.0
    }
}

impl<X, E: Element<X>, const N: usize> Own for Array<X, E, N> {
    type Owned = [E::Owned; N];
    type Ready<'x> = &'x [E::Owned; N];
    type Lent<'x> = [E::Lent<'x>; N];
    fn own(self) -> Self::Owned {
        self.0.each_ref().map(E::own)
    }
    fn ready(owned: &mut Self::Owned) -> Self::Ready<'_> {
        owned
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y> {
        ready.each_ref().map(E::lend)
    }
}
