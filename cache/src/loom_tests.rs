//! The races of a reset, each ruled out by the model.
//!
//! Run with `RUSTFLAGS="--cfg bridge_loom" cargo test -p bridge-cache --release
//! --lib loom`. Slot and generation are the shipped ones; only the atomics are
//! loom's, and each model thread has its slot in a variable.

use loom::{
    model,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::{generation::Generation, slot::Slot};

const CACHE: usize = 1;
const OTHER: usize = 2;

/// A poll as `Cache::driven` begins it.
fn begin(thread: &mut Slot<&'static str>, owner: usize, generation: &Generation) {
    let mut driver = Slot::with("driver");
    driver.claim(owner, generation.stamp());
    thread.exchange(&mut driver);
}

fn remembers(thread: &Slot<&'static str>, owner: usize, generation: &Generation) -> bool {
    thread.find(owner, generation).is_some()
}

/// Else a bridge that was reset would go on using the runtime it left.
#[test]
fn a_look_up_after_a_reset_trusts_nothing_older() {
    model(|| {
        let generation = Arc::new(Generation::new());
        let over = Arc::new(AtomicBool::new(false));
        let mut slot = Slot::EMPTY;
        begin(&mut slot, CACHE, &generation);
        let resetter = thread::spawn({
            let (generation, over) = (generation.clone(), over.clone());
            move || {
                generation.end();
                over.store(true, Ordering::Release);
            }
        });
        if over.load(Ordering::Acquire) {
            assert!(
                !remembers(&slot, CACHE, &generation),
                "trusted after the reset"
            );
        }
        let once = remembers(&slot, CACHE, &generation);
        let again = remembers(&slot, CACHE, &generation);
        assert!(once || !again, "trusted again without a new poll");
        resetter.join().unwrap();
        assert!(!remembers(&slot, CACHE, &generation));
    });
}

/// Else a reset in the middle of a poll's beginning would pass it by.
#[test]
fn a_reset_while_an_entry_is_made_counts() {
    model(|| {
        let generation = Arc::new(Generation::new());
        let before = generation.stamp();
        let resetter = thread::spawn({
            let generation = generation.clone();
            move || generation.end()
        });
        let mut slot = Slot::EMPTY;
        begin(&mut slot, CACHE, &generation);
        let made_before = generation.counts(before);
        resetter.join().unwrap();
        let trusted = remembers(&slot, CACHE, &generation);
        assert!(!(made_before && trusted), "the reset passed the entry by");
    });
}

/// Else a cache would remember nothing any more once it was reset.
#[test]
fn an_entry_made_after_a_reset_is_trusted() {
    model(|| {
        let generation = Arc::new(Generation::new());
        let over = Arc::new(AtomicBool::new(false));
        let resetter = thread::spawn({
            let (generation, over) = (generation.clone(), over.clone());
            move || {
                generation.end();
                over.store(true, Ordering::Release);
            }
        });
        if over.load(Ordering::Acquire) {
            let mut slot = Slot::EMPTY;
            begin(&mut slot, CACHE, &generation);
            assert!(remembers(&slot, CACHE, &generation));
        }
        resetter.join().unwrap();
    });
}

/// Else the second of two resets could bring back what the first had ended.
#[test]
fn two_resets_at_once_end_two_generations() {
    model(|| {
        let generation = Arc::new(Generation::new());
        let mut old = Slot::EMPTY;
        begin(&mut old, CACHE, &generation);
        let resetters = [(); 2].map(|()| {
            let generation = generation.clone();
            thread::spawn(move || {
                generation.end();
                let mut slot = Slot::EMPTY;
                begin(&mut slot, CACHE, &generation);
                slot
            })
        });
        let slots = resetters.map(|resetter| resetter.join().unwrap());
        assert!(!remembers(&old, CACHE, &generation));
        // Who made an entry before the other's reset is not trusted, and the
        // later of the two is.
        let trusted = [&slots[0], &slots[1]].map(|slot| remembers(slot, CACHE, &generation));
        assert!(trusted.contains(&true));
        assert_eq!(generation.ended(), 2, "a reset was lost in the other");
    });
}

/// Else a thread could look up afresh and still find what the reset replaced.
#[test]
fn who_notices_a_reset_sees_what_was_done_before_it() {
    model(|| {
        let generation = Arc::new(Generation::new());
        let home = Arc::new(AtomicU64::new(0));
        let mut slot = Slot::EMPTY;
        begin(&mut slot, CACHE, &generation);
        let resetter = thread::spawn({
            let (generation, home) = (generation.clone(), home.clone());
            move || {
                home.store(1, Ordering::Relaxed);
                generation.end();
            }
        });
        if !remembers(&slot, CACHE, &generation) {
            assert_eq!(
                home.load(Ordering::Relaxed),
                1,
                "fresh, but from before the reset"
            );
        }
        resetter.join().unwrap();
    });
}

/// Else one bridge's reset would slow another's look-ups, or hide its own.
#[test]
fn a_reset_of_one_cache_leaves_another_alone() {
    model(|| {
        let mine = Arc::new(Generation::new());
        let other = Generation::new();
        let mut slot = Slot::EMPTY;
        begin(&mut slot, OTHER, &other);
        let resetter = thread::spawn({
            let mine = mine.clone();
            move || mine.end()
        });
        assert!(remembers(&slot, OTHER, &other));
        assert!(
            !remembers(&slot, CACHE, &mine),
            "found another cache's entry"
        );
        resetter.join().unwrap();
        assert!(remembers(&slot, OTHER, &other));
    });
}
