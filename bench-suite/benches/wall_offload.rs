//! P8 and P9: from async to sync and back, in a row and after a pause.

#![expect(
    clippy::cast_precision_loss,
    reason = "at most a few samples are asked for at once"
)]

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bench_suite::{
    settings,
    workload::{
        idle::{PAUSE, Rounds},
        offload, run,
    },
};
use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};

fn in_a_row(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P8");
    group.bench_function("bridge", |b| {
        b.iter_custom(|count| run::in_async_task(&runtime, count, offload::bridge));
    });
    group.bench_function("spawn_blocking", |b| {
        b.iter_custom(|count| run::in_async_task(&runtime, count, offload::spawn_blocking));
    });
    group.bench_function("unblock", |b| {
        b.iter_custom(|count| run::in_async_task(&runtime, count, offload::unblock));
    });
    group.bench_function("tokio_rayon", |b| {
        b.iter_custom(|count| run::in_async_task(&runtime, count, offload::tokio_rayon));
    });
    group.finish();
}

/// Criterion asks for many samples; a pause before each sets the limit here.
const MOST_AT_ONCE: u64 = 4;

fn after_a_pause(criterion: &mut Criterion) {
    let rounds = Rounds::new(run::multi_thread(), PAUSE)
        .with("bridge", offload::bridge)
        .with("spawn_blocking", offload::spawn_blocking)
        .with("unblock", offload::unblock)
        .with("tokio_rayon", offload::tokio_rayon);
    let names = rounds.names();
    let rounds = Mutex::new(rounds);
    let mut group = criterion.benchmark_group("P9");
    group
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(10));
    group.sample_size(if settings::quick() { 20 } else { 60 });
    for name in names {
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let mut rounds = rounds.lock().unwrap_or_else(PoisonError::into_inner);
                let taken = count.clamp(1, MOST_AT_ONCE);
                let total: Duration = (0..taken).map(|_| rounds.sample(name)).sum();
                total.mul_f64(count as f64 / taken as f64)
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = in_a_row, after_a_pause
}
criterion_main!(benches);
