//! Instructions on the paths that every call takes.
//!
//! Each bench is named `PATH_icount_of_WHO`. What is counted is what runs inside
//! [`measured`], on whatever thread: what is around it (a runtime, a task, the
//! first call that sets things up) is not. So a count is that of one call on a
//! warm path, and repeats to the instruction where nothing else has a say.
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

/// Callgrind counts from its begin to its end.
#[inline(never)]
fn measured<T>(operation: impl FnOnce() -> T) -> T {
    black_box(operation())
}

/// One poll, as an executor would do it.
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
