//! What the users of a pool hold of it, and its futures too.

use std::sync::Arc;

use crate::core::Core;

/// Closes the pool when the last of its handles goes.
///
/// Apart from what the pool's threads hold, so that handles can be counted; and
/// so that counting them, for each job, doesn't take a cache line from those
/// threads.
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.close();
    }
}
