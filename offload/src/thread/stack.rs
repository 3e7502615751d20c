//! Tells whether this thread has hardly any stack left.
//!
//! A wait may be nested in another wait on the same stack, and so on until the stack
//! overflows, which ends the process. So a wait can check the stack before it goes on.
//! A check compares addresses. The system is asked once for each thread, and again
//! before the answer is yes.
//!
//! Only Linux is asked. On other systems the answer is always no. It is also no on a
//! stack that is not the thread's own, such as the stack of a coroutine.

use std::{cell::Cell, ops::Range, ptr};

use crate::platform::INTERPRETED;

/// The part of a stack that is kept in reserve.
///
/// In a build without optimisation, up to 8 KiB are used between two checks. A panic
/// takes 10 KiB, and 30 KiB with a backtrace.
const RESERVE: usize = 64 * 1024;

/// A small stack keeps only one part in this many in reserve.
const PART: usize = 4;

thread_local! {
    /// The addresses that are kept in reserve. `None` before the first check.
    static KEPT: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// Returns whether this thread has hardly any stack left.
#[must_use]
#[inline]
pub fn is_nearly_used_up() -> bool {
    // Before the answer is yes, `look` asks the system once more, because the stack of
    // the main thread grows when its limit is raised.
    is_in(KEPT.get().unwrap_or_else(look)) && is_in(look())
}

#[inline]
fn is_in((low, high): (usize, usize)) -> bool {
    (low..high).contains(&here())
}

/// Returns roughly the address up to which the stack is used.
///
/// It is the address of a local variable. Under `AddressSanitizer` locals lie on the
/// stack only if `detect_stack_use_after_return` is off. Under Miri each local lies somewhere
/// else, so the address is always the same there.
#[inline(never)]
pub(crate) fn here() -> usize {
    if INTERPRETED {
        return 0;
    }
    let local = Cell::new(0_u8);
    ptr::from_ref(std::hint::black_box(&local)).addr()
}

/// Asks the system for the addresses that are kept in reserve, and remembers them.
#[cold]
fn look() -> (usize, usize) {
    let kept = addresses().map_or((0, 0), |stack| {
        let size = stack.end - stack.start;
        (stack.start, stack.start + RESERVE.min(size / PART))
    });
    KEPT.set(Some(kept));
    kept
}

#[cfg(all(target_os = "linux", not(any(bridge_loom, bridge_shuttle))))]
fn addresses() -> Option<Range<usize>> {
    use std::mem::MaybeUninit;

    if INTERPRETED {
        return None;
    }
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: this function may be called anywhere.
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

#[cfg(not(all(target_os = "linux", not(any(bridge_loom, bridge_shuttle)))))]
fn addresses() -> Option<Range<usize>> {
    None
}

#[cfg(all(test, target_os = "linux", not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::thread;

    use super::*;

    /// Calls itself until the stack is nearly used up. Returns the bytes used until then.
    fn descend(top: usize) -> usize {
        let room = Cell::new([0_u8; 512]);
        std::hint::black_box(&room);
        if is_nearly_used_up() {
            return top - here();
        }
        descend(top)
    }

    #[test]
    fn a_check_says_yes_before_the_stack_ends() {
        for kibibytes in [64, 256, 2048, 8192] {
            let thread = thread::Builder::new().stack_size(kibibytes * 1024);
            let depth = thread.spawn(|| descend(here())).unwrap().join().unwrap();
            let left = kibibytes * 1024 - depth;
            let most = (RESERVE + 16 * 1024).min(kibibytes * 1024 / 2);
            assert!(left < most, "{kibibytes} KiB: {left} left");
            // A panic with a backtrace takes 30 KiB, and code between two checks 8 KiB.
            let least = (38 * 1024).min(kibibytes * 1024 / 4) - 4 * 1024;
            assert!(left > least, "{kibibytes} KiB: only {left} left");
        }
    }

    #[test]
    fn an_address_off_the_stack_is_not_part_of_it() {
        let local = here();
        assert!(addresses().is_some_and(|stack| stack.contains(&local)));
        let boxed = Box::new(0_u8);
        let address = ptr::from_ref(&*boxed).addr();
        assert!(addresses().is_some_and(|stack| !stack.contains(&address)));
    }
}
