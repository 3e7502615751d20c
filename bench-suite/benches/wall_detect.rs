//! P3 and P12: what it costs to know where a thread stands.

use std::cell::Cell;

use bench_suite::{settings, workload::run};
use bridge::Context;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::runtime::{Handle, Runtime};

thread_local! {
    static LOCAL: Cell<u8> = const { Cell::new(1) };
}

fn on_a_plain_thread(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("P3-thread");
    group.bench_function("bridge", |b| b.iter(Context::current));
    group.bench_function("thread_local_read", |b| b.iter(|| LOCAL.get()));
    group.bench_function("handle_try_current", |b| {
        b.iter(|| Handle::try_current().is_ok());
    });
    group.finish();
}

fn in_a_task(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P3-task");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| run::in_task(&runtime, count, Context::current));
    });
    group.bench_function("thread_local_read", |b| {
        b.iter_custom(|count| run::in_task(&runtime, count, || LOCAL.get()));
    });
    group.bench_function("handle_try_current", |b| {
        b.iter_custom(|count| run::in_task(&runtime, count, || Handle::try_current().is_ok()));
    });
    group.finish();
}

fn in_a_root(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P3-root");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| run::in_root(&runtime, count, Context::current));
    });
    group.bench_function("thread_local_read", |b| {
        b.iter_custom(|count| run::in_root(&runtime, count, || LOCAL.get()));
    });
    group.bench_function("handle_try_current", |b| {
        b.iter_custom(|count| run::in_root(&runtime, count, || Handle::try_current().is_ok()));
    });
    group.finish();
}

/// A runtime's handle, in a task that has not asked before, and in one that has.
fn look_ups(criterion: &mut Criterion) {
    let runtime: Runtime = run::multi_thread();
    for name in ["P12-first", "P12-cached"] {
        let mut group = criterion.benchmark_group(name);
        group.bench_function("handle_try_current", |b| {
            b.iter_custom(|count| run::in_task(&runtime, count, Handle::try_current));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = on_a_plain_thread, in_a_task, in_a_root, look_ups
}
criterion_main!(benches);
