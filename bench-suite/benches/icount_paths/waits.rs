//! Instructions of waits that end without parking, and of `dispatch`.

use std::{
    future::{poll_fn, ready},
    hint::black_box,
    task::Poll,
    time::Duration,
};

use bench_suite::workload::{calls, run};
use iai_callgrind::{library_benchmark, library_benchmark_group};

use crate::measured;

/// A future that wakes itself in its first poll, and is ready in the second.
async fn woken_by_itself() {
    let mut woken = false;
    poll_fn(|cx| {
        if woken {
            return Poll::Ready(());
        }
        woken = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Counts the second call of `operation`. The first call starts the home runtime.
fn warm<T>(operation: impl Fn() -> T) {
    black_box(operation());
    measured(operation);
}

#[library_benchmark]
fn wait_ready_icount_of_bridge() {
    warm(|| bridge::wait(ready(black_box(1))));
}

#[library_benchmark]
fn wait_ready_icount_of_tokio_handle_block_on() {
    let runtime = run::multi_thread();
    let handle = runtime.handle();
    warm(|| handle.block_on(ready(black_box(1))));
}

#[library_benchmark]
fn wait_ready_blocking_icount_of_bridge() {
    let runtime = run::multi_thread();
    let job = runtime.spawn_blocking(|| warm(|| bridge::wait(ready(black_box(1)))));
    runtime.block_on(job).expect("no panic");
}

#[library_benchmark]
fn wait_ready_root_icount_of_bridge() {
    run::multi_thread().block_on(async { warm(|| bridge::wait(ready(black_box(1)))) });
}

#[library_benchmark]
fn wait_ready_nested_icount_of_bridge() {
    bridge::wait(async { warm(|| bridge::wait(ready(black_box(1)))) });
}

#[library_benchmark]
fn wait_woken_by_itself_icount_of_bridge() {
    warm(|| bridge::wait(woken_by_itself()));
}

#[library_benchmark]
fn wait_timeout_ready_icount_of_bridge() {
    let limit = Duration::from_mins(1);
    warm(|| calls::smart_async(black_box(1)).wait_timeout(limit).ok());
}

#[library_benchmark]
fn wait_would_freeze_icount_of_bridge() {
    pollster::block_on(bridge::in_async(async {
        warm(|| bridge::try_wait(ready(black_box(1))).is_err());
    }));
}

#[library_benchmark]
fn wait_async_call_icount_of_bridge() {
    warm(|| calls::smart_async(black_box(1)).wait());
}

#[library_benchmark]
fn dispatch_sync_in_sync_icount_of_bridge() {
    warm(|| calls::smart_sync(black_box(1)).dispatch().wait());
}

#[library_benchmark]
fn dispatch_async_in_sync_icount_of_bridge() {
    warm(|| calls::smart_async(black_box(1)).dispatch().wait());
}

#[library_benchmark]
fn dispatch_async_in_task_icount_of_bridge() {
    let runtime = run::multi_thread();
    let task = runtime.spawn(async {
        warm(|| crate::poll_once(calls::smart_async(black_box(1)).dispatch()));
    });
    runtime.block_on(task).expect("no panic");
}

// The call is dropped before it has run.
#[library_benchmark]
fn dispatch_sync_in_task_icount_of_bridge() {
    let runtime = run::multi_thread();
    let task = runtime.spawn(async {
        warm(|| calls::smart_sync(black_box(1)).dispatch().is_ready());
    });
    runtime.block_on(task).expect("no panic");
}

library_benchmark_group!(
    name = waiting;
    benchmarks =
        wait_ready_icount_of_bridge,
        wait_ready_icount_of_tokio_handle_block_on,
        wait_ready_blocking_icount_of_bridge,
        wait_ready_root_icount_of_bridge,
        wait_ready_nested_icount_of_bridge,
        wait_woken_by_itself_icount_of_bridge,
        wait_timeout_ready_icount_of_bridge,
        wait_would_freeze_icount_of_bridge,
        wait_async_call_icount_of_bridge,
        dispatch_sync_in_sync_icount_of_bridge,
        dispatch_async_in_sync_icount_of_bridge,
        dispatch_async_in_task_icount_of_bridge,
        dispatch_sync_in_task_icount_of_bridge
);
