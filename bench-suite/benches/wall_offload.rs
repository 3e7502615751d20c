//! P8 and P9: from async to sync and back, in a row and after a pause.
//!
//! The peers are `spawn_blocking`, `unblock`, `tokio_rayon` and `affinitypool`.

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
        way::{Affinity, Ours, SpawnBlocking, TokioRayon, Unblock, Way},
    },
};
use criterion::{
    BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main, measurement::WallTime,
};
use tokio::runtime::Runtime;

fn in_a_row(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P8");
    // Now and then the system keeps both threads on one processor for some 50 ms. An
    // offload then takes thirty times as long. With many short samples, the median is
    // that of a usual sample. The percentiles show the others.
    group.sampling_mode(SamplingMode::Flat).sample_size(300);
    // A waiter that spins learns first how often spinning pays.
    if settings::quick() {
        group.warm_up_time(Duration::from_millis(300));
        group.measurement_time(Duration::from_millis(600));
    }
    row(&mut group, &runtime, &Ours::global());
    row(&mut group, &runtime, &SpawnBlocking);
    row(&mut group, &runtime, &Unblock);
    row(&mut group, &runtime, &TokioRayon);
    row(&mut group, &runtime, &Affinity::per_core());
    group.finish();
}

fn row<W: Way>(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, way: &W) {
    group.bench_function(W::NAME, |b| {
        b.iter_custom(|count| {
            let way = way.clone();
            run::in_async_task(runtime, count, move |number| offload::one(&way, number))
        });
    });
}

/// Returns the greatest number of samples for one request of Criterion.
///
/// It is small, because each sample has a pause before it.
fn most_at_once() -> u64 {
    if settings::quick() { 1 } else { 4 }
}

fn after_a_pause(criterion: &mut Criterion) {
    fn with<W: Way>(rounds: Rounds, way: W) -> Rounds {
        rounds.with(W::NAME, move |number| offload::one(&way, number))
    }
    let rounds = Rounds::new(run::multi_thread(), PAUSE);
    let rounds = with(rounds, Ours::global());
    let rounds = with(rounds, SpawnBlocking);
    let rounds = with(rounds, Unblock);
    let rounds = with(rounds, TokioRayon);
    let rounds = with(rounds, Affinity::per_core());
    let names = rounds.names();
    let rounds = Mutex::new(rounds);
    let mut group = criterion.benchmark_group("P9");
    group
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(1));
    group.sample_size(if settings::quick() { 12 } else { 60 });
    for name in names {
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let mut rounds = rounds.lock().unwrap_or_else(PoisonError::into_inner);
                let taken = count.clamp(1, most_at_once());
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
