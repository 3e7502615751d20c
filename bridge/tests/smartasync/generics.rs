//! Checks generics, and `impl Trait` in arguments and results.

use super::*;

#[smartasync]
fn show_all<T: Display + ?Sized, const N: usize>(items: [&'static T; N]) -> String
where
    for<'x> &'x T: Debug,
{
    items.iter().map(|item| format!("{item}{item:?}")).collect()
}

#[smartasync]
async fn show_async<T, const N: usize>(items: [T; N]) -> String
where
    T: Display,
{
    items.iter().map(T::to_string).collect()
}

#[smartasync]
fn apply(f: impl Fn(u32) -> u32, x: impl Into<u32>) -> u32 {
    f(x.into())
}

#[smartasync]
async fn apply_async(f: impl AsyncFn(u32) -> u32, x: impl Into<u32>) -> u32 {
    f(x.into()).await
}

#[smartasync]
fn open(path: impl AsRef<Path>, name: &(impl Display + ?Sized)) -> PathBuf {
    path.as_ref().join(name.to_string())
}

#[smartasync]
fn counting(n: u32) -> impl Iterator<Item = u32> + Clone {
    0..n
}

#[smartasync]
async fn counting_async(n: u32) -> impl Iterator<Item = u32> {
    0..n
}

#[smartasync]
fn optional(x: impl Into<Option<&'static str>>, by: &impl Fn(&str) -> usize) -> usize {
    x.into().map_or(0, by)
}

/// Only an `async fn` may elide this lifetime.
#[smartasync(blocking = optional_async_blocking)]
async fn optional_async(x: impl Into<Option<&str>>, y: impl Iterator<Item = &u8>) -> usize {
    tokio::task::yield_now().await;
    x.into().map_or(0, str::len) + y.count()
}

#[smartasync]
fn later(x: u8) -> impl Future<Output = u8> {
    async move { x }
}

#[smartasync]
fn boxed() -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async { 5 })
}

#[test]
fn generics_and_impl_trait_in_both_places() {
    assert_eq!(show_all([&1, &2]).wait(), "1122");
    within(|| assert_eq!(show_async([1, 2]).wait(), "12"));
    assert_eq!(apply(|x| x + 1, 3_u8).wait(), 4);
    within(|| assert_eq!(apply_async(async |x| x + 1, 3_u8).wait(), 4));
    assert_eq!(open("a", "b").wait(), Path::new("a/b"));
    assert_eq!(counting(3).wait().sum::<u32>(), 3);
    assert_eq!(optional("a", &str::len).wait(), 1);
    let text = String::from("text");
    within(|| {
        assert_eq!(optional_async(&*text, [1].iter()).wait(), 5);
        assert_eq!(optional_async_blocking(None, [1].iter()), 1);
    });
    run(async {
        assert_eq!(show_all(["a", "b"]).await, "a\"a\"b\"b\"");
        assert_eq!(apply(|x| x + 1, 3_u8).await, 4);
        assert_eq!(open("a", &5).await, Path::new("a/5"));
        assert_eq!(counting(3).await.sum::<u32>(), 3);
        assert_eq!(counting_async(3).await.sum::<u32>(), 3);
        assert_eq!(later(3).await.await, 3);
        assert_eq!(boxed().await.await, 5);
        assert_eq!(later(3).wait().await, 3);
    });
}
