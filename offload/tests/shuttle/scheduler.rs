//! A scheduler that decides when time passes. Another one inside it decides everything
//! else.

use std::cell::Cell;

use bridge_offload::model::deadline_of;
use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

std::thread_local! {
    static HASTE: Cell<u64> = const { Cell::new(0) };
}

/// Sets how fast time goes: one step in this many lets the limit of a thread pass.
///
/// With zero, time passes only when no thread can run, as on a machine that is never
/// late.
pub(crate) fn set_haste(haste: u64) {
    HASTE.set(haste);
}

/// Returns whether time passes only when no thread can run.
pub(crate) fn is_patient() -> bool {
    HASTE.get() == 0
}

/// Leaves out sleeping threads until their time has come.
pub(crate) struct Clocked<S> {
    inner: S,
    coins: u64,
}

impl<S> Clocked<S> {
    pub(crate) fn new(inner: S, seed: u64) -> Self {
        Self { inner, coins: seed }
    }

    /// Returns a number below `limit`. A replay takes the picks from the record, so the
    /// numbers need not be recorded.
    fn draw(&mut self, limit: u64) -> u64 {
        self.coins = self.coins.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.coins) % limit
    }
}

/// Spreads the bits of a number over all of it.
pub(crate) fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

impl<S: Scheduler> Scheduler for Clocked<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.inner.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let (awake, asleep): (Vec<_>, Vec<_>) = runnable
            .iter()
            .copied()
            .partition(|task| deadline_of(task.id()).is_none());
        let haste = HASTE.get();
        if awake.is_empty() {
            let first = asleep
                .iter()
                .filter_map(|task| deadline_of(task.id()))
                .min();
            let due = |task: &&Task| haste > 0 || deadline_of(task.id()) == first;
            let due: Vec<_> = asleep.into_iter().filter(due).collect();
            return self.inner.next_task(&due, current, is_yielding);
        }
        if haste > 0 && !asleep.is_empty() && self.draw(haste) == 0 {
            let at = self.draw(asleep.len() as u64);
            return Some(asleep[usize::try_from(at).expect("an index")].id());
        }
        self.inner.next_task(&awake, current, is_yielding)
    }

    fn next_u64(&mut self) -> u64 {
        self.inner.next_u64()
    }
}
