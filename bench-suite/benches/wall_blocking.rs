//! P22: many jobs that block at the same time, until the last of them has ended.
//!
//! Each round has a new runtime and a new pool, which have no blocking thread yet. The bridge
//! has nothing configured. The peer is `spawn_blocking`.

use std::time::{Duration, Instant};

use bench_suite::{
    lines,
    rounds::{Candidate, medians},
    settings,
    wanted::Wanted,
    workload::{
        blocking::{On, all_block},
        burst, run,
        way::{Ours, SpawnBlocking, Way},
    },
};
use bridge::Bridge;

/// The answer of the slow service comes after this time.
const ANSWER: Duration = Duration::from_millis(50);

/// A burst of jobs that wait for each other is no larger than 400. Tokio runs 512 jobs at a time.
const SIZES: [u32; 4] = [40, 200, 400, 1000];

fn main() -> Result<(), regex::Error> {
    let wanted = Wanted::from_args()?;
    if wanted.group("P22") {
        measure("P22", &SIZES, On::Service(ANSWER));
    }
    if wanted.group("P22-barrier") {
        measure("P22-barrier", &SIZES[..3], On::EachOther);
    }
    Ok(())
}

fn measure(group: &str, sizes: &[u32], on: On) {
    for &size in sizes {
        let figures = medians(
            settings::budget(),
            &mut [
                Candidate::new(Ours::NAME, || {
                    let runtime = run::multi_thread();
                    let bridge = Bridge::builder().runtime(runtime.handle().clone()).build();
                    let ours = Ours(bridge.expect("a bridge"));
                    runtime.block_on(nanoseconds(ours, size, on))
                }),
                Candidate::new(SpawnBlocking::NAME, || {
                    let runtime = run::multi_thread();
                    runtime.block_on(nanoseconds(SpawnBlocking, size, on))
                }),
            ],
        );
        for (who, figure) in figures {
            lines::point(group, who, f64::from(size), figure);
        }
    }
}

/// Returns the nanoseconds that a burst takes.
async fn nanoseconds<W: Way>(way: W, size: u32, on: On) -> f64 {
    let start = Instant::now();
    let sum = all_block(way, size, on).await;
    let time = start.elapsed();
    assert_eq!(sum, burst::sum(size.into()), "a job was lost");
    time.as_secs_f64() * 1e9
}
