//! P21: ten thousand tasks, each of which awaits one short job.
//!
//! All pools have two threads. The bridge is measured twice: with `max_threads(2)`, and
//! with nothing configured. Beside the pools stands a queue with a thread, which is no pool:
//! it shows how much of the time no pool can save.

use bench_suite::{
    lines,
    rounds::{Candidate, medians, ns_each},
    settings,
    wanted::Wanted,
    workload::{
        burst,
        queue::QueueAlone,
        run, tasks,
        way::{Affinity, Ours, SpawnBlocking, TokioRayonPool, Way},
    },
};
use tokio::runtime::{Builder, Runtime};

const TASKS: u64 = 10_000;

/// The number of threads of each pool.
const THREADS: usize = 2;

/// The name of the bridge with nothing configured, among the candidates of a round.
const DEFAULT: &str = "bridge_default";

fn main() -> Result<(), regex::Error> {
    let wanted = Wanted::from_args()?;
    if wanted.group("P21") || wanted.group("P21-default") {
        measure(&wanted);
    }
    Ok(())
}

fn measure(wanted: &Wanted) {
    let runtime = run::multi_thread();
    // Tokio's blocking pool is a part of its runtime.
    let two_blocking_threads = Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(THREADS)
        .build()
        .expect("a runtime");
    let figures = medians(
        settings::budget(),
        &mut [
            candidate(Ours::NAME, Ours::with_threads(THREADS), &runtime),
            candidate(DEFAULT, Ours::global(), &runtime),
            candidate(Affinity::NAME, Affinity::of(THREADS), &runtime),
            candidate(TokioRayonPool::NAME, TokioRayonPool::of(THREADS), &runtime),
            candidate(SpawnBlocking::NAME, SpawnBlocking, &two_blocking_threads),
            candidate(QueueAlone::NAME, QueueAlone::start(), &runtime),
        ],
    );
    for (who, figure) in figures {
        for (group, ours) in [("P21", Ours::NAME), ("P21-default", DEFAULT)] {
            let is_ours = [Ours::NAME, DEFAULT].contains(&who);
            if !wanted.group(group) || is_ours && who != ours {
                continue;
            }
            lines::count(group, if is_ours { Ours::NAME } else { who }, figure);
        }
    }
}

/// Measures nanoseconds per job. A task spawns the tasks, as in a server.
fn candidate<'a, W: Way>(name: &'static str, way: W, runtime: &'a Runtime) -> Candidate<'a> {
    Candidate::new(name, move || {
        let way = way.clone();
        let start = std::time::Instant::now();
        let task = runtime.spawn(tasks::each_awaits_one(way, TASKS));
        let sum = runtime.block_on(task).expect("a job does not panic");
        let time = start.elapsed();
        assert_eq!(sum, burst::sum(TASKS), "a job was lost");
        ns_each(time, TASKS)
    })
}
