//! Makes a value right where an `Arc` keeps it.
//!
//! `Arc::new` makes its argument on the stack, and copies it once the memory is there. The
//! compiler can't spare that, because an allocation that fails would drop the argument. A
//! job is one large value of which little is set at first, so the copy would be among the
//! highest costs of making it.

use std::{mem::MaybeUninit, sync::Arc};

/// Returns an `Arc` of what `make` returns.
#[inline]
pub(super) fn arc<T>(make: impl FnOnce() -> T) -> Arc<T> {
    let place = Arc::<T>::new_uninit();
    let slot: *mut MaybeUninit<T> = Arc::as_ptr(&place).cast_mut();
    // SAFETY: this function has just made the `Arc` and shares it with nobody, so nothing
    // reads or writes the slot meanwhile. The pointer comes from the `Arc` itself. The old
    // content needs no drop, because it is uninitialised.
    unsafe { slot.write(MaybeUninit::new(make())) };
    // SAFETY: the line above has initialised the value.
    unsafe { place.assume_init() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_the_value_and_drops_it_once() {
        let inner = Arc::new(());
        let outer = arc(|| (Arc::clone(&inner), [7_u8; 200]));
        assert_eq!(outer.1, [7; 200]);
        assert_eq!((Arc::strong_count(&outer), Arc::weak_count(&outer)), (1, 0));
        let clone = Arc::clone(&outer);
        drop(outer);
        assert_eq!(Arc::strong_count(&inner), 2);
        drop(clone);
        assert_eq!(Arc::strong_count(&inner), 1);
    }

    /// The memory is freed, and nothing that was never made is dropped.
    #[test]
    fn a_panic_leaves_nothing() {
        struct Never(#[expect(dead_code, reason = "its drop is what matters")] u8);
        impl Drop for Never {
            fn drop(&mut self) {
                unreachable!("it was never made");
            }
        }
        let panics = || -> Never { std::panic::panic_any(()) };
        std::panic::catch_unwind(|| arc(panics))
            .map(drop)
            .unwrap_err();
    }
}
