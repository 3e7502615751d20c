//! The handle that users of a pool and its futures hold.

use std::sync::Arc;

use crate::core::Core;

/// Closes the pool when the last handle is dropped.
///
/// Workers hold the [`Core`] and no handle, so that handles can be counted. Each job
/// counts handles, and this type keeps that count off the cache lines that workers use.
pub(crate) struct Handle {
    pub(crate) core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.close();
    }
}
