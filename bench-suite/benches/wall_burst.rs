//! P10 and P11: many jobs at once, and how their cost changes with their number.
//!
//! The peers are `spawn_blocking`, `unblock`, `tokio_rayon` and `affinitypool`.

#![expect(
    clippy::cast_precision_loss,
    reason = "no count of jobs comes near 2^52"
)]

use std::{hint::black_box, time::Duration};

use bench_suite::{
    settings,
    workload::{
        burst, run,
        way::{Affinity, Ours, SpawnBlocking, TokioRayon, Unblock, Way},
    },
};
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main,
    measurement::WallTime,
};
use tokio::runtime::Runtime;

const JOBS: u64 = 10_000;
/// The capacity of the queue, which holds a burst of [`JOBS`].
const QUEUE: usize = 16_384;

fn ten_thousand(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let mut group = criterion.benchmark_group("P10");
    group.sampling_mode(SamplingMode::Flat);
    let ours = Ours::with_queue(QUEUE);
    bursts(&mut group, &runtime, &ours, burst::started);
    bursts(&mut group, &runtime, &SpawnBlocking, burst::started);
    bursts(&mut group, &runtime, &Unblock, burst::started);
    bursts(&mut group, &runtime, &TokioRayon, burst::started);
    let affinity = Affinity::per_core();
    bursts(&mut group, &runtime, &affinity, burst::started);
    group.finish();

    let mut group = criterion.benchmark_group("P10-join");
    group.sampling_mode(SamplingMode::Flat);
    bursts(&mut group, &runtime, &Ours::global(), burst::joined);
    bursts(&mut group, &runtime, &SpawnBlocking, burst::joined);
    bursts(&mut group, &runtime, &Unblock, burst::joined);
    bursts(&mut group, &runtime, &TokioRayon, burst::joined);
    bursts(&mut group, &runtime, &affinity, burst::joined);
    group.finish();
}

/// Runs bursts one after the other in one task, so that pools stay warm.
fn bursts<W: Way, F: Future<Output = u64> + Send>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    way: &W,
    burst: impl Fn(W, u64) -> F + Send + Sync + Copy + 'static,
) {
    group.bench_function(W::NAME, |b| {
        b.iter_custom(|count| {
            let way = way.clone();
            run::in_async_task(runtime, count, move |_| burst(way.clone(), black_box(JOBS)))
        });
    });
}

/// Measures the time per job, so that the points can be compared.
fn from_few_jobs_to_many(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let ours = Ours::with_queue(1 << 20);
    let mut group = criterion.benchmark_group("P11-jobs");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for power in 2..=6 {
        let jobs = 10_u64.pow(power);
        group.bench_function(BenchmarkId::new("bridge", jobs), |b| {
            b.iter_custom(|count| {
                // Each point has about the same number of jobs in all.
                let bursts = count.clamp(1, (100_000 / jobs).max(1));
                let done = burst::from_threads(&ours, runtime.handle(), 1, jobs, bursts);
                per(black_box(done).1, jobs * bursts, count)
            });
        });
        group.bench_function(BenchmarkId::new("memory_without_jobs", jobs), |b| {
            b.iter_custom(|count| {
                let bursts = count.clamp(1, (100_000 / jobs).max(1));
                per(burst::memory_alone(jobs, bursts), jobs * bursts, count)
            });
        });
    }
    group.finish();
}

/// Scales the time of `done` jobs to the `asked` jobs that Criterion wants.
fn per(time: Duration, done: u64, asked: u64) -> Duration {
    time.mul_f64(asked as f64 / done as f64)
}

fn from_one_submitter_to_eight(criterion: &mut Criterion) {
    let runtime = run::multi_thread();
    let ours = Ours::with_queue(QUEUE);
    let mut group = criterion.benchmark_group("P11-threads");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    for submitters in [1, 2, 4, 8] {
        group.bench_function(BenchmarkId::new("bridge", submitters), |b| {
            b.iter_custom(|rounds| {
                let done = burst::from_threads(&ours, runtime.handle(), submitters, JOBS, rounds);
                black_box(done).1
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::long();
    targets = ten_thousand, from_few_jobs_to_many, from_one_submitter_to_eight
}
criterion_main!(benches);
