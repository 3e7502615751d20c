//! The carrier of a Tokio task-local.

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

use tokio::task::LocalKey;

use super::carrier::Carrier;

/// Carries the value of a [`tokio::task_local!`] to offloaded closures and spawned tasks.
///
/// Each closure and each poll of a task gets a clone of the value. If the submitter has no
/// value, the closure or task has none either.
///
/// ```
/// use bridge::{Bridge, carry::TaskLocal};
///
/// tokio::task_local! {
///     static REQUEST_ID: u64;
/// }
///
/// let bridge = Bridge::builder().carry(TaskLocal::of(&REQUEST_ID)).build()?;
/// let id = bridge.wait(REQUEST_ID.scope(7, bridge.offload(|| REQUEST_ID.get())));
/// assert_eq!(id, 7);
/// # Ok::<(), bridge::BuildError>(())
/// ```
///
/// # Corner cases
///
/// Tokio allows no scope of a task-local inside its `with`. So don't wait inside
/// `KEY.with(…)`: if a closure is lent to the thread of that wait, it panics with Tokio's
/// text. Clone the value first, as `KEY.get()` does.
pub struct TaskLocal<T: 'static> {
    key: &'static LocalKey<T>,
}

impl<T: Clone + Send + 'static> TaskLocal<T> {
    /// Returns the carrier of this task-local.
    #[must_use]
    pub fn of(key: &'static LocalKey<T>) -> Self {
        Self { key }
    }
}

impl<T: Clone + Send + 'static> Carrier for TaskLocal<T> {
    /// `None` if the submitter has no value.
    type Context = Option<T>;

    fn capture(&self) -> Option<Option<T>> {
        Some(self.key.try_with(T::clone).ok())
    }

    fn enter<R>(&self, context: &Option<T>, body: impl FnOnce() -> R) -> R {
        match (context, self.key.try_with(T::clone)) {
            (Some(value), _) => self.key.sync_scope(value.clone(), body),
            (None, Err(_unset)) => body(),
            // The thread has a value of its own: the closure was lent, or the task is polled
            // in a scope.
            (None, Ok(value)) => without(self.key, value, body),
        }
    }
}

/// Runs `body` in a scope in which the task-local has no value.
///
/// Tokio can't unset a task-local. But a future whose scope has lost its value by
/// `take_value` runs without one. `value` only makes that scope, so any value will do.
fn without<T, R>(key: &'static LocalKey<T>, value: T, body: impl FnOnce() -> R) -> R {
    let mut body = Some(body);
    let run = poll_fn(|_cx| match body.take() {
        Some(body) => Poll::Ready(body()),
        None => unreachable!("the future is polled once"),
    });
    let mut scope = pin!(key.scope(value, run));
    scope.as_mut().take_value();
    match scope.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => unreachable!("it is ready at its first poll"),
    }
}

impl<T> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocal").finish_non_exhaustive()
    }
}
