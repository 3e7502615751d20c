//! The cache of one bridge.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use detect::Context;
use thread_local::ThreadLocal;
use tokio::runtime::Handle;

use crate::{Driver, generation::Generation, slot::Slot};

/// Remembers, within a poll, the runtime that drives it.
///
/// One per bridge; two share nothing. See the crate's head for the law and for
/// what is not remembered.
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
    /// A cache that remembers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            generation: Generation::new(),
            slots: ThreadLocal::new(),
        }
    }

    /// Runs `poll`, in which this cache knows that `driver` drives.
    ///
    /// The entry is in force for this call, on this thread, through whatever
    /// nests inside it: guards, `block_in_place`, other runtimes' `block_on`.
    /// It ends with the call, panic or not. A driven poll further in replaces
    /// it meanwhile.
    #[inline]
    pub fn driven<R>(&self, driver: &mut Driver, poll: impl FnOnce() -> R) -> R {
        let _lent = self.lend(driver);
        poll()
    }

    #[inline]
    fn lend<'a>(&'a self, driver: &'a mut Driver) -> Option<Lent<'a>> {
        driver.slot.date(self.generation.stamp());
        let own = self.slots.get().or_else(|| self.first_slot())?;
        // Not inside `with_driver`, whose answer stays in force; it encloses
        // this poll too.
        own.try_borrow_mut().ok()?.exchange(&mut driver.slot);
        Some(Lent { own, driver })
    }

    /// This thread's slot, made; `None` where the thread's locals are being
    /// destroyed and its number is gone, which is a panic in there.
    #[cold]
    fn first_slot(&self) -> Option<&RefCell<Slot<Handle>>> {
        catch_unwind(AssertUnwindSafe(|| {
            self.slots.get_or(|| RefCell::new(Slot::EMPTY))
        }))
        .ok()
    }

    /// The remembered runtime, if there is one: it is alive, and drives this
    /// poll or one that this poll is nested in.
    ///
    /// Nothing is cloned. What `look` starts may look up in turn; a poll driven
    /// inside `look` is not remembered.
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

    /// The remembered runtime, or else the current one, which is
    /// [`Handle::try_current`] and so may be that of a foreign guard.
    #[inline]
    pub fn with_runtime<R>(&self, look: impl FnOnce(Option<&Handle>) -> R) -> R {
        self.with_driver(|driver| match driver {
            Some(driver) => look(Some(driver)),
            None => look(Handle::try_current().ok().as_ref()),
        })
    }

    /// [`with_runtime`](Self::with_runtime), cloned. The clone costs as much as
    /// [`Handle::try_current`], so this is for what needs to own it.
    #[must_use]
    pub fn runtime(&self) -> Option<Handle> {
        let driver = self.with_driver(|driver: Option<&Handle>| driver.cloned());
        driver.or_else(|| Handle::try_current().ok())
    }

    /// What this thread is doing, which is never remembered:
    /// [`Context::current`]. The crate's head says why.
    #[must_use]
    #[inline]
    pub fn context(&self) -> Context {
        Context::current()
    }

    /// Makes the next look-up of every thread a fresh one. From any thread.
    ///
    /// What a poll in progress remembers is not trusted any more; the next
    /// driven poll, of the same future or another, remembers anew.
    pub fn reset(&self) {
        self.generation.end();
    }
}

/// Gives a driver its handle back, and the thread what it held before.
struct Lent<'a> {
    own: &'a RefCell<Slot<Handle>>,
    driver: &'a mut Driver,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        // Calls nest, so the slot can be reached as on the way in.
        self.own.borrow_mut().exchange(&mut self.driver.slot);
    }
}
