//! The fate of the work when a wait ran out of time.

use std::any::type_name;

/// The fate of the work when a wait ran out of time: the `left` of
/// [`WaitError::TimedOut`](crate::WaitError::TimedOut).
///
/// It tells whether a smart `fn` may be run again after a time limit:
///
/// ```
/// use std::{thread, time::Duration};
///
/// use bridge::{Leftover, WaitError, smartasync};
///
/// #[smartasync]
/// fn pay() {
///     thread::sleep(Duration::from_millis(100));
/// }
///
/// match pay().wait_timeout(Duration::from_millis(10)) {
///     Ok(()) => println!("paid"),
///     Err(WaitError::TimedOut { left: Leftover::NotStarted, .. }) => println!("try again"),
///     Err(error) => println!("{error}"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Leftover {
    /// The wait owned the future and dropped it. A task or a job that the future
    /// had started may go on.
    Dropped,
    /// The wait had only borrowed the future, by `&mut`. Its owner can wait again.
    Kept,
    /// The smart `fn` had not started, and never will.
    NotStarted,
    /// The smart `fn` runs on to its end on its thread of the pool, where it can
    /// ask [`cancelled`](crate::offload::cancelled). Its result will be dropped.
    Running,
    /// The smart `fn` ended as the limit passed. Its result was dropped.
    Finished,
}

impl Leftover {
    /// Returns the fate of a future of type `F` that its wait gives up.
    ///
    /// No trait of the language tells a borrow from a value, so the name of the type decides.
    /// The standard library does not guarantee the text of that name. A test fails if the
    /// text changes.
    #[inline]
    pub(crate) fn of<F>() -> Self {
        let name = type_name::<F>();
        // The compiler evaluates this.
        if name.starts_with("&mut ") || name.starts_with("core::pin::Pin<&mut ") {
            Self::Kept
        } else {
            Self::Dropped
        }
    }

    /// Says what became of the work, and what to do.
    pub(crate) fn explained(self) -> &'static str {
        match self {
            Self::Dropped => {
                "the future was dropped, though a task or job that it had started may go on; allow \
                 it more time, or wait on `&mut future` to keep it"
            }
            Self::Kept => {
                "the future was borrowed by `&mut` and is kept; wait for it again, or drop it"
            }
            Self::NotStarted => {
                "the function had not started and never will; allow it more time, or offload less \
                 at a time"
            }
            Self::Running => {
                "the function had started and runs on to its end, and its result will be dropped; \
                 allow it more time, or let it ask `bridge::offload::cancelled()`"
            }
            Self::Finished => {
                "the function ended as the limit passed, and its result was dropped; allow it more \
                 time"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Ready,
        pin::{Pin, pin},
    };

    use super::*;

    fn left<F>(_: &F) -> Leftover {
        Leftover::of::<F>()
    }

    /// Fails if the standard library changes the names of these types.
    #[test]
    fn a_borrow_is_told_from_a_value() {
        let mut block = pin!(async {});
        assert_eq!(left(&block), Leftover::Kept);
        assert_eq!(left(&&mut block), Leftover::Kept);
        assert_eq!(Leftover::of::<&mut Ready<()>>(), Leftover::Kept);
        assert_eq!(Leftover::of::<Pin<&mut Ready<()>>>(), Leftover::Kept);

        assert_eq!(left(&async {}), Leftover::Dropped);
        assert_eq!(Leftover::of::<Ready<&mut u8>>(), Leftover::Dropped);
        assert_eq!(Leftover::of::<Box<Ready<()>>>(), Leftover::Dropped);
        assert_eq!(Leftover::of::<Pin<Box<Ready<()>>>>(), Leftover::Dropped);
    }
}
