//! Instructions of smart functions and of plain ones: P1, P2 and functions of other
//! shapes.
//!
//! Wall time is too coarse for these. The bench needs Valgrind and the runner of the
//! same version: `cargo xtask bench --check` says how to install them. Each benchmark
//! is named `PATH_icount_of_WHO`. Two of the paths are the rows "P1-icount" and
//! "P2-icount".
#![allow(
    missing_docs,
    reason = "the macros make modules, which can't be given any"
)]

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bench_suite::workload::{calls, shapes, shapes::Thing};
use iai_callgrind::{library_benchmark, library_benchmark_group, main};

/// Polls a future once, as an executor does.
#[expect(clippy::inline_always, reason = "its call would be counted too")]
#[inline(always)]
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("both futures are ready at once"),
    }
}

#[library_benchmark]
fn p1_icount_of_bridge() -> u64 {
    black_box(calls::smart_sync(black_box(1)).wait())
}

#[library_benchmark]
fn p1_icount_of_plain_call() -> u64 {
    black_box(calls::plain_sync(black_box(1)))
}

#[library_benchmark]
fn p2_icount_of_bridge() -> u64 {
    black_box(poll_once(async { calls::smart_async(black_box(1)).await }))
}

#[library_benchmark]
fn p2_icount_of_plain_await() -> u64 {
    black_box(poll_once(async { calls::plain_async(black_box(1)).await }))
}

/// Returns a value with methods, of which the compiler knows nothing.
#[expect(clippy::inline_always, reason = "its call would be counted too")]
#[inline(always)]
fn thing() -> &'static Thing {
    black_box(&Thing(4))
}

#[library_benchmark]
fn sync_method_icount_of_bridge() -> u64 {
    black_box(thing().smart_sync(black_box(1)).wait())
}

#[library_benchmark]
fn sync_method_icount_of_plain_call() -> u64 {
    black_box(thing().plain_sync(black_box(1)))
}

#[library_benchmark]
fn sync_borrowed_icount_of_bridge() -> u64 {
    black_box(shapes::smart_borrowed(black_box("ab")).wait())
}

#[library_benchmark]
fn sync_borrowed_icount_of_plain_call() -> u64 {
    black_box(shapes::plain_borrowed(black_box("ab")))
}

#[library_benchmark]
fn sync_generic_icount_of_bridge() -> u64 {
    black_box(shapes::smart_generic(black_box(1_u32)).wait())
}

#[library_benchmark]
fn sync_generic_icount_of_plain_call() -> u64 {
    black_box(shapes::plain_generic(black_box(1_u32)))
}

#[library_benchmark]
fn sync_result_icount_of_bridge() -> u64 {
    black_box(shapes::smart_result(black_box(1)).wait().unwrap_or(0))
}

#[library_benchmark]
fn sync_result_icount_of_plain_call() -> u64 {
    black_box(shapes::plain_result(black_box(1)).unwrap_or(0))
}

#[library_benchmark]
fn async_method_icount_of_bridge() -> u64 {
    black_box(poll_once(async { thing().smart_async(black_box(1)).await }))
}

#[library_benchmark]
fn async_method_icount_of_plain_await() -> u64 {
    black_box(poll_once(async { thing().plain_async(black_box(1)).await }))
}

#[library_benchmark]
fn async_borrowed_icount_of_bridge() -> u64 {
    black_box(poll_once(async {
        shapes::smart_borrowed_async(black_box("ab")).await
    }))
}

#[library_benchmark]
fn async_borrowed_icount_of_plain_await() -> u64 {
    black_box(poll_once(async {
        shapes::plain_borrowed_async(black_box("ab")).await
    }))
}

#[library_benchmark]
fn async_generic_icount_of_bridge() -> u64 {
    black_box(poll_once(async {
        shapes::smart_generic_async(black_box(1_u32)).await
    }))
}

#[library_benchmark]
fn async_generic_icount_of_plain_await() -> u64 {
    black_box(poll_once(async {
        shapes::plain_generic_async(black_box(1_u32)).await
    }))
}

library_benchmark_group!(
    name = sync_to_sync;
    benchmarks =
        p1_icount_of_bridge,
        p1_icount_of_plain_call,
        sync_method_icount_of_bridge,
        sync_method_icount_of_plain_call,
        sync_borrowed_icount_of_bridge,
        sync_borrowed_icount_of_plain_call,
        sync_generic_icount_of_bridge,
        sync_generic_icount_of_plain_call,
        sync_result_icount_of_bridge,
        sync_result_icount_of_plain_call
);
library_benchmark_group!(
    name = async_to_async;
    benchmarks =
        p2_icount_of_bridge,
        p2_icount_of_plain_await,
        async_method_icount_of_bridge,
        async_method_icount_of_plain_await,
        async_borrowed_icount_of_bridge,
        async_borrowed_icount_of_plain_await,
        async_generic_icount_of_bridge,
        async_generic_icount_of_plain_await
);
main!(library_benchmark_groups = sync_to_sync, async_to_async);
