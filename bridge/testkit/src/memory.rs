//! Counts the memory that a process holds, to find what each call leaks.
#![expect(unsafe_code, reason = "a global allocator is an unsafe trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicIsize, Ordering::Relaxed},
    thread,
    time::Duration,
};

/// The smallest leak that [`Memory::check`] finds: a block of this many bytes per call.
const LEAK: isize = 64;

/// The number of rounds that [`Memory::check`] compares.
pub const ROUNDS: usize = 5;

/// The time in which memory that stands still does not change.
const REST: Duration = Duration::from_millis(20);

/// The number of times that a count waits for memory to stand still.
const MOST_LOOKS: usize = 100;

/// The system's allocator, with a count of the memory that nobody has freed.
///
/// A program that counts makes it the global allocator. The counts are those of all threads.
#[derive(Debug, Default)]
pub struct Memory {
    blocks: AtomicIsize,
    bytes: AtomicIsize,
}

impl Memory {
    /// Returns an allocator that has given out nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            blocks: AtomicIsize::new(0),
            bytes: AtomicIsize::new(0),
        }
    }

    /// Runs `round` several times, and compares the counts after each. A round makes so many
    /// `calls` of a kind, and waits until they are over.
    ///
    /// A leak makes each round grow. A cache, a table that grows or a thread that starts makes
    /// a few of them grow, and a thread that ends makes one shrink. So the round in the middle
    /// counts.
    ///
    /// # Errors
    ///
    /// Says how much a round grows, if that is half a block or 32 bytes per call, or more.
    pub fn check(&self, calls: usize, mut round: impl FnMut()) -> Result<(), String> {
        let mut blocks = [0; ROUNDS];
        let mut bytes = [0; ROUNDS];
        for index in 0..ROUNDS {
            let before = self.at_rest();
            round();
            let after = self.at_rest();
            (blocks[index], bytes[index]) = (after.0 - before.0, after.1 - before.1);
        }
        println!("blocks: {blocks:?}, bytes: {bytes:?}, in rounds of {calls} calls");
        let (blocks, bytes) = (middle(blocks), middle(bytes));
        let calls = calls.cast_signed();
        if 2 * blocks < calls && 2 * bytes < LEAK * calls {
            return Ok(());
        }
        Err(format!(
            "{blocks} blocks and {bytes} bytes more after each {calls} calls"
        ))
    }

    /// Returns what is [held](Self::held) once that stands still, because a thread may free
    /// memory a moment after the call that needed it.
    fn at_rest(&self) -> (isize, isize) {
        let mut before = self.held();
        for _ in 0..MOST_LOOKS {
            thread::sleep(REST);
            let now = self.held();
            if now == before {
                break;
            }
            before = now;
        }
        before
    }

    /// Returns the number of blocks that nobody has freed, and of their bytes.
    fn held(&self) -> (isize, isize) {
        (self.blocks.load(Relaxed), self.bytes.load(Relaxed))
    }

    fn count(&self, blocks: isize, bytes: isize) {
        self.blocks.fetch_add(blocks, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
    }
}

fn middle(mut growth: [isize; ROUNDS]) -> isize {
    growth.sort_unstable();
    growth[ROUNDS / 2]
}

// SAFETY: each call goes unchanged to the system's allocator.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count(1, layout.size().cast_signed());
        // SAFETY: the caller keeps the same promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        self.count(-1, -layout.size().cast_signed());
        // SAFETY: the caller keeps the same promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.count(0, size.cast_signed() - layout.size().cast_signed());
        // SAFETY: the caller keeps the same promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs rounds of 100 calls. The memory grows by these bytes per call in each round.
    fn check(bytes_per_call: [isize; ROUNDS]) -> Result<(), String> {
        let memory = Memory::new();
        let mut rounds = bytes_per_call.into_iter();
        memory.check(100, || {
            memory.count(0, 100 * rounds.next().expect("a round"));
        })
    }

    #[test]
    fn a_leak_is_seen_beside_what_comes_and_goes() {
        assert!(check([64; ROUNDS]).is_err());
        assert!(check([64, 64, -900, 64, 900]).is_err(), "a thread ends");
    }

    #[test]
    fn a_cache_that_fills_is_no_leak() {
        assert_eq!(check([0; ROUNDS]), Ok(()));
        assert_eq!(check([900, 0, 0, 900, -900]), Ok(()));
    }

    #[test]
    fn a_leak_of_tiny_blocks_is_seen() {
        let memory = Memory::new();
        assert!(memory.check(100, || memory.count(100, 100)).is_err());
    }

    #[test]
    fn the_counts_follow_a_block_from_its_allocation_to_its_end() {
        let memory = Memory::new();
        let layout = Layout::new::<[u64; 4]>();
        // SAFETY: the layout is not empty.
        let block = unsafe { memory.alloc(layout) };
        assert_eq!(memory.held(), (1, 32));
        // SAFETY: the block has this layout, and 64 bytes are no overflow.
        let block = unsafe { memory.realloc(block, layout, 64) };
        assert_eq!(memory.held(), (1, 64));
        let layout = Layout::new::<[u64; 8]>();
        // SAFETY: the block has this layout since it was reallocated.
        unsafe { memory.dealloc(block, layout) };
        assert_eq!(memory.held(), (0, 0));
    }
}
