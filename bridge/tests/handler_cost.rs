//! Checks what a handler's calls allocate.
//!
//! The counter is per thread, so other threads do not count.
#![deny(warnings)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    hint::black_box,
};

use bridge::Handler;
use testkit::within;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: each call goes unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the same promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the same promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Returns how often `operation` allocates on this thread, once it is warm.
///
/// A call may start a thread of the pool, which allocates too. So this returns the least of
/// several counts.
async fn allocations<F: Future>(operation: impl Fn() -> F) -> usize {
    let mut least = usize::MAX;
    for _ in 0..20 {
        let before = ALLOCATIONS.get();
        black_box(operation().await);
        least = least.min(ALLOCATIONS.get() - before);
    }
    least
}

#[test]
fn a_call_allocates_one_box_more_and_a_clone_nothing() {
    let square = bridge::smart_fn(|x: u64| x * x);
    let next = bridge::smart_async_fn(async |x: u64| x + 1);
    let squares = Handler::from(square.clone());
    let nexts = Handler::from(next.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build();
    let runtime = runtime.unwrap();
    within(|| {
        runtime.block_on(async {
            let waits = allocations(async || nexts.call(4).wait()).await;
            let alone = allocations(async || next.call(4).wait()).await;
            assert_eq!(waits, alone + 1, "async, waited for");
            let waits = allocations(async || squares.call(4).wait()).await;
            assert_eq!(waits, 1, "sync, waited for");

            let awaits = allocations(|| nexts.call(4)).await;
            assert_eq!(awaits, 1, "async, awaited");
            let awaits = allocations(|| squares.call(4)).await;
            let alone = allocations(|| square.call(4)).await;
            assert_eq!(awaits, alone + 1, "sync, awaited");

            let clones = allocations(async || drop(squares.clone())).await;
            assert_eq!(clones, 0, "a clone");
        });
    });
}
