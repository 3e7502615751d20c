//! Loom explores the races of a reset in every order.
//!
//! Run with `RUSTFLAGS="--cfg bridge_loom" cargo test -p bridge-cache --release
//! --lib loom`. The slot and the generation are the ones that ship. Only their
//! atomics are loom's, and each model thread keeps its slot in a variable.

use loom::{
    model::Builder,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use crate::{generation::Generation, slot::Slot};

/// Explores `test` in every order of its steps, and prints how many there were.
fn explore(test: impl Fn() + Sync + Send + 'static) {
    let executions = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&executions);
    Builder::new().check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        test();
    });
    let executions = executions.load(Ordering::Relaxed);
    let test = std::thread::current();
    println!(
        "{}: {executions} orders of steps",
        test.name().unwrap_or("?")
    );
    assert!(
        executions > 1,
        "loom explored a single order: it sees nothing of this test"
    );
}

/// Begins a poll as `Cache::driven` does.
fn begin(thread: &mut Slot<&'static str>, generation: &Generation) {
    let mut driver = Slot::with("driver");
    driver.date(generation.stamp());
    thread.exchange(&mut driver);
}

fn remembers(thread: &Slot<&'static str>, generation: &Generation) -> bool {
    thread.find(generation).is_some()
}

/// Otherwise a bridge that was reset would go on using its old runtime.
#[test]
fn a_look_up_after_a_reset_trusts_nothing_older() {
    explore(|| {
        let generation = Arc::new(Generation::new());
        let over = Arc::new(AtomicBool::new(false));
        let mut slot = Slot::EMPTY;
        begin(&mut slot, &generation);
        let resetter = thread::spawn({
            let (generation, over) = (generation.clone(), over.clone());
            move || {
                generation.end();
                over.store(true, Ordering::Release);
            }
        });
        if over.load(Ordering::Acquire) {
            assert!(!remembers(&slot, &generation), "trusted after the reset");
        }
        let once = remembers(&slot, &generation);
        let again = remembers(&slot, &generation);
        assert!(once || !again, "trusted again without a new poll");
        resetter.join().unwrap();
        assert!(!remembers(&slot, &generation));
    });
}

/// Otherwise a reset would miss an entry that is being made.
#[test]
fn a_reset_while_an_entry_is_made_counts() {
    explore(|| {
        let generation = Arc::new(Generation::new());
        let before = generation.stamp();
        let resetter = thread::spawn({
            let generation = generation.clone();
            move || generation.end()
        });
        let mut slot = Slot::EMPTY;
        begin(&mut slot, &generation);
        let made_before = generation.is_current(before);
        resetter.join().unwrap();
        let trusted = remembers(&slot, &generation);
        assert!(!(made_before && trusted), "the reset passed the entry by");
    });
}

/// Otherwise a cache would remember nothing after its first reset.
#[test]
fn an_entry_made_after_a_reset_is_trusted() {
    explore(|| {
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
            begin(&mut slot, &generation);
            assert!(remembers(&slot, &generation));
        }
        resetter.join().unwrap();
    });
}

/// Otherwise the second of two resets could restore an entry that the first
/// reset had ended.
#[test]
fn two_resets_at_once_end_two_generations() {
    explore(|| {
        let generation = Arc::new(Generation::new());
        let mut old = Slot::EMPTY;
        begin(&mut old, &generation);
        let resetters = [(); 2].map(|()| {
            let generation = generation.clone();
            thread::spawn(move || {
                generation.end();
                let mut slot = Slot::EMPTY;
                begin(&mut slot, &generation);
                slot
            })
        });
        let slots = resetters.map(|resetter| resetter.join().unwrap());
        assert!(!remembers(&old, &generation));
        // The entry that was made before the other reset is not trusted. The
        // later entry is trusted.
        let trusted = [&slots[0], &slots[1]].map(|slot| remembers(slot, &generation));
        assert!(trusted.contains(&true));
        assert_eq!(generation.ended(), 2, "a reset was lost in the other");
    });
}

/// Otherwise a thread could notice a reset and still find the old runtime.
#[test]
fn a_thread_that_notices_a_reset_sees_what_happened_before_it() {
    explore(|| {
        let generation = Arc::new(Generation::new());
        let home = Arc::new(AtomicU64::new(0));
        let mut slot = Slot::EMPTY;
        begin(&mut slot, &generation);
        let resetter = thread::spawn({
            let (generation, home) = (generation.clone(), home.clone());
            move || {
                home.store(1, Ordering::Relaxed);
                generation.end();
            }
        });
        if !remembers(&slot, &generation) {
            assert_eq!(
                home.load(Ordering::Relaxed),
                1,
                "fresh, but from before the reset"
            );
        }
        resetter.join().unwrap();
    });
}
