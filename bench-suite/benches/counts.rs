//! P2's size, P13 and P14: figures that are counted, not timed.

#![expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]

use std::{future::ready, hint::black_box, thread, time::Duration};

use bench_suite::{
    counting::Counting,
    lines,
    wanted::Wanted,
    workload::{burst, calls, live, offload, run, way},
};
use cpu_time::ProcessTime;

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

/// Calls before counting begins. They suffice for what the first calls set up.
const WARM_UP: u64 = 1_000;
const COUNT: u64 = 10_000;
const SETTLE: Duration = Duration::from_millis(50);

fn main() -> Result<(), regex::Error> {
    let wanted = Wanted::from_args()?;
    if wanted.group("P2-size") {
        sizes();
    }
    if wanted.group("P13-await") {
        awaits();
    }
    if wanted.group("P13-wait") {
        waits();
    }
    if wanted.group("P13-offload") {
        offloads();
    }
    if wanted.group("P14") {
        idle();
    }
    // The last, because a subscriber stays until the process ends.
    if wanted.group("P13-span") {
        offloads_in_a_span();
    }
    Ok(())
}

/// Returns the allocations of one `operation`, on all threads together.
fn allocations<T>(operation: impl Fn() -> T) -> f64 {
    allocations_async(|| ready(operation()))
}

/// Returns the allocations of one awaited `operation`, under one `block_on`, which
/// allocates too.
fn allocations_async<F: Future>(operation: impl Fn() -> F) -> f64 {
    pollster::block_on(async {
        for _ in 0..WARM_UP {
            black_box(operation().await);
        }
        // The threads that these calls have started allocate too while they set
        // themselves up.
        thread::sleep(SETTLE);
        let before = ALLOCATOR.allocations();
        for _ in 0..COUNT {
            black_box(operation().await);
        }
        (ALLOCATOR.allocations() - before) as f64 / COUNT as f64
    })
}

fn sizes() {
    lines::count(
        "P2-size",
        "bridge",
        size_of_val(&calls::smart_async(1)) as f64,
    );
    lines::count(
        "P2-size",
        "plain_await",
        size_of_val(&calls::plain_async(1)) as f64,
    );
}

fn awaits() {
    let ours = allocations_async(|| calls::smart_async(1));
    lines::count("P13-await", "bridge", ours);
}

fn waits() {
    let ours = allocations(|| bridge::wait(ready(1)));
    lines::count("P13-wait", "bridge", ours);
    let runtime = run::multi_thread();
    let theirs = allocations(|| runtime.block_on(ready(1)));
    lines::count("P13-wait", "tokio_runtime_block_on", theirs);
}

fn offloads() {
    let way = way::Ours::global();
    let ours = allocations_async(|| offload::one(&way, 1));
    lines::count("P13-offload", "bridge", ours);
    let theirs = allocations_async(|| offload::one(&way::Unblock, 1));
    lines::count("P13-offload", "unblock", theirs);
}

fn offloads_in_a_span() {
    live::subscribe();
    let _entered = live::span().entered();
    let way = way::Ours::global();
    let ours = allocations_async(|| offload::one(&way, 1));
    lines::count("P13-span", "bridge", ours);
}

/// Prints the CPU time of the whole process in the second after a burst, in
/// nanoseconds.
fn idle() {
    let bridge = way::Ours::with_queue(16_384);
    black_box(pollster::block_on(burst::started(bridge, 10_000)));
    let start = ProcessTime::now();
    thread::sleep(Duration::from_secs(1));
    lines::count("P14", "bridge", start.elapsed().as_nanos() as f64);
}
