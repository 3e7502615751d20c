//! P3 and P12: the cost of detecting the context of a thread, and its runtime.

use std::cell::Cell;

use bench_suite::{settings, workload::run};
use bridge::Context;
use cache::{Cache, Driver};
use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
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

/// Measures access to a task's runtime where nothing is cached yet.
fn first_look_up(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P12-first");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| {
            let cache = Cache::new();
            run::in_task(&runtime, count, move || {
                cache.with_driver(|driver| driver.is_some()) || Handle::try_current().is_ok()
            })
        });
    });
    try_current(&mut group, &runtime);
    group.finish();
}

/// Measures access to a task's runtime that the poll has cached.
fn cached_look_up(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P12-cached");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| {
            let (cache, mut driver) = (Cache::new(), Driver::new(runtime.handle().clone()));
            let task = runtime.spawn(async move {
                let look = || cache.with_driver(|driver| driver.is_some());
                cache.driven(&mut driver, || run::repeat(count, look))
            });
            runtime.block_on(task).expect("a look-up does not panic")
        });
    });
    try_current(&mut group, &runtime);
    group.finish();
}

fn try_current(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime) {
    group.bench_function("handle_try_current", |b| {
        b.iter_custom(|count| run::in_task(runtime, count, Handle::try_current));
    });
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = on_a_plain_thread, in_a_task, in_a_root, first_look_up, cached_look_up
}
criterion_main!(benches);
