//! Smart values: what `#[smartasync]` does to functions, done to closures that
//! are only known at run time.

use std::{any::type_name, fmt, sync::Arc};

use crate::{
    AsyncCall, SyncCall,
    call::{args::Val, async_call, setup::Global},
};

/// A closure that blocks, made smart. See [`smart_fn`].
pub struct SmartFn<F>(Arc<F>);

/// An async closure, made smart. See [`smart_async_fn`].
pub struct SmartAsyncFn<F>(Arc<F>);

/// Makes a smart value of a closure that may block.
///
/// It can be called any number of times, from several threads. Clones share
/// the closure.
///
/// Its argument has one type, and a borrow in that one lifetime: what a
/// `smart_fn(|x: &str| …)` is called with must be `&'static str` if the call is
/// awaited. Let it take a `String`, or write a `#[smartasync]` function, which
/// copies what it borrows.
///
/// ```
/// let square = bridge::smart_fn(|x: u64| x * x);
/// assert_eq!(square.call(4).wait(), 16);
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(square.call(5).await, 25);
/// # });
/// ```
///
/// With [`BoxCall`](crate::BoxCall), smart values of both kinds share a type:
///
/// ```
/// use bridge::BoxCall;
///
/// type Plugin = Box<dyn Fn(u64) -> BoxCall<'static, u64> + Send + Sync>;
///
/// let square = bridge::smart_fn(|x: u64| x * x);
/// let next = bridge::smart_async_fn(async |x: u64| x + 1);
/// let plugins: [Plugin; 2] = [
///     Box::new(move |x| BoxCall::new(square.call(x))),
///     Box::new(move |x| BoxCall::new(next.call(x))),
/// ];
/// assert_eq!(plugins.iter().map(|plugin| plugin(6).wait()).sum::<u64>(), 36 + 7);
/// ```
pub fn smart_fn<F, X, T>(f: F) -> SmartFn<F>
where
    F: Fn(X) -> T + Send + Sync + 'static,
{
    SmartFn(Arc::new(f))
}

/// Makes a smart value of an async closure.
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

impl<F> SmartFn<F> {
    /// A call of the closure with this argument; a tuple, where it takes many.
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
    /// A call of the closure with this argument; a tuple, where it takes many.
    pub fn call<X, T>(&self, x: X) -> AsyncCall<impl Future<Output = T> + use<F, X, T>>
    where
        F: AsyncFn(X) -> T,
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
