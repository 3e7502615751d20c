//! Instructions on the paths that every call takes.
//!
//! Each benchmark is named `PATH_icount_of_WHO`. Callgrind counts the instructions
//! inside [`measured`], on all threads. It does not count what surrounds the call: a
//! runtime, a task, or the first call, which sets things up. So a count is that of one
//! call on a warm path. It repeats to the instruction, unless another thread has a part
//! in it.
#![allow(
    missing_docs,
    reason = "the macros make modules, which can't be given any"
)]

#[path = "icount_paths/offloads.rs"]
mod offloads;
#[path = "icount_paths/places.rs"]
mod places;
#[path = "icount_paths/waits.rs"]
mod waits;

use std::{
    hint::black_box,
    pin::pin,
    task::{Context, Poll, Waker},
};

use iai_callgrind::{Callgrind, EntryPoint, LibraryBenchmarkConfig, main};

use self::{offloads::handing_over, places::context, waits::waiting};

/// Runs `operation`. Callgrind counts from the beginning of this function to its end.
#[inline(never)]
fn measured<T>(operation: impl FnOnce() -> T) -> T {
    black_box(operation())
}

/// Polls a future once, as an executor does.
#[expect(clippy::inline_always, reason = "its call would be counted too")]
#[inline(always)]
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("what is counted so is ready at once"),
    }
}

main!(
    config = LibraryBenchmarkConfig::default().tool(
        Callgrind::default().entry_point(EntryPoint::Custom("icount_paths::measured*".to_owned()))
    );
    library_benchmark_groups = context, waiting, handing_over
);
