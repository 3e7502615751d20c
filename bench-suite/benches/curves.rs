//! C: how the cost of one job, wait or level changes with their number.
//!
//! Each point is a median of rounds that measure every line in turn.

use std::{future::ready, hint::black_box, time::Duration};

use bench_suite::{
    curve::Curve,
    rounds::ns_each,
    settings,
    wanted::Wanted,
    workload::{
        burst, length, nest, run,
        way::{Affinity, Ours, SpawnBlocking, TokioRayon, Unblock, Way},
    },
};
use tokio::runtime::Runtime;

/// Measures the group of this name.
type Measure = fn(&'static str, &Runtime);

fn main() -> Result<(), regex::Error> {
    let wanted = Wanted::from_args()?;
    let runtime = run::multi_thread();
    let curves: [(&str, Measure); 5] = [
        ("C-burst", burst_by_jobs),
        ("C-submitters", burst_by_submitters),
        ("C-waiters", waits_by_threads),
        ("C-depth", nesting_by_depth),
        ("C-length", overhead_by_length),
    ];
    for (group, curve) in curves {
        if wanted.group(group) {
            curve(group, &runtime);
        }
    }
    Ok(())
}

/// The capacity of the queue, which holds the greatest burst.
const QUEUE: usize = 1 << 20;

/// The least number of jobs in a round. A shorter burst is repeated.
const ROUND: u64 = 10_000;

/// Returns the greatest burst of the slow peers, which is smaller in a quick run.
fn most_for_the_slow() -> u64 {
    if settings::quick() { ROUND } else { u64::MAX }
}

/// Measures nanoseconds per job. One thread submits the jobs, then awaits them.
fn burst_by_jobs(group: &'static str, runtime: &Runtime) {
    fn each<W: Way>(way: W, runtime: &Runtime) -> impl FnMut(u64) -> f64 {
        move |jobs| {
            let rounds = (ROUND / jobs).max(1);
            let (sum, time) = burst::from_threads(&way, runtime.handle(), 1, jobs, rounds);
            assert_eq!(sum, rounds * burst::sum(jobs), "a job was lost");
            ns_each(time, jobs * rounds)
        }
    }
    let slow = most_for_the_slow();
    Curve::new(group)
        .line(Ours::NAME, each(Ours::with_queue(QUEUE), runtime))
        .line(TokioRayon::NAME, each(TokioRayon, runtime))
        .line(Affinity::NAME, each(Affinity::per_core(), runtime))
        .line_upto(slow, SpawnBlocking::NAME, each(SpawnBlocking, runtime))
        .line_upto(slow, Unblock::NAME, each(Unblock, runtime))
        .run(
            settings::budget(),
            &[100, 1_000, 10_000, 100_000, 1_000_000],
        );
}

/// Measures nanoseconds per job. `x` threads share the jobs of a burst.
fn burst_by_submitters(group: &'static str, runtime: &Runtime) {
    fn each<W: Way>(way: W, runtime: &Runtime) -> impl FnMut(u64) -> f64 {
        move |submitters| {
            let (sum, time) = burst::from_threads(&way, runtime.handle(), submitters, ROUND, 1);
            assert_eq!(sum, submitters * burst::sum(ROUND / submitters), "lost");
            ns_each(time, ROUND)
        }
    }
    Curve::new(group)
        .line(Ours::NAME, each(Ours::with_queue(QUEUE), runtime))
        .line(TokioRayon::NAME, each(TokioRayon, runtime))
        .line(Affinity::NAME, each(Affinity::per_core(), runtime))
        .line(SpawnBlocking::NAME, each(SpawnBlocking, runtime))
        .line(Unblock::NAME, each(Unblock, runtime))
        .run(settings::budget(), &[1, 2, 4, 8]);
}

/// Measures the nanoseconds of processor time that one wait takes.
///
/// The figure is the time in which all threads made their waits, multiplied by the
/// number of processors they had, and divided by the number of waits. So it stays the
/// same as long as threads do not get in each other's way.
fn waits_by_threads(group: &'static str, runtime: &Runtime) {
    const WAITS: u64 = 20_000;
    fn each(operation: impl Fn() -> u64 + Sync) -> impl FnMut(u64) -> f64 {
        move |threads| {
            let count = usize::try_from(threads).unwrap_or(usize::MAX);
            let time = run::at_once(count, WAITS, &operation);
            let processors = u32::try_from(count.min(settings::cores())).unwrap_or(u32::MAX);
            ns_each(time * processors, threads * WAITS)
        }
    }
    Curve::new(group)
        .line("bridge", each(|| bridge::wait(ready(black_box(1)))))
        .line(
            "tokio_handle_block_on",
            each(|| runtime.handle().block_on(ready(black_box(1)))),
        )
        .run(settings::budget(), &[1, 2, 4, 8]);
}

/// Measures nanoseconds per level. A level is a wait and an offload.
fn nesting_by_depth(group: &'static str, _: &Runtime) {
    let each = |depth: u64| {
        let times = (256 / depth).max(1);
        let time = run::repeat(times, || {
            assert_eq!(nest::down(depth).wait(), depth, "a level is missing");
        });
        ns_each(time, times * depth)
    };
    Curve::new(group)
        .line("bridge", each)
        .run(settings::budget(), &[1, 2, 8, 64, 256, 1_000]);
}

/// Measures the nanoseconds that one offload takes beyond its job of `x` microseconds.
fn overhead_by_length(group: &'static str, runtime: &Runtime) {
    fn each<W: Way>(way: W, runtime: &Runtime) -> impl FnMut(u64) -> f64 {
        move |micros| {
            let count = (20_000 / (micros + 20)).clamp(2, 1_000);
            let length = Duration::from_micros(micros);
            let way = way.clone();
            let task = runtime.spawn(async move {
                // P9 is about the first jobs after a pause. Here they are not counted.
                length::overhead(way.clone(), length, count).await;
                length::overhead(way, length, count).await
            });
            let time = runtime.block_on(task).expect("a job does not panic");
            ns_each(time, count)
        }
    }
    Curve::new(group)
        .line(Ours::NAME, each(Ours::global(), runtime))
        .line(TokioRayon::NAME, each(TokioRayon, runtime))
        .line(Affinity::NAME, each(Affinity::per_core(), runtime))
        .line(SpawnBlocking::NAME, each(SpawnBlocking, runtime))
        .line(Unblock::NAME, each(Unblock, runtime))
        .run(settings::budget(), &[0, 10, 100, 1_000, 10_000]);
}
