//! Smart values: closures that are called like `#[smartasync]` functions.

use std::{any::type_name, fmt, sync::Arc};

use crate::{
    AsyncCall, SyncCall,
    call::{args::Val, async_call, setup::Global},
};

/// A closure that blocks, made smart. See [`smart_fn`].
pub struct SmartFn<F>(Arc<F>);

/// An async closure, made smart. See [`smart_async_fn`].
pub struct SmartAsyncFn<F>(Arc<F>);

/// A function that returns a future, made smart. See [`smart_future_fn`].
pub struct SmartFutureFn<F>(Arc<F>);

/// Makes a smart value of a closure that may block.
///
/// The smart value can be called any number of times, from several threads. Its clones
/// share the closure.
///
/// The closure's argument has one type, so a borrow in it has one lifetime. If a call of
/// `smart_fn(|x: &str| …)` is awaited, its argument must be a `&'static str`. Let the
/// closure take a `String`, or write a `#[smartasync]` function, which copies its borrowed
/// arguments.
///
/// ```
/// let square = bridge::smart_fn(|x: u64| x * x);
/// assert_eq!(square.call(4).wait(), 16);
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(square.call(5).await, 25);
/// # });
/// ```
///
/// As a [`Handler`](crate::Handler), smart values of both kinds share a type:
///
/// ```
/// use bridge::Handler;
///
/// let square = bridge::smart_fn(|x: u64| x * x);
/// let next = bridge::smart_async_fn(async |x: u64| x + 1);
/// let plugins: [Handler<u64, u64>; 2] = [square.into(), next.into()];
/// assert_eq!(plugins.iter().map(|plugin| plugin.call(6).wait()).sum::<u64>(), 36 + 7);
/// ```
pub fn smart_fn<F, X, T>(f: F) -> SmartFn<F>
where
    F: Fn(X) -> T + Send + Sync + 'static,
{
    SmartFn(Arc::new(f))
}

/// Makes a smart value of an async closure.
///
/// The closure's future may borrow from the closure. So generic code can't name the
/// future's type and bound it by `Send`. Use [`smart_future_fn`] there.
///
/// ```
/// let next = bridge::smart_async_fn(async |x: u64| x + 1);
/// assert_eq!(next.call(4).wait(), 5);
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(next.call(5).await, 6);
/// # });
/// ```
pub fn smart_async_fn<F, X, T>(f: F) -> SmartAsyncFn<F>
where
    F: AsyncFn(X) -> T,
{
    SmartAsyncFn(Arc::new(f))
}

/// Makes a smart value of a function that returns a future, for code that is generic over
/// the function.
///
/// A call is `Send` and `'static` if the function, its argument and its future are. So a
/// registry can hold functions of any type:
///
/// ```
/// use std::collections::HashMap;
///
/// use bridge::Handler;
///
/// struct Registry<T>(HashMap<&'static str, Handler<String, T>>);
///
/// impl<T> Registry<T> {
///     fn add<F, Fut>(&mut self, name: &'static str, f: F)
///     where
///         F: Fn(String) -> Fut + Send + Sync + 'static,
///         Fut: Future<Output = T> + Send + 'static,
///     {
///         self.0.insert(name, bridge::smart_future_fn(f).into());
///     }
/// }
///
/// let mut registry = Registry(HashMap::new());
/// registry.add("length", async |text: String| text.len());
/// assert_eq!(registry.0["length"].call("four".to_owned()).wait(), 4);
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(registry.0["length"].call("four".to_owned()).await, 4);
/// # });
/// ```
///
/// The function runs at the wait or at the first poll, and not before. If the future of an
/// async closure borrows what the closure owns, the closure is no `Fn`. Use
/// [`smart_async_fn`] for it.
pub fn smart_future_fn<F, X, Fut>(f: F) -> SmartFutureFn<F>
where
    F: Fn(X) -> Fut,
    Fut: Future,
{
    SmartFutureFn(Arc::new(f))
}

impl<F> SmartFn<F> {
    /// Returns a call of the closure with this argument. Several values are passed as a
    /// tuple.
    #[track_caller]
    pub fn call<X, T>(
        &self,
        x: X,
    ) -> SyncCall<(Val<X>,), T, impl FnOnce((X,)) -> T + Send + 'static + use<F, X, T>>
    where
        F: Fn(X) -> T + Send + Sync + 'static,
    {
        let f = Arc::clone(&self.0);
        SyncCall::new(Global, type_name::<F>(), (Val(x),), move |(x,): (X,)| f(x))
    }
}

impl<F> SmartAsyncFn<F> {
    /// Returns the same closure as a function that returns a future.
    pub(crate) fn into_future_fn(self) -> SmartFutureFn<F> {
        SmartFutureFn(self.0)
    }

    /// Returns a call of the closure with this argument. Several values are passed as a
    /// tuple.
    pub fn call<X, T>(&self, x: X) -> AsyncCall<impl Future<Output = T> + use<F, X, T>>
    where
        F: AsyncFn(X) -> T,
    {
        let f = Arc::clone(&self.0);
        async_call(Global, async move { f(x).await })
    }
}

impl<F> SmartFutureFn<F> {
    /// Returns a call of the function with this argument. Several values are passed as a
    /// tuple.
    pub fn call<X, Fut>(
        &self,
        x: X,
    ) -> AsyncCall<impl Future<Output = Fut::Output> + use<F, X, Fut>>
    where
        F: Fn(X) -> Fut,
        Fut: Future,
    {
        let f = Arc::clone(&self.0);
        async_call(Global, async move { f(x).await })
    }
}

impl<F> Clone for SmartFn<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> Clone for SmartAsyncFn<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> Clone for SmartFutureFn<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> fmt::Debug for SmartFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmartFn").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for SmartAsyncFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmartAsyncFn").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for SmartFutureFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmartFutureFn").finish_non_exhaustive()
    }
}
