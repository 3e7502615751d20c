//! A global allocator that counts allocations.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// The system's allocator, with a counter of allocations.
#[derive(Debug, Default)]
pub struct Counting {
    allocations: AtomicU64,
}

impl Counting {
    /// Returns a counter at zero.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            allocations: AtomicU64::new(0),
        }
    }

    /// Returns the number of allocations that all threads have made so far.
    pub fn allocations(&self) -> u64 {
        self.allocations.load(Relaxed)
    }
}

// SAFETY: `Counting` passes every call on unchanged to the system's allocator, which
// keeps the contract. The counter touches no memory but its own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.allocations.fetch_add(1, Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which `System` shares.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` or `realloc`, so from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.allocations.fetch_add(1, Relaxed);
        // SAFETY: the pointer came from `System`, and the caller vouches for
        // the layout and the size.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
