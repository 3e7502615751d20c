//! How much of this thread's stack is left?
//!
//! What waits on a stack may be nested in what waits further out, and so on until
//! the stack is used up, which ends the process. So who is about to go deeper can
//! ask. Asking is a comparison of addresses: the system is asked once a thread, and
//! again before the answer is yes.
//!
//! Only Linux is asked. Elsewhere, and on a stack that isn't the thread's own, as
//! that of a coroutine, there is always enough.

use std::{cell::Cell, ops::Range, ptr};

/// What is kept in reserve. In a build that isn't optimised a wait takes up to
/// 8 KiB before it asks the next time, or 10 KiB for a panic, with a backtrace 30.
const RESERVE: usize = 64 * 1024;

/// A small stack keeps less, one part in so many.
const PART: usize = 4;

thread_local! {
    /// The addresses that are kept in reserve; none before the first look.
    static KEPT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Whether this thread has hardly any stack left.
#[must_use]
#[inline]
pub fn is_nearly_used_up() -> bool {
    // The second look is for a main thread, whose stack grows with its limit.
    is_in(KEPT.get().unwrap_or_else(look)) && is_in(look())
}

#[inline]
fn is_in((low, high): (usize, usize)) -> bool {
    (low..high).contains(&here())
}

/// About where the stack ends, towards which it grows.
///
/// An address of something on it. Under `AddressSanitizer` that is so only if
/// `detect_stack_use_after_return` is off: else locals live elsewhere.
#[inline(never)]
pub(crate) fn here() -> usize {
    let local = Cell::new(0_u8);
    ptr::from_ref(std::hint::black_box(&local)).addr()
}

#[cold]
fn look() -> (usize, usize) {
    let kept = addresses().map_or((0, 0), |stack| {
        let size = stack.end - stack.start;
        (stack.start, stack.start + RESERVE.min(size / PART))
    });
    KEPT.set(Some(kept));
    kept
}

#[cfg(all(target_os = "linux", not(bridge_loom)))]
fn addresses() -> Option<Range<usize>> {
    use std::mem::MaybeUninit;

    let mut attributes = MaybeUninit::uninit();
    // SAFETY: it may be called anywhere.
    let this_thread = unsafe { libc::pthread_self() };
    // SAFETY: this thread is alive, and there is room for the attributes, which
    // are written unless an error is returned.
    if unsafe { libc::pthread_getattr_np(this_thread, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut start, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes were written, and there is room for the two words.
    let code =
        unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut start, &raw mut size) };
    // SAFETY: the attributes were written, and are not used again.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    (code == 0).then(|| start.addr()..start.addr() + size)
}

#[cfg(not(all(target_os = "linux", not(bridge_loom))))]
fn addresses() -> Option<Range<usize>> {
    None
}

#[cfg(all(test, target_os = "linux", not(bridge_loom)))]
mod tests {
    use std::thread;

    use super::*;

    /// Goes deeper until the stack is nearly used up; how deep that is, in bytes.
    fn descend(top: usize) -> usize {
        let room = Cell::new([0_u8; 512]);
        std::hint::black_box(&room);
        if is_nearly_used_up() {
            return top - here();
        }
        descend(top)
    }

    #[test]
    fn a_descent_is_told_before_the_end() {
        for kibibytes in [64, 256, 2048, 8192] {
            let thread = thread::Builder::new().stack_size(kibibytes * 1024);
            let depth = thread.spawn(|| descend(here())).unwrap().join().unwrap();
            let left = kibibytes * 1024 - depth;
            let most = (RESERVE + 16 * 1024).min(kibibytes * 1024 / 2);
            assert!(left < most, "{kibibytes} KiB: {left} left");
        }
    }

    #[test]
    fn another_stack_is_none_of_the_threads() {
        let local = here();
        assert!(addresses().is_some_and(|stack| stack.contains(&local)));
        let elsewhere = Box::new(0_u8);
        let address = ptr::from_ref(&*elsewhere).addr();
        assert!(addresses().is_some_and(|stack| !stack.contains(&address)));
    }
}
