//! Checks that a look allocates nothing, in every place.
//!
//! The counter is per thread, so the runtimes' other threads do not count.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use bridge_detect::{Context, ThreadTag, warm_up};
use common::{Driver, mt};
use testkit::within;
use tokio::task::{self, coop};

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

/// Returns how often a thread's first three looks allocate.
fn allocations() -> usize {
    let before = ALLOCATIONS.get();
    for _ in 0..3 {
        std::hint::black_box(Context::current());
    }
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(ALLOCATIONS.get() - before, 1);
}

#[test]
fn no_look_allocates() {
    within(|| {
        assert_eq!(
            std::thread::spawn(allocations).join().unwrap(),
            0,
            "a fresh thread"
        );
        for driver in Driver::ALL {
            assert_eq!(driver.run(|| async { allocations() }), 0, "{driver:?}");
            let unconstrained = driver.run(|| coop::unconstrained(async { allocations() }));
            assert_eq!(unconstrained, 0, "unconstrained in {driver:?}");
        }
        let runtime = mt();
        assert_eq!(
            runtime.block_on(async { task::spawn_blocking(allocations).await.unwrap() }),
            0
        );
        let _guard = runtime.enter();
        assert_eq!(allocations(), 0, "under a guard");
        for tag in [ThreadTag::Job, ThreadTag::Wait, ThreadTag::Foreign] {
            let _tag = tag.set();
            assert_eq!(allocations(), 0, "{tag:?}");
        }
    });
}

/// A pool may warm its threads up at every turn.
#[test]
fn a_warm_thread_is_warmed_up_for_nothing() {
    within(|| {
        let cost = || {
            let before = ALLOCATIONS.get();
            warm_up();
            ALLOCATIONS.get() - before
        };
        let costs = std::thread::spawn(move || [cost(), cost(), cost()]);
        let [first, second, third] = costs.join().unwrap();
        assert!(first > 0, "the counter sees what the first one allocates");
        assert_eq!((second, third), (0, 0));
    });
}
