//! P1 and P2: the cost of a smart function where nothing has to be bridged.

use std::hint::black_box;

use bench_suite::{
    settings,
    workload::{calls, run},
};
use criterion::{Criterion, criterion_group, criterion_main};

fn sync_to_sync(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("P1");
    group.bench_function("bridge", |b| {
        b.iter(|| calls::smart_sync(black_box(1)).wait());
    });
    group.bench_function("plain_call", |b| {
        b.iter(|| calls::plain_sync(black_box(1)));
    });
    group.finish();
}

fn async_to_async(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P2");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| {
            run::in_async_task(&runtime, count, |number| async move {
                calls::smart_async(number).await
            })
        });
    });
    group.bench_function("plain_await", |b| {
        b.iter_custom(|count| {
            run::in_async_task(&runtime, count, |number| async move {
                calls::plain_async(number).await
            })
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = sync_to_sync, async_to_async
}
criterion_main!(benches);
