//! Runs a measured operation in a task, in a `block_on` future, or on many threads.

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::{Builder, Runtime};

/// Returns a multi-thread runtime like that of a service.
///
/// # Panics
///
/// Panics if the system can start no threads.
#[must_use]
pub fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Returns the time of `count` operations in a row.
pub fn repeat<T>(count: u64, mut operation: impl FnMut() -> T) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        black_box(operation());
    }
    start.elapsed()
}

/// Returns the time of `count` awaited operations in a row.
pub async fn repeat_async<F: Future>(count: u64, operation: impl Fn(u64) -> F) -> Duration {
    let start = Instant::now();
    for number in 0..count {
        black_box(operation(black_box(number)).await);
    }
    start.elapsed()
}

/// Runs [`repeat`] inside one poll of a task of `runtime`.
///
/// # Panics
///
/// Panics if `operation` panics.
pub fn in_task<T>(
    runtime: &Runtime,
    count: u64,
    operation: impl FnMut() -> T + Send + 'static,
) -> Duration {
    let task = runtime.spawn(async move { repeat(count, operation) });
    runtime
        .block_on(task)
        .expect("the operation does not panic")
}

/// Runs [`repeat_async`] in a task of `runtime`.
///
/// # Panics
///
/// Panics if `operation` panics.
pub fn in_async_task<F: Future + Send>(
    runtime: &Runtime,
    count: u64,
    operation: impl Fn(u64) -> F + Send + Sync + 'static,
) -> Duration
where
    F::Output: Send,
{
    let task = runtime.spawn(async move { repeat_async(count, operation).await });
    runtime
        .block_on(task)
        .expect("the operation does not panic")
}

/// Runs [`repeat`] inside one poll of a `block_on` future of `runtime`.
pub fn in_root<T>(runtime: &Runtime, count: u64, operation: impl FnMut() -> T) -> Duration {
    runtime.block_on(async { repeat(count, operation) })
}

/// Runs [`repeat`] on a blocking thread of `runtime`.
///
/// # Panics
///
/// Panics if `operation` panics.
pub fn in_blocking<T>(
    runtime: &Runtime,
    count: u64,
    operation: impl FnMut() -> T + Send + 'static,
) -> Duration {
    let job = runtime.spawn_blocking(move || repeat(count, operation));
    runtime.block_on(job).expect("the operation does not panic")
}

/// Runs `count` operations on each of `threads` threads at once.
///
/// Returns the time of the slowest thread.
///
/// # Panics
///
/// Panics if `operation` panics.
pub fn at_once<T>(threads: usize, count: u64, operation: impl Fn() -> T + Sync) -> Duration {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let one = || {
            start.wait();
            repeat(count, &operation)
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let times = all
            .into_iter()
            .map(|t| t.join().expect("the operation does not panic"));
        times.max().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use bridge::Context;

    use super::*;

    #[test]
    fn each_place_is_the_place_it_says_and_runs_every_operation() {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let check = |wanted| {
            move || {
                assert_eq!(Context::current(), wanted);
                COUNT.fetch_add(1, Relaxed);
            }
        };
        let runtime = multi_thread();
        in_task(&runtime, 3, check(Context::Async));
        in_root(&runtime, 3, check(Context::Async));
        in_blocking(&runtime, 3, check(Context::Blocking));
        at_once(2, 3, check(Context::Sync));
        in_async_task(&runtime, 3, move |_| {
            check(Context::Async)();
            std::future::ready(())
        });
        assert_eq!(COUNT.load(Relaxed), 3 + 3 + 3 + 6 + 3);
    }
}
