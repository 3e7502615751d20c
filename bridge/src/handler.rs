//! Handlers: smart functions of either kind, behind one type.
//!
//! A [`Handler`] is a shared trait object. It can tell the kind of its function before any
//! call, by the type of the call that the function returns.

use std::{any::type_name, fmt, panic::Location, sync::Arc};

use crate::{
    BoxCall, Call, SmartAsyncFn, SmartFn, SmartFutureFn, route::Kind, smart_fn, smart_future_fn,
};

/// A smart function of one argument, sync or async, whose own type is erased.
///
/// Handlers with the same argument and result have the same type. So a plugin registry is
/// a plain map:
///
/// ```
/// use std::collections::HashMap;
///
/// use bridge::{Handler, smartasync};
///
/// #[smartasync]
/// async fn fetch(page: String) -> String {
///     tokio::time::sleep(std::time::Duration::from_millis(1)).await;
///     format!("the text of {page}")
/// }
///
/// #[smartasync]
/// fn read(path: String) -> String {
///     format!("the lines of {path}")
/// }
///
/// let mut plugins: HashMap<&str, Handler<String, String>> = HashMap::new();
/// plugins.insert("fetch", fetch.into());
/// plugins.insert("read", read.into());
/// plugins.insert("shout", Handler::from_fn(|text: String| text.to_uppercase()));
///
/// // From sync code:
/// let text = plugins["fetch"].call("a page".to_owned()).wait();
/// assert_eq!(text, "the text of a page");
///
/// // From async code:
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let text = plugins["read"].call("a file".to_owned()).await;
/// assert_eq!(text, "the lines of a file");
/// # });
///
/// assert!(plugins["fetch"].is_async() && plugins["read"].is_sync());
/// ```
///
/// # What becomes a handler
///
/// | I have | so I write |
/// |---|---|
/// | a smart function `f`, of either kind | `Handler::from(f)`, or `f.into()` |
/// | a closure that returns a smart call | `Handler::from(closure)` |
/// | a closure that may block | [`Handler::from_fn(closure)`](Handler::from_fn) |
/// | an async closure, or a function that returns a future | [`Handler::from_async_fn(f)`](Handler::from_async_fn) |
/// | a [`SmartFn`], a [`SmartFutureFn`] or a [`SmartAsyncFn`] | `Handler::from(smart)` |
/// | a smart method, and its value in an [`Arc`] | [`Handler::from_fn`] or [`Handler::from_async_fn`], with a closure that holds a clone |
///
/// The handler's clones share the function, and any thread may call it. So it must be
/// `Send + Sync + 'static`. Each call may run on another thread. So the call must be
/// `Send + 'static`, which the compiler checks when the handler is made.
///
/// A handler takes its argument by value. Pass several values as a tuple, and none as `()`.
/// Wrap a function that borrows in a closure that takes the owned value:
///
/// ```
/// use bridge::{Handler, smartasync};
///
/// #[smartasync]
/// async fn length(text: &str) -> usize {
///     text.len()
/// }
///
/// #[smartasync]
/// fn words(text: &str) -> usize {
///     text.split(' ').count()
/// }
///
/// let length = Handler::from_async_fn(async |text: String| length(&text).await);
/// let words = Handler::from_fn(|text: String| words(&text).wait());
/// let text = "a page";
/// assert_eq!([&length, &words].map(|count| count.call(text.to_owned()).wait()), [6, 2]);
/// ```
///
/// An async closure whose future borrows what the closure owns is no [`Fn`]. Let
/// [`smart_async_fn`](crate::smart_async_fn) hold it:
///
/// ```
/// use bridge::Handler;
///
/// let greeting = String::from("hello");
/// let greet = bridge::smart_async_fn(async move |name: String| format!("{greeting} {name}"));
/// let greet = Handler::from(move |name| greet.call(name));
/// assert_eq!(greet.call("ann".to_owned()).wait(), "hello ann");
/// ```
///
/// # Which closures `From` takes
///
/// `From` takes functions that return a smart call. It refuses other closures, because a
/// closure that returns a future may be an async one, or a sync one whose value is a future:
///
/// ```compile_fail,E0277
/// let square = bridge::Handler::from(|x: u64| x * x); // use `from_fn`
/// ```
///
/// ```compile_fail,E0277
/// let next = bridge::Handler::from(async |x: u64| x + 1); // use `from_async_fn`
/// ```
///
/// # Cost
///
/// A handler is two pointers large, and its clones share the function. Each call allocates
/// one box. Apart from that box, a call costs what it costs without the handler.
pub struct Handler<X, T>(Arc<dyn Function<X, T>>);

impl<X, T> Handler<X, T> {
    /// Makes a handler of a closure that may block.
    ///
    /// In async code the closure runs on the bounded pool.
    ///
    /// ```
    /// use bridge::Handler;
    ///
    /// let square = Handler::from_fn(|x: u64| x * x);
    /// assert_eq!(square.call(4).wait(), 16);
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(square.call(5).await, 25);
    /// # });
    /// ```
    pub fn from_fn<F>(f: F) -> Self
    where
        F: Fn(X) -> T + Send + Sync + 'static,
        X: Send + 'static,
        T: Send + 'static,
    {
        smart_fn(f).into()
    }

    /// Makes a handler of an async closure, or of a function that returns a future.
    ///
    /// The function runs at the wait or at the first poll, and not before. Generic code
    /// can name the bounds:
    ///
    /// ```
    /// use bridge::Handler;
    ///
    /// fn named<F, Fut>(name: &str, f: F) -> (String, Handler<u64, u64>)
    /// where
    ///     F: Fn(u64) -> Fut + Send + Sync + 'static,
    ///     Fut: Future<Output = u64> + Send + 'static,
    /// {
    ///     (name.to_owned(), Handler::from_async_fn(f))
    /// }
    ///
    /// let (_, next) = named("next", async |x| x + 1);
    /// assert_eq!(next.call(4).wait(), 5);
    /// ```
    pub fn from_async_fn<F, Fut>(f: F) -> Self
    where
        F: Fn(X) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = T> + Send + 'static,
        X: Send + 'static,
    {
        smart_future_fn(f).into()
    }

    /// Returns a call of the function with this argument.
    ///
    /// Nothing runs before `.wait()`, `.await` or `.dispatch()`. If the pool can't run the
    /// call, the error names the line of this `call`.
    #[track_caller]
    pub fn call(&self, x: X) -> BoxCall<'static, T> {
        self.0.call(x, Location::caller())
    }

    /// Returns `true` if every call runs an async function.
    ///
    /// If the function returns [`BoxCall`]s, its calls may be of both kinds. Then this and
    /// [`is_sync`](Self::is_sync) return `false`.
    ///
    /// ```
    /// use bridge::{BoxCall, Handler};
    ///
    /// let [square, next] = [Handler::from_fn(|x: i8| x * x), Handler::from_async_fn(async |x| x + 1)];
    /// assert!(square.is_sync() && next.is_async());
    ///
    /// let either = Handler::from(move |x| if x < 0 { square.call(x) } else { next.call(x) });
    /// assert!(!either.is_sync() && !either.is_async());
    /// assert_eq!([-3, 3].map(|x| either.call(x).wait()), [9, 4]);
    /// ```
    #[must_use]
    pub fn is_async(&self) -> bool {
        self.0.kind() == Some(Kind::Async)
    }

    /// Returns `true` if every call runs a sync function, which may block.
    ///
    /// See [`is_async`](Self::is_async) for a handler of both kinds.
    #[must_use]
    pub fn is_sync(&self) -> bool {
        self.0.kind() == Some(Kind::Sync)
    }

    /// Makes a handler of a function that returns calls. `Debug` shows `name`.
    fn named<F, C>(f: F, name: &'static str) -> Self
    where
        F: Fn(X) -> C + Send + Sync + 'static,
        C: Call<Output = T> + Send + 'static,
    {
        Self(Arc::new(Named { f, name }))
    }
}

/// Makes a handler of a smart function, or of a closure that returns a smart call.
impl<F, X, C> From<F> for Handler<X, C::Output>
where
    F: Fn(X) -> C + Send + Sync + 'static,
    C: Call + Send + 'static,
{
    fn from(f: F) -> Self {
        Self::named(f, type_name::<F>())
    }
}

impl<F, X, T> From<SmartFn<F>> for Handler<X, T>
where
    F: Fn(X) -> T + Send + Sync + 'static,
    X: Send + 'static,
    T: Send + 'static,
{
    fn from(smart: SmartFn<F>) -> Self {
        Self::named(move |x| smart.call(x), type_name::<F>())
    }
}

impl<F, X, Fut> From<SmartFutureFn<F>> for Handler<X, Fut::Output>
where
    F: Fn(X) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    X: Send + 'static,
{
    fn from(smart: SmartFutureFn<F>) -> Self {
        Self::named(move |x| smart.call(x), type_name::<F>())
    }
}

/// The closure must be an [`Fn`] too, because only then can a bound say that its future is
/// `Send`. An async closure is an [`Fn`] unless its future borrows what the closure owns.
impl<F, X, Fut> From<SmartAsyncFn<F>> for Handler<X, Fut::Output>
where
    F: Fn(X) -> Fut + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    X: Send + 'static,
{
    fn from(smart: SmartAsyncFn<F>) -> Self {
        smart.into_future_fn().into()
    }
}

/// A function whose calls are boxed.
trait Function<X, T>: Send + Sync {
    /// Returns a call of the function. Errors name the place `at`.
    fn call(&self, x: X, at: &'static Location<'static>) -> BoxCall<'static, T>;
    /// Returns the kind of all calls, or `None` if each call has a kind of its own.
    fn kind(&self) -> Option<Kind>;
    /// Returns the name of the function, for `Debug`.
    fn name(&self) -> &'static str;
}

/// A function that returns calls, and its name.
struct Named<F> {
    f: F,
    name: &'static str,
}

impl<F, X, C> Function<X, C::Output> for Named<F>
where
    F: Fn(X) -> C + Send + Sync,
    C: Call + Send + 'static,
{
    fn call(&self, x: X, at: &'static Location<'static>) -> BoxCall<'static, C::Output> {
        // `#[track_caller]` does not pass through a trait object, so `at` is handed on.
        BoxCall::placed(Box::new((self.f)(x)), at)
    }

    fn kind(&self) -> Option<Kind> {
        C::KIND
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

impl<X, T> Clone for Handler<X, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<X, T> fmt::Debug for Handler<X, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0.kind() {
            Some(Kind::Async) => "async",
            Some(Kind::Sync) => "sync",
            None => "either kind",
        };
        f.debug_struct("Handler")
            .field("kind", &format_args!("{kind}"))
            .field("function", &format_args!("{}", self.0.name()))
            .finish()
    }
}
