//! The policy: a pure function that decides whether one more worker takes a job.
//!
//! At most one worker of a pool is *searching*: it is bound to look at the queue before
//! it sleeps. If a job is queued, a permit is free, and no worker is searching or spinning,
//! the pool wakes an idle worker or starts a new one. That worker is searching until it takes a
//! job, and [`decide`] tells it when to take one.
//!
//! The running workers finish instant jobs sooner than one more worker could help. Jobs
//! that block get another worker at once.

use std::time::Duration;

/// The first queued job gets a worker within about this time while a permit is free, unless
/// instant jobs keep all processors busy.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1);

/// The time for which the searching worker watches before it looks again.
pub(crate) const WATCH: Duration = Duration::from_micros(200);

/// Below this length of a job, waking a worker costs more than running the job.
const INSTANT: Duration = Duration::from_micros(5);

/// If no job has ended for so long, the running jobs seem to block. A thread starts within about
/// this time.
const BLOCKED: Duration = Duration::from_micros(50);

/// Below this length of a job, its submitter is as busy as its worker.
const TINY_JOB: Duration = Duration::from_micros(1);

/// The load of the pool, as the searching worker sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadSample {
    /// The number of jobs that a worker can take now.
    pub(crate) ready: usize,
    /// The number of jobs that run and are not parked.
    pub(crate) running: usize,
    /// The number of those that have not run for long.
    pub(crate) lively: usize,
    /// The number of jobs that could start now and for which no worker is coming.
    pub(crate) lacking: usize,
    /// The number of the machine's processors.
    pub(crate) cores: usize,
    /// The number of jobs that ended since the last look.
    pub(crate) ended: u64,
    /// The time since the last look.
    pub(crate) elapsed: Duration,
    /// Whether unrelated jobs are queued and none of them was taken since the last look.
    pub(crate) overtaken: bool,
    /// The number of unrelated jobs that were taken since the pool was built.
    #[cfg(bridge_loom)]
    pub(crate) taken: u64,
}

/// The decision about the searching worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Decision {
    /// It takes a job.
    Work,
    /// It calls another worker, if the running jobs block, and decides again.
    Call,
    /// It sleeps for this time, lets the others work, and then looks again.
    Watch(Duration),
    /// It stops searching, because nothing is left to do.
    Rest,
}

/// Returns what the searching worker does next.
pub(crate) fn decide(load_sample: LoadSample) -> Decision {
    let LoadSample {
        ready,
        running,
        lively,
        lacking,
        cores,
        ended,
        elapsed,
        overtaken,
        ..
    } = load_sample;
    // The time per ended job, with all running workers together.
    let each = (ended > 0).then(|| elapsed.div_f64(to_f64(ended)));
    let instant = each.is_some_and(|each| each < INSTANT);
    match (ready, each) {
        // In a storm of instant jobs the worker watches for a moment. The next job is on
        // its way, and would only wake this worker again.
        (0, _) if instant => Decision::Watch(WATCH),
        (0, _) => Decision::Rest,
        _ if running == 0 => Decision::Work,
        // Otherwise each of many workers would call the next one, and on a busy machine each of
        // them waits for a processor first.
        (_, None) if lacking > 0 && elapsed >= BLOCKED => Decision::Call,
        // The pace of the descendants says nothing about the unrelated jobs behind them.
        _ if overtaken => Decision::Work,
        (_, None) => Decision::Work,
        // The workers that have ended jobs sleep, and the others do not come back soon.
        _ if lively == 0 => Decision::Work,
        (_, Some(each)) if is_crowded(each.mul_f64(to_f64(running as u64)), running, cores) => {
            Decision::Watch(WATCH)
        }
        (ready, Some(each)) if each.mul_f64(to_f64(ready as u64)) > PATIENCE => Decision::Work,
        (_, Some(_)) => Decision::Watch(WATCH),
    }
}

/// Returns whether so many workers are enough for jobs of this length. Such jobs don't
/// block, so more workers would only take the lock from each other.
///
/// The long jobs count too. One may be short, and its worker may wait for a processor. More workers
/// would then only take processors from each other.
fn is_crowded(job: Duration, running: usize, cores: usize) -> bool {
    // The submitters of tiny jobs need a processor too.
    let is_crowded_by_tiny_jobs = job < TINY_JOB && running + 1 >= cores;
    is_crowded_by_tiny_jobs || (job < INSTANT && running >= cores)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts needs no 53 bits"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

/// The function that decides: [`decide`], or its substitute under shuttle.
pub(crate) const DECIDE: fn(LoadSample) -> Decision = {
    #[cfg(not(bridge_shuttle))]
    {
        decide
    }
    #[cfg(bridge_shuttle)]
    {
        tossed
    }
};

/// Stands in for [`decide`] under shuttle: tosses one of the decisions that it may return
/// at some pace of the jobs.
#[cfg(bridge_shuttle)]
fn tossed(load_sample: LoadSample) -> Decision {
    use crate::platform::sync::toss;

    match load_sample {
        _ if toss(2) => decide(load_sample),
        LoadSample { ready: 0, .. } if toss(2) => Decision::Watch(WATCH),
        LoadSample { ready: 0, .. } => Decision::Rest,
        LoadSample { lacking: 1.., .. } if toss(2) => Decision::Call,
        LoadSample { lively: 0, .. }
        | LoadSample {
            overtaken: true, ..
        } => Decision::Work,
        _ if toss(2) => Decision::Watch(WATCH),
        _ => Decision::Work,
    }
}

/// Stands in for [`decide`] under loom, which has no clock: watches while any job runs.
#[cfg(bridge_loom)]
pub(crate) fn watchful(load_sample: LoadSample) -> Decision {
    match load_sample {
        LoadSample { running: 1.., .. } => Decision::Watch(WATCH),
        LoadSample { ready: 0, .. } => Decision::Rest,
        LoadSample { .. } => Decision::Work,
    }
}

/// Stands in for [`decide`] under loom: takes each running job for one that blocks, and calls
/// further workers.
#[cfg(bridge_loom)]
pub(crate) fn calling(load_sample: LoadSample) -> Decision {
    match load_sample {
        LoadSample { ready: 0, .. } => Decision::Rest,
        LoadSample { lacking: 1.., .. } => Decision::Call,
        LoadSample { .. } => Decision::Work,
    }
}

/// Stands in for [`decide`] under loom: watches only while one of the first two jobs runs
/// and nothing is queued.
#[cfg(bridge_loom)]
pub(crate) fn watchful_at_first(load_sample: LoadSample) -> Decision {
    match load_sample {
        LoadSample {
            ready: 0,
            running: 1..,
            taken: 0..=2,
            ..
        } => Decision::Watch(WATCH),
        LoadSample { ready: 0, .. } => Decision::Rest,
        LoadSample { .. } => Decision::Work,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_sample(ready: usize, running: usize, ended: u64, micros: u64) -> LoadSample {
        LoadSample {
            ready,
            running,
            lively: running,
            lacking: 0,
            cores: 4,
            ended,
            elapsed: Duration::from_micros(micros),
            overtaken: false,
            #[cfg(bridge_loom)]
            taken: 0,
        }
    }

    /// Otherwise short jobs would wake workers that cannot help, or blocking jobs would
    /// keep the jobs behind them from running.
    #[test]
    fn decisions_by_table() {
        let table = [
            (
                "nothing is queued, and no job runs",
                load_sample(0, 0, 0, 50),
                Decision::Rest,
            ),
            (
                "nothing is queued, and slow jobs run",
                load_sample(0, 4, 2, 50),
                Decision::Rest,
            ),
            (
                "nothing is queued in a storm of instant jobs",
                load_sample(0, 1, 50, 50),
                Decision::Watch(WATCH),
            ),
            (
                "nothing is queued in a pause of the storm",
                load_sample(0, 0, 50, 50),
                Decision::Watch(WATCH),
            ),
            (
                "nothing is queued, and the storm is over",
                load_sample(0, 0, 0, 50),
                Decision::Rest,
            ),
            (
                "one is queued, and no job runs",
                load_sample(1, 0, 900, 50),
                Decision::Work,
            ),
            (
                "one is queued, and the running jobs block",
                load_sample(1, 3, 0, 50),
                Decision::Work,
            ),
            (
                "a few instant jobs are queued",
                load_sample(40, 1, 400, 50),
                Decision::Watch(WATCH),
            ),
            (
                "a thousand are queued, 10 µs each",
                load_sample(1_000, 1, 5, 50),
                Decision::Work,
            ),
            (
                "ten thousand are queued, 400 ns each, and processors are free",
                load_sample(10_000, 2, 250, 50),
                Decision::Work,
            ),
            (
                "ten thousand are queued, 400 ns each, and one processor is free",
                load_sample(10_000, 3, 375, 50),
                Decision::Watch(WATCH),
            ),
            (
                "ten thousand are queued, 2 µs each, and one processor is free",
                load_sample(10_000, 3, 75, 50),
                Decision::Work,
            ),
            (
                "ten thousand are queued, 2 µs each, and no processor is free",
                load_sample(10_000, 4, 100, 50),
                Decision::Watch(WATCH),
            ),
            (
                "ten thousand are queued, 10 µs each, and no processor is free",
                load_sample(10_000, 4, 20, 50),
                Decision::Work,
            ),
            (
                "ten are queued, 10 µs each",
                load_sample(10, 1, 5, 50),
                Decision::Watch(WATCH),
            ),
            (
                "a few instant jobs are queued, and no unrelated job was taken",
                LoadSample {
                    overtaken: true,
                    ..load_sample(40, 1, 400, 50)
                },
                Decision::Work,
            ),
        ];
        for (case, load_sample, expected) in table {
            assert_eq!(decide(load_sample), expected, "{case}");
        }
    }

    /// Otherwise short jobs are left to workers that do not come back, or each worker that waits for
    /// a processor makes room for another one.
    #[test]
    fn beside_long_jobs_somebody_works() {
        for (ready, running, lively, ended, expected) in [
            (40, 1, 0, 400, Decision::Work),
            (40, 2, 1, 400, Decision::Watch(WATCH)),
            (10_000, 3, 2, 375, Decision::Watch(WATCH)),
            (0, 1, 0, 50, Decision::Watch(WATCH)),
        ] {
            let load_sample = LoadSample {
                lively,
                ..load_sample(ready, running, ended, 50)
            };
            assert_eq!(decide(load_sample), expected, "{load_sample:?}");
        }
    }

    /// Otherwise each worker of a burst of jobs that block calls the next one, or more workers are
    /// called than jobs may start.
    #[test]
    fn others_are_called_while_no_job_ends_and_workers_are_lacking() {
        for (ready, running, lacking, ended, micros, expected) in [
            (2, 3, 1, 0, 50, Decision::Call),
            (2, 3, 0, 0, 50, Decision::Work),
            (2, 3, 1, 0, 49, Decision::Work),
            (2, 3, 1, 1, 5000, Decision::Work),
            (2, 0, 1, 0, 50, Decision::Work),
            (0, 3, 0, 0, 50, Decision::Rest),
        ] {
            let load_sample = LoadSample {
                lacking,
                ..load_sample(ready, running, ended, micros)
            };
            assert_eq!(decide(load_sample), expected, "{load_sample:?}");
        }
    }

    /// Otherwise a queued job waits for more than a millisecond although a permit is free, if the
    /// running jobs begin to block during a watch.
    #[test]
    fn a_watch_is_over_long_before_a_millisecond() {
        assert!(PATIENCE <= Duration::from_millis(1));
        assert!(4 * WATCH <= PATIENCE);
    }
}
