//! The three contexts that a caller of a smart function can be in.

use crate::Place;

/// The kind of code that the current thread runs.
///
/// The answer holds for this moment, at this place of the stack. It belongs to no
/// thread, task or function, so do not keep it. The crate's documentation has the table
/// of all places, and the corners that cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// No runtime is reachable: blocking harms nobody.
    Sync,
    /// A runtime is reachable, but this thread is not polling for it.
    Blocking,
    /// A future is being polled on this thread: blocking freezes its executor.
    Async,
}

impl Context {
    /// Returns the context of this thread, now.
    ///
    /// It never panics, never allocates and takes no lock.
    ///
    /// ```
    /// use bridge_detect::Context;
    ///
    /// assert_eq!(Context::current(), Context::Sync);
    ///
    /// let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    /// runtime.block_on(async {
    ///     assert_eq!(Context::current(), Context::Async);
    ///     let offloaded = tokio::task::spawn_blocking(Context::current);
    ///     assert_eq!(offloaded.await.unwrap(), Context::Blocking);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn current() -> Self {
        Place::current().context()
    }
}
