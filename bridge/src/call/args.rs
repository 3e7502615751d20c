//! The arguments of a [`SyncCall`](super::SyncCall), and how they get to the pool.
//!
//! The macro sees only how a type is written. It wraps each argument accordingly: [`Ref`]
//! for `&T`, [`Val`] for an argument by value, [`Either`] for a `Cow`. It also wraps what is
//! inside an `Option` or a tuple.
//!
//! A wait needs [`Pass`], which hands the arguments over as they are. An await needs
//! [`Own`], which turns the arguments into values that another thread may hold, and lends
//! these to the function there. A list of arguments has `Own` only if each of them has it.
//! If the macro sees that an argument can't have it, it puts the list into one of the
//! wait-only wrappers. The trait that the wrapper asks for carries the reason into the
//! compiler's message.

#![expect(
    missing_debug_implementations,
    reason = "these are held by calls, whose `Debug` shows no arguments"
)]
#![expect(
    clippy::mut_mut,
    reason = "what lends is itself borrowed, for less long than what it borrows"
)]

use std::borrow::{Borrow, Cow};

/// Arguments as the function takes them.
pub trait Pass {
    /// The plain argument, or the tuple of arguments.
    type Passed;
    /// Unwraps the arguments.
    fn pass(self) -> Self::Passed;
}

/// Arguments that can be owned by another thread.
pub trait Own: Pass {
    /// The values that the other thread holds while the function runs.
    type Owned: Send + 'static;
    /// Borrows of the owned values, in the shape that the function needs. For example, the
    /// owned value of a `&[&str]` is a `Vec<String>`, and this is a `Vec<&str>`.
    type Ready<'x>;
    /// The arguments that the function takes there.
    type Lent<'x>;
    /// Turns the arguments into owned values. This clones what is borrowed.
    fn own(self) -> Self::Owned;
    /// Borrows from the owned values.
    fn ready(owned: &mut Self::Owned) -> Self::Ready<'_>;
    /// Returns the arguments for the function. Call it only once, because it moves out the
    /// arguments that the function takes by value.
    fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y>;
}

/// A type whose owned copy can be sent to another thread. It stands behind a reference.
///
/// The attribute on its only implementation keeps the compiler from reporting
/// a bare `Clone` or `Send` that nobody wrote.
#[diagnostic::on_unimplemented(
    message = "this smart call can be waited on, but not awaited: no copy of `{Self}` can be sent to the pool",
    label = "awaiting it needs an owned copy of a borrowed `{Self}`",
    note = "awaiting a smart `fn` moves it to another thread, with owned copies of what it borrows; `{Self}` must be `Clone + Send + 'static` (or `ToOwned`) for that",
    note = "make it so if it is yours, take an owned value such as an `Arc` in its place, or call `.wait()`"
)]
pub trait Lend: ToOwned<Owned: Send + 'static> + 'static {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + ToOwned<Owned: Send + 'static> + 'static> Lend for T {}

/// A type that is passed by value and can be sent to another thread.
#[diagnostic::on_unimplemented(
    message = "this smart call can be waited on, but not awaited: `{Self}` can't be sent to the pool",
    label = "awaiting it needs to send an argument of type `{Self}` to another thread",
    note = "awaiting a smart `fn` moves it to another thread, so its arguments must be `Send + 'static`",
    note = "take a type that is `Send`, such as `Arc` in place of `Rc`, or call `.wait()`"
)]
pub trait Move: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Move for T {}

/// A result that can come back from the pool.
#[diagnostic::on_unimplemented(
    message = "this smart call can be waited on, but not awaited: its output `{Self}` can't be sent back from the pool",
    label = "awaiting it needs to send a `{Self}` between threads",
    note = "awaiting a smart `fn` runs it on another thread, so its output must be `Send + 'static`",
    note = "return a type that is `Send`, such as `Arc` in place of `Rc`, or call `.wait()`"
)]
pub trait Return: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> Return for T {}

/// An argument `&'a T`.
pub struct Ref<'a, T: ?Sized>(pub &'a T);

impl<'a, T: ?Sized> Pass for Ref<'a, T> {
    type Passed = &'a T;
    #[inline]
    fn pass(self) -> &'a T {
        self.0
    }
}

impl<T: ?Sized + Lend> Own for Ref<'_, T> {
    type Owned = T::Owned;
    type Ready<'x> = &'x T;
    type Lent<'x> = &'x T;
    fn own(self) -> T::Owned {
        self.0.to_owned()
    }
    fn ready(owned: &mut T::Owned) -> &T {
        (*owned).borrow()
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut &'x T) -> &'y T {
        ready
    }
}

/// An argument by value.
pub struct Val<T>(pub T);

impl<T> Pass for Val<T> {
    type Passed = T;
    #[inline]
    fn pass(self) -> T {
        self.0
    }
}

impl<T: Move> Own for Val<T> {
    type Owned = Option<T>;
    type Ready<'x> = &'x mut Option<T>;
    type Lent<'x> = T;
    fn own(self) -> Option<T> {
        Some(self.0)
    }
    fn ready(owned: &mut Option<T>) -> &mut Option<T> {
        owned
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut &'x mut Option<T>) -> T {
        ready.take().expect("arguments are lent once")
    }
}

/// An argument `Cow<'a, T>`. On the pool the function gets `Cow::Owned`.
pub struct Either<'a, T: ?Sized + ToOwned>(pub Cow<'a, T>);

impl<'a, T: ?Sized + ToOwned> Pass for Either<'a, T> {
    type Passed = Cow<'a, T>;
    #[inline]
    fn pass(self) -> Cow<'a, T> {
        self.0
    }
}

impl<T: ?Sized + Lend> Own for Either<'_, T> {
    type Owned = Option<T::Owned>;
    type Ready<'x> = &'x mut Option<T::Owned>;
    type Lent<'x> = Cow<'x, T>;
    fn own(self) -> Self::Owned {
        Some(self.0.into_owned())
    }
    fn ready(owned: &mut Self::Owned) -> &mut Self::Owned {
        owned
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut &'x mut Self::Owned) -> Cow<'y, T> {
        Cow::Owned(ready.take().expect("arguments are lent once"))
    }
}

impl<A: Pass> Pass for Option<A> {
    type Passed = Option<A::Passed>;
    #[inline]
    fn pass(self) -> Self::Passed {
        self.map(A::pass)
    }
}

impl<A: Own> Own for Option<A> {
    type Owned = Option<A::Owned>;
    type Ready<'x> = Option<A::Ready<'x>>;
    type Lent<'x> = Option<A::Lent<'x>>;
    fn own(self) -> Self::Owned {
        self.map(A::own)
    }
    fn ready(owned: &mut Self::Owned) -> Self::Ready<'_> {
        owned.as_mut().map(A::ready)
    }
    fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y> {
        ready.as_mut().map(A::lend)
    }
}

/// Implements both traits for a tuple: the tuple of all arguments, or a tuple that is an
/// argument. The attribute refuses tuples with more than 16 elements.
macro_rules! tuples {
    ($($name:ident)*) => {
        #[allow(non_snake_case, clippy::unused_unit, unused_variables)]
        impl<$($name: Pass),*> Pass for ($($name,)*) {
            type Passed = ($($name::Passed,)*);
            #[inline]
            fn pass(self) -> Self::Passed {
                let ($($name,)*) = self;
                ($($name.pass(),)*)
            }
        }

        #[allow(non_snake_case, clippy::unused_unit, unused_variables)]
        impl<$($name: Own),*> Own for ($($name,)*) {
            type Owned = ($($name::Owned,)*);
            type Ready<'x> = ($($name::Ready<'x>,)*);
            type Lent<'x> = ($($name::Lent<'x>,)*);
            fn own(self) -> Self::Owned {
                let ($($name,)*) = self;
                ($($name.own(),)*)
            }
            fn ready(owned: &mut Self::Owned) -> Self::Ready<'_> {
                let ($($name,)*) = owned;
                ($($name::ready($name),)*)
            }
            fn lend<'y, 'x: 'y>(ready: &'y mut Self::Ready<'x>) -> Self::Lent<'y> {
                let ($($name,)*) = ready;
                ($($name::lend($name),)*)
            }
        }
    };
}

macro_rules! tuples_up_to {
    ($first:ident $($rest:ident)*) => {
        tuples!($first $($rest)*);
        tuples_up_to!($($rest)*);
    };
    () => { tuples!(); };
}

tuples_up_to!(A B C D E F G H I J K L M N O P);

/// Declares a bundle of arguments that can't be owned, with its reason.
macro_rules! wait_only {
    ($(#[$doc:meta])* $name:ident, $reason:ident: $why:literal, $cure:literal) => {
        $(#[$doc])*
                pub struct $name<A>(pub A);

        impl<A> Pass for $name<A> {
            type Passed = A;
            #[inline]
            fn pass(self) -> A {
                self.0
            }
        }

        /// No type implements this. It only carries the compiler's message.
        #[diagnostic::on_unimplemented(
            message = $why,
            label = "this call can't move to another thread",
            note = "awaiting a smart `fn` moves it to another thread, where nothing it borrows here can follow",
            note = $cure
        )]
        pub trait $reason {}

        impl<A> Own for $name<A>
        where
            A: $reason,
        {
            type Owned = ();
            type Ready<'x> = ();
            type Lent<'x> = A;
            fn own(self) {}
            fn ready((): &mut ()) {}
            fn lend<'y, 'x: 'y>((): &'y mut ()) -> A {
                unreachable!("no type has this implementation")
            }
        }
    };
}

wait_only! {
    /// An argument is `&mut`, or holds one.
    Exclusive, MovesMut:
    "this smart call can be waited on, but not awaited: it borrows an argument by `&mut`",
    "take the value, hand it back with the result, or call `.wait()`"
}
wait_only! {
    /// An argument holds a borrow in a place that can't be copied out.
    Borrowing, MovesBorrow:
    "this smart call can be waited on, but not awaited: an argument's type holds a borrow that can't be turned into an owned copy",
    "take an owned type, such as `Vec<Vec<String>>` in place of `&[&[&str]]` or `self: Arc<Self>` in place of `self: Pin<&Self>`, or call `.wait()`"
}
wait_only! {
    /// A bound in the signature names the lifetime of an argument. The borrow that a thread
    /// of the pool lends might not satisfy the bound.
    Bounded, MovesBounded:
    "this smart call can be waited on, but not awaited: a bound in its signature names the lifetime of a borrowed argument",
    "drop the bound (as on `'a` in `where &'a T: Trait`, or in `'a: 'static`), take an owned value, or call `.wait()`"
}
wait_only! {
    /// The body names the lifetime of an argument in a type where the macro can put no other
    /// lifetime.
    Spelled, MovesSpelled:
    "this smart call can be waited on, but not awaited: its body names the lifetime of a borrowed argument in the type of a function or of a closure's parameter",
    "leave the lifetime out there (`&str` in place of `&'a str`), take an owned value, or call `.wait()`"
}
wait_only! {
    /// The output borrows from an argument.
    Borrowed, MovesOutput:
    "this smart call can be waited on, but not awaited: its output borrows from its arguments",
    "return an owned type, or call `.wait()`"
}
