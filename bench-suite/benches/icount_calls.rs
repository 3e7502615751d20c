//! P1 and P2 in instructions, which wall time is too coarse for.
//!
//! Needs Valgrind and the runner of the same version: `cargo xtask bench
//! --icount` says how to get them. Each function is named for its row and for
//! who is measured; rows "P1-icount" and "P2-icount".
#![allow(
    missing_docs,
    reason = "the macros make modules, which can't be given any"
)]

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bench_suite::workload::calls;
use iai_callgrind::{library_benchmark, library_benchmark_group, main};

/// One poll, as an executor would do it.
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

library_benchmark_group!(
    name = sync_to_sync;
    benchmarks = p1_icount_of_bridge, p1_icount_of_plain_call
);
library_benchmark_group!(
    name = async_to_async;
    benchmarks = p2_icount_of_bridge, p2_icount_of_plain_await
);
main!(library_benchmark_groups = sync_to_sync, async_to_async);
