//! The trait of what carries a context from one thread to another.

/// Carries a context from the thread that submits work to the thread that runs it.
///
/// [`Builder::carry`](crate::Builder::carry) gives a carrier to a bridge. The carrier then
/// serves each closure that is offloaded on that bridge, each `.await` of a smart `fn`, and
/// each task of [`Bridge::spawn`](crate::Bridge::spawn). A wait needs no carrier, because it
/// stays on its thread.
///
/// A context goes down and never comes back: what the closure changes stays with the
/// closure. Two closures that were submitted by the same caller have a context each.
///
/// # Panics
///
/// If `capture` panics, the panic reaches the code that submits: the first poll, `start`,
/// `detach`, `try_offload` or `spawn`. The work is not submitted. If `enter` panics, that
/// counts as a panic of the closure or the task.
///
/// # Corner cases
///
/// Under a pool that can start no thread, a closure may run on the stack of a closure that
/// waits. Then the thread has a context already. `enter` must replace that context, and not
/// add to it.
///
/// If `capture` returns `None`, `enter` is not called, and the thread's own context stays.
/// So return `None` only if no thread can have a context to replace. Otherwise let `Context`
/// have a value for "none", as [`TaskLocal`](super::TaskLocal) does.
///
/// # Examples
///
/// A language for messages, which lives in a thread-local:
///
/// ```
/// use std::cell::Cell;
///
/// use bridge::{Bridge, Carrier};
///
/// thread_local! {
///     static LANGUAGE: Cell<&'static str> = const { Cell::new("en") };
/// }
///
/// struct Language;
///
/// impl Carrier for Language {
///     type Context = &'static str;
///
///     fn capture(&self) -> Option<&'static str> {
///         Some(LANGUAGE.get())
///     }
///
///     fn enter<R>(&self, language: &&'static str, body: impl FnOnce() -> R) -> R {
///         let before = LANGUAGE.replace(language);
///         let result = body(); // does not unwind
///         LANGUAGE.set(before);
///         result
///     }
/// }
///
/// let bridge = Bridge::builder().carry(Language).build()?;
/// LANGUAGE.set("fr");
/// assert_eq!(bridge.wait(bridge.offload(|| LANGUAGE.get())), "fr");
/// # Ok::<(), bridge::BuildError>(())
/// ```
pub trait Carrier: Send + Sync + 'static {
    /// What travels.
    type Context: Send + 'static;

    /// Captures the context of this thread, which is submitting work. Returns `None` if
    /// there is nothing to carry.
    ///
    /// The bridge calls this once for each submission. An offload is lazy, so its first
    /// poll submits it.
    fn capture(&self) -> Option<Self::Context>;

    /// Runs `body` in the context, and leaves the thread as it was before.
    ///
    /// `body` is a whole closure, or one poll or the drop of a task. It does not unwind: the
    /// bridge catches a panic in it, and resumes the panic after `enter` has returned.
    fn enter<R>(&self, context: &Self::Context, body: impl FnOnce() -> R) -> R;
}
