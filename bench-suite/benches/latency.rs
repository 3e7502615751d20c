//! L: the time of each single operation, in percentiles.
//!
//! A mean or a median hides what a user notices: the one request that is late. The
//! candidates are measured in slices, in turn, so that other load on the machine
//! affects all of them alike. Reading the clock twice is a part of every sample.

use std::time::Duration;

use bench_suite::{
    lines, settings,
    wanted::Wanted,
    workload::{
        latency::{calls, histogram, offloads, percentiles},
        run,
        wake::Alarm,
        way::{Affinity, Ours, SpawnBlocking, TokioRayon, Unblock, Way},
    },
};
use hdrhistogram::Histogram;
use tokio::runtime::Runtime;

fn main() -> Result<(), regex::Error> {
    let wanted = Wanted::from_args()?;
    if wanted.group("L-offload") {
        back_to_back();
    }
    if wanted.group("L-wait") {
        woken_once();
    }
    Ok(())
}

/// Returns the number of slices for each candidate, and the length of a slice.
fn slices() -> (usize, Duration) {
    if settings::quick() {
        (5, Duration::from_millis(50))
    } else {
        (40, Duration::from_millis(250))
    }
}

/// Measures one candidate for the given time.
type Slice<'a> = Box<dyn Fn(Duration) -> Histogram<u64> + 'a>;

fn measure(group: &str, candidates: &[(&'static str, Slice<'_>)]) {
    let (count, length) = slices();
    let mut all: Vec<_> = candidates.iter().map(|_| histogram()).collect();
    for (_, slice) in candidates {
        // Threads that start in this slice stay for the next ones.
        slice(length / 5);
    }
    for _ in 0..count {
        for (times, (_, slice)) in all.iter_mut().zip(candidates) {
            times.add(slice(length)).expect("the same bounds");
        }
    }
    for (times, (name, _)) in all.iter().zip(candidates) {
        for (percentile, ns) in percentiles(times) {
            #[expect(clippy::cast_precision_loss, reason = "a minute at most")]
            lines::point(group, name, percentile, ns as f64);
        }
    }
}

fn back_to_back() {
    fn slice<W: Way>(way: W, runtime: &Runtime) -> (&'static str, Slice<'_>) {
        let slice = move |length| {
            let task = runtime.spawn(offloads(way.clone(), length));
            runtime.block_on(task).expect("a job does not panic")
        };
        (W::NAME, Box::new(slice))
    }
    let runtime = run::multi_thread();
    measure(
        "L-offload",
        &[
            slice(Ours::global(), &runtime),
            slice(SpawnBlocking, &runtime),
            slice(Unblock, &runtime),
            slice(TokioRayon, &runtime),
            slice(Affinity::per_core(), &runtime),
        ],
    );
}

/// Measures a wait that the alarm's thread wakes. This thread spins on a processor of
/// its own.
fn woken_once() {
    let runtime = run::multi_thread();
    let alarm = Alarm::default();
    measure(
        "L-wait",
        &[
            (
                "bridge",
                Box::new(|length| calls(length, || bridge::wait(alarm.once()))),
            ),
            (
                "tokio_handle_block_on",
                Box::new(|length| calls(length, || runtime.handle().block_on(alarm.once()))),
            ),
        ],
    );
}
