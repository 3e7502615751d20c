//! The cache of one bridge.

use std::cell::RefCell;

use detect::Context;
use tokio::runtime::Handle;

use crate::{Driver, generation::Generation, slot::Slot};

thread_local! {
    static SLOT: RefCell<Slot<Handle>> = const { RefCell::new(Slot::EMPTY) };
}

/// Remembers, within a poll, the runtime that drives it.
///
/// One per bridge; two share nothing. See the crate's head for the law and for
/// what is not remembered.
#[derive(Debug)]
pub struct Cache {
    /// Also what makes the cache larger than nothing: its address is its name.
    generation: Generation,
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
    fn lend<'driver>(&self, driver: &'driver mut Driver) -> Option<Lent<'driver>> {
        driver.slot.claim(self.name(), self.generation.stamp());
        // `None` on a thread whose locals are gone, and inside `with_driver`,
        // whose answer then stays in force. It encloses this poll too.
        exchange(&mut driver.slot).then(|| Lent { driver })
    }

    /// The remembered runtime, if there is one: it is alive, and drives this
    /// poll or one that this poll is nested in.
    ///
    /// Nothing is cloned. What `look` starts may look up in turn; a poll driven
    /// inside `look` is not remembered.
    #[inline]
    pub fn with_driver<R>(&self, look: impl FnOnce(Option<&Handle>) -> R) -> R {
        let mut look = Some(look);
        let found = SLOT.try_with(|slot| {
            let slot = slot.try_borrow().ok()?;
            let handle = slot.find(self.name(), &self.generation)?;
            look.take().map(|look| look(Some(handle)))
        });
        match (found, look) {
            (Ok(Some(answer)), _) => answer,
            (_, Some(look)) => look(None),
            (_, None) => unreachable!("what has looked has answered"),
        }
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

    #[inline]
    fn name(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// Changes places with this thread's slot. `false` where it can't be reached.
#[inline]
fn exchange(slot: &mut Slot<Handle>) -> bool {
    let exchanged = SLOT.try_with(|own| own.try_borrow_mut().map(|mut own| own.exchange(slot)));
    matches!(exchanged, Ok(Ok(())))
}

/// Gives a driver its handle back, and the thread what it held before.
struct Lent<'driver> {
    driver: &'driver mut Driver,
}

impl Drop for Lent<'_> {
    #[inline]
    fn drop(&mut self) {
        // Calls nest, so the slot can be reached as on the way in.
        let restored = exchange(&mut self.driver.slot);
        debug_assert!(restored, "a driven poll outlived its thread");
    }
}
