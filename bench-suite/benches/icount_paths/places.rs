//! Instructions of `Context::current()`, in each context.

use bridge::Context;
use iai_callgrind::{library_benchmark, library_benchmark_group};
use tokio::runtime::{Builder, Runtime};

use crate::measured;

fn multi_thread() -> Runtime {
    bench_suite::workload::run::multi_thread()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// Counts the second call. The first call has set up the thread-locals.
fn ask(wanted: Context) {
    assert_eq!(Context::current(), wanted);
    assert_eq!(measured(Context::current), wanted);
}

#[library_benchmark]
fn context_thread_icount_of_bridge() {
    ask(Context::Sync);
}

#[library_benchmark]
fn context_root_icount_of_bridge() {
    multi_thread().block_on(async { ask(Context::Async) });
}

#[library_benchmark]
fn context_task_icount_of_bridge() {
    let runtime = multi_thread();
    let task = runtime.spawn(async { ask(Context::Async) });
    runtime.block_on(task).expect("no panic");
}

#[library_benchmark]
fn context_current_thread_root_icount_of_bridge() {
    current_thread().block_on(async { ask(Context::Async) });
}

#[library_benchmark]
fn context_current_thread_task_icount_of_bridge() {
    let runtime = current_thread();
    let task = runtime.spawn(async { ask(Context::Async) });
    runtime.block_on(task).expect("no panic");
}

#[library_benchmark]
fn context_blocking_icount_of_bridge() {
    let runtime = multi_thread();
    let job = runtime.spawn_blocking(|| ask(Context::Blocking));
    runtime.block_on(job).expect("no panic");
}

#[library_benchmark]
fn context_guard_icount_of_bridge() {
    let runtime = multi_thread();
    let _entered = runtime.enter();
    ask(Context::Blocking);
}

#[library_benchmark]
fn context_in_async_icount_of_bridge() {
    pollster::block_on(bridge::in_async(async { ask(Context::Async) }));
}

#[library_benchmark]
fn context_waited_on_icount_of_bridge() {
    bridge::wait(async { ask(Context::Async) });
}

library_benchmark_group!(
    name = context;
    benchmarks =
        context_thread_icount_of_bridge,
        context_root_icount_of_bridge,
        context_task_icount_of_bridge,
        context_current_thread_root_icount_of_bridge,
        context_current_thread_task_icount_of_bridge,
        context_blocking_icount_of_bridge,
        context_guard_icount_of_bridge,
        context_in_async_icount_of_bridge,
        context_waited_on_icount_of_bridge
);
