//! The listing in which a thread that is no worker notes the wait which parks it, for reports.

use std::{fmt, panic::Location, sync::Arc};

use super::Pool;
use crate::{
    observe::outside::{Listing, Wait},
    platform::sync::now,
};

/// The listing of this thread in the list of a pool, where it notes the wait that parks it.
pub struct WaitListing(Arc<Listing>);

impl WaitListing {
    /// Returns whether this is a listing in the list of this pool.
    #[must_use]
    pub fn is_of<A>(&self, pool: &Pool<A>) -> bool {
        let core = pool.handle.core.get();
        core.is_ok_and(|core| core.outside.has(&self.0))
    }

    /// Notes that the wait at `at`, for a future of the type `future`, parks this thread.
    pub fn note(&self, at: &'static Location<'static>, future: &'static str) {
        let since = now();
        self.0.set(Some(Wait { at, future, since }));
    }

    /// Notes that this thread waits no more.
    pub fn clear(&self) {
        self.0.set(None);
    }
}

impl<A> Pool<A> {
    /// Returns a listing for this thread in the list of this pool's outside waits. In a fork's
    /// child there is none.
    #[doc(hidden)]
    #[must_use]
    pub fn wait_listing(&self) -> Option<WaitListing> {
        let core = self.handle.core.get().ok()?;
        Some(WaitListing(core.outside.add_listing()))
    }
}

impl fmt::Debug for WaitListing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitListing").finish_non_exhaustive()
    }
}
