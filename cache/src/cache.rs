//! The cache of one bridge: an entry for each thread, and a reset that crosses
//! threads.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use thread_local::ThreadLocal;
use tokio::runtime::Handle;

use crate::{Driver, generation::Generation, slot::Slot};

/// Remembers the runtime that drives a poll, for as long as that poll runs.
///
/// Each bridge has a cache of its own. Two caches share nothing. The crate's
/// documentation states the law and lists what is not remembered.
#[derive(Debug)]
pub struct Cache {
    generation: Generation,
    slots: ThreadLocal<RefCell<Slot<Handle>>>,
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

impl Cache {
    /// Returns a cache that remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            generation: Generation::new(),
            slots: ThreadLocal::new(),
        }
    }

    /// Runs `poll`, and remembers meanwhile that the runtime of `driver` drives
    /// it.
    ///
    /// The entry is valid during this call, on this thread. It stays valid
    /// inside guards, `block_in_place` and the `block_on` of other runtimes. It
    /// ends when `poll` returns or panics. A nested call of `driven` replaces
    /// the entry until that call ends.
    #[inline]
    pub fn driven<R>(&self, driver: &mut Driver, poll: impl FnOnce() -> R) -> R {
        let _lent = self.lend(driver);
        poll()
    }

    /// Puts the entry of `driver` on this thread until the guard is dropped. Returns
    /// `None` if the thread can take no entry now.
    #[inline]
    fn lend<'a>(&'a self, driver: &'a mut Driver) -> Option<Lent<'a>> {
        driver.slot.date(self.generation.stamp());
        let own = self.slots.get().or_else(|| self.first_slot())?;
        // Inside `with_driver` the slot is borrowed, so this poll makes no
        // entry. The answer of that look-up stays valid, because its runtime
        // encloses this poll.
        own.try_borrow_mut().ok()?.exchange(&mut driver.slot);
        Some(Lent { own, driver })
    }

    /// Makes this thread's slot. Returns `None` while the thread-locals are being
    /// destroyed: the crate `thread_local` panics then, because the thread's number
    /// is gone.
    #[cold]
    fn first_slot(&self) -> Option<&RefCell<Slot<Handle>>> {
        catch_unwind(AssertUnwindSafe(|| {
            self.slots.get_or(|| RefCell::new(Slot::EMPTY));
        }))
        .ok()?;
        // In `thread_local` 1.1.10, a reference that `get_or` returns for a new slot derives
        // from the exclusive one that wrote the slot. The next use of a reference from `get`
        // makes it invalid, and such uses are nested in the life of a `Lent`.
        self.slots.get()
    }

    /// Calls `look` with the remembered runtime, if there is one. That runtime
    /// is alive, and drives this poll or a poll that this poll is nested in.
    ///
    /// The handle is lent, not cloned. `look` may call this function again. A
    /// poll that is driven inside `look` is not remembered.
    #[inline]
    pub fn with_driver<R>(&self, look: impl FnOnce(Option<&Handle>) -> R) -> R {
        let slot = self.slots.get().and_then(|slot| slot.try_borrow().ok());
        if let Some(slot) = &slot
            && let Some(handle) = slot.find(&self.generation)
        {
            return look(Some(handle));
        }
        drop(slot);
        look(None)
    }

    /// Makes every thread forget its remembered runtime. Any thread may call this.
    ///
    /// A poll in progress no longer trusts its entry, so its next look-up is fresh.
    /// The next driven poll, of the same future or of another, makes a new entry.
    pub fn reset(&self) {
        self.generation.end();
    }
}

/// Returns the handle to its driver, and the previous entry to the thread, when
/// it is dropped.
struct Lent<'a> {
    own: &'a RefCell<Slot<Handle>>,
    driver: &'a mut Driver,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        // Nested calls have ended, so the slot is not borrowed here.
        self.own.borrow_mut().exchange(&mut self.driver.slot);
    }
}
