//! P2's size, P13 and P14: what is counted, not timed.
//!
//! Prints `count GROUP WHO VALUE` lines, which `cargo xtask bench` reads. The
//! arguments are the same as Criterion's: a pattern of the groups wanted.

#![expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]

use std::{env, future::ready, hint::black_box, thread, time::Duration};

use bench_suite::{
    counting::Counting,
    workload::{burst, calls, offload, run},
};
use cpu_time::ProcessTime;

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// Enough that what the first calls set up does not matter.
const WARM_UP: u64 = 1_000;
const COUNT: u64 = 10_000;

fn main() {
    let pattern = env::args()
        .find(|arg| arg.starts_with("^("))
        .unwrap_or_default();
    let groups: Vec<_> = pattern
        .trim_start_matches("^(")
        .trim_end_matches(")/")
        .split('|')
        .collect();
    let wanted = |group: &str| pattern.is_empty() || groups.contains(&group);
    if wanted("P2-size") {
        sizes();
    }
    if wanted("P13-await") {
        awaits();
    }
    if wanted("P13-wait") {
        waits();
    }
    if wanted("P13-offload") {
        offloads();
    }
    if wanted("P14") {
        idle();
    }
}

fn line(group: &str, who: &str, value: f64) {
    println!("count {group} {who} {value}");
}

/// How often `operation` allocates, on all threads together.
fn allocations<T>(operation: impl Fn() -> T) -> f64 {
    allocations_async(|| ready(operation()))
}

/// The same for what is awaited: under one `block_on`, which allocates too.
fn allocations_async<F: Future>(operation: impl Fn() -> F) -> f64 {
    pollster::block_on(async {
        for _ in 0..WARM_UP {
            black_box(operation().await);
        }
        let before = ALLOCATOR.allocations();
        for _ in 0..COUNT {
            black_box(operation().await);
        }
        (ALLOCATOR.allocations() - before) as f64 / COUNT as f64
    })
}

fn sizes() {
    line(
        "P2-size",
        "bridge",
        size_of_val(&calls::smart_async(1)) as f64,
    );
    line(
        "P2-size",
        "plain_await",
        size_of_val(&calls::plain_async(1)) as f64,
    );
}

fn awaits() {
    let ours = allocations_async(|| calls::smart_async(1));
    line("P13-await", "bridge", ours);
}

fn waits() {
    let ours = allocations(|| bridge::wait(ready(1)));
    line("P13-wait", "bridge", ours);
    let runtime = run::multi_thread();
    let theirs = allocations(|| runtime.block_on(ready(1)));
    line("P13-wait", "tokio_runtime_block_on", theirs);
}

fn offloads() {
    let ours = allocations_async(|| offload::bridge(1));
    line("P13-offload", "bridge", ours);
    let theirs = allocations_async(|| offload::unblock(1));
    line("P13-offload", "unblock", theirs);
}

/// The CPU time of the whole process in the second after a burst, in ns.
fn idle() {
    let bridge = burst::bridge_with_queue(16_384);
    black_box(pollster::block_on(burst::bridge(&bridge, 10_000)));
    let start = ProcessTime::now();
    thread::sleep(Duration::from_secs(1));
    line("P14", "bridge", start.elapsed().as_nanos() as f64);
}
