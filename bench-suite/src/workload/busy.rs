//! A runtime whose workers always have something to do, beside blocking jobs.
//!
//! The workload shows how much of the tasks' progress the jobs cost.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Runtime,
    time::{MissedTickBehavior, interval},
};

use super::{length, way::Way};

/// The number of busy tasks for each worker.
const TASKS_EACH: usize = 4;

/// Each stream starts a job at this interval, if the machine keeps up.
const EVERY: Duration = Duration::from_millis(1);

/// The number of streams.
const STREAMS: u64 = 4;

/// The length of a job. It is much shorter than the pauses, so that the jobs themselves
/// take little of the machine.
const JOB: Duration = Duration::from_micros(10);

/// The steps and jobs of one measurement.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// The number of steps that all busy tasks together took.
    pub steps: u64,
    /// The number of jobs that came back.
    pub jobs: u64,
    /// The length of the measurement.
    pub time: Duration,
}

/// Runs the busy tasks alone for `length`, or longer if they have not taken a step yet.
#[must_use]
pub fn alone(runtime: &Runtime, length: Duration) -> Done {
    tasks(runtime, length, 0, |_| ())
}

/// Runs the busy tasks beside a steady stream of jobs for `length`.
///
/// It runs longer if no step was taken yet, or no job came back.
#[must_use]
pub fn beside<W: Way>(runtime: &Runtime, way: &W, length: Duration) -> Done {
    tasks(runtime, length, 1, |state| {
        for _ in 0..STREAMS {
            runtime.spawn(stream(way.clone(), Arc::clone(state)));
        }
    })
}

#[derive(Default)]
struct State {
    over: AtomicBool,
    steps: AtomicU64,
    jobs: AtomicU64,
}

fn tasks(
    runtime: &Runtime,
    length: Duration,
    least_jobs: u64,
    others: impl FnOnce(&Arc<State>),
) -> Done {
    let state = Arc::<State>::default();
    let workers = runtime.metrics().num_workers();
    let all: Vec<_> = (0..TASKS_EACH * workers)
        .map(|_| runtime.spawn(step(Arc::clone(&state))))
        .collect();
    others(&state);
    let start = Instant::now();
    let done = loop {
        thread::sleep(length.saturating_sub(start.elapsed()));
        let done = Done {
            steps: state.steps.load(Relaxed),
            jobs: state.jobs.load(Relaxed),
            time: start.elapsed(),
        };
        if done.steps > 0 && done.jobs >= least_jobs {
            break done;
        }
        thread::yield_now();
    };
    state.over.store(true, Relaxed);
    runtime.block_on(async {
        for task in all {
            task.await.expect("a step does not panic");
        }
    });
    done
}

/// Takes steps, and lets other tasks run after each of them.
async fn step(state: Arc<State>) {
    while !state.over.load(Relaxed) {
        std::hint::black_box(length::busy(Duration::from_micros(1)));
        state.steps.fetch_add(1, Relaxed);
        tokio::task::yield_now().await;
    }
}

async fn stream<W: Way>(way: W, state: Arc<State>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !state.over.load(Relaxed) {
        ticks.tick().await;
        way.run(|| length::busy(JOB)).await;
        state.jobs.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{run, way::Ours};

    #[test]
    fn tasks_go_on_and_jobs_come_back() {
        let runtime = run::multi_thread();
        let length = Duration::from_millis(20);
        testkit::within(|| {
            let done = alone(&runtime, length);
            assert!(done.steps > 0 && done.jobs == 0, "{done:?}");
            let done = beside(&runtime, &Ours::global(), length);
            assert!(done.steps > 0 && done.jobs > 0, "{done:?}");
            assert!(done.time >= length);
        });
    }
}
