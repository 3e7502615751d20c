//! P4 to P7: from sync to async, beside other ways to wait for a future.
//!
//! Alone, `pollster` and `futures` enter no runtime, so most of what Tokio offers
//! panics under them. They show how little a wait can cost without a runtime. Their
//! names end in `_without_runtime`, and no table takes them for peers.

use std::{
    future::ready,
    hint::black_box,
    time::{Duration, Instant},
};

use async_compat::Compat;
use bench_suite::{
    settings,
    workload::{run, wake::Alarm},
};
use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use futures::executor;
use tokio::runtime::Handle;

fn ready_on_a_plain_thread(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let handle = runtime.handle();
    let mut group = criterion.benchmark_group("P4");
    group.bench_function("bridge", |b| b.iter(|| bridge::wait(ready(black_box(1)))));
    group.bench_function("tokio_handle_block_on", |b| {
        b.iter(|| handle.block_on(ready(black_box(1))));
    });
    group.bench_function("tokio_runtime_block_on", |b| {
        b.iter(|| runtime.block_on(ready(black_box(1))));
    });
    group.bench_function("pollster_entered", |b| b.iter(|| entered(handle)));
    group.bench_function("async_compat", |b| {
        b.iter(|| pollster::block_on(Compat::new(ready(black_box(1)))));
    });
    group.bench_function("pollster_without_runtime", |b| {
        b.iter(|| pollster::block_on(ready(black_box(1))));
    });
    group.bench_function("futures_without_runtime", |b| {
        b.iter(|| executor::block_on(ready(black_box(1))));
    });
    group.finish();
}

/// Waits under `pollster` with the runtime entered, as a programmer would do it by
/// hand.
fn entered(handle: &Handle) -> i32 {
    let _entered = handle.enter();
    pollster::block_on(ready(black_box(1)))
}

fn ready_in_blocking(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P5");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| {
            run::in_blocking(&runtime, count, || bridge::wait(ready(black_box(1))))
        });
    });
    group.bench_function("tokio_handle_block_on", |b| {
        b.iter_custom(|count| {
            let handle = runtime.handle().clone();
            run::in_blocking(&runtime, count, move || {
                handle.block_on(ready(black_box(1)))
            })
        });
    });
    group.bench_function("pollster_without_runtime", |b| {
        b.iter_custom(|count| {
            run::in_blocking(&runtime, count, || pollster::block_on(ready(black_box(1))))
        });
    });
    group.finish();
}

fn woken_by_another_thread(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P6");
    woken(&mut group, "bridge", |alarm| bridge::wait(alarm.once()));
    woken(&mut group, "tokio_handle_block_on", |alarm| {
        runtime.handle().block_on(alarm.once());
    });
    woken(&mut group, "pollster_without_runtime", |alarm| {
        pollster::block_on(alarm.once());
    });
    woken(&mut group, "futures_without_runtime", |alarm| {
        executor::block_on(alarm.once());
    });
    group.finish();
}

/// Measures a wait that an alarm wakes. The alarm's thread spins, so it ends with the
/// measurement.
fn woken(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, wait: impl Fn(&Alarm)) {
    group.bench_function(name, |b| {
        let alarm = Alarm::default();
        b.iter_custom(|count| run::repeat(count, || wait(&alarm)));
    });
}

fn ready_on_every_core(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let threads = settings::cores();
    let mut group = criterion.benchmark_group("P7");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| run::at_once(threads, count, || bridge::wait(ready(black_box(1)))));
    });
    group.bench_function("tokio_handle_block_on", |b| {
        b.iter_custom(|count| {
            run::at_once(threads, count, || {
                runtime.handle().block_on(ready(black_box(1)))
            })
        });
    });
    // The least that any wait inside a runtime costs.
    group.bench_function("enter_without_wait", |b| {
        b.iter_custom(|count| run::at_once(threads, count, || drop(runtime.enter())));
    });
    group.bench_function("pollster_without_runtime", |b| {
        b.iter_custom(|count| {
            run::at_once(threads, count, || pollster::block_on(ready(black_box(1))))
        });
    });
    group.finish();
}

/// Starts the home runtime, which otherwise starts at the first wait that is measured.
fn warm_up(_: &mut Criterion) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(10) {
        bridge::wait(ready(1));
    }
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets =
        warm_up,
        ready_on_a_plain_thread,
        ready_in_blocking,
        woken_by_another_thread,
        ready_on_every_core
}
criterion_main!(benches);
