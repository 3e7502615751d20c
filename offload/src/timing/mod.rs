//! Measures how long jobs are queued and run, if the pool was asked to.
//!
//! Each worker writes histograms of its own, without a lock and without an atomic
//! addition. A job is in them before its caller can see the result. The metrics add the
//! histograms of all workers up.
//!
//! Reading the clock is the greatest cost. So it is not `Instant`'s, but the counter of
//! the processor, where there is one.

mod histogram;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use self::histogram::Histogram;
use crate::{
    job::runnable::Header,
    nesting::lineage::PoolId,
    platform::sync::{AtomicU64, FineClock},
    thread::clock::Tick,
};

/// A summary of the times that jobs took: one of the two histograms of
/// [`Builder::timings`](crate::Builder::timings).
///
/// The mean and the maximum are exact. A percentile is off by at most 3.2 %, because the
/// histogram has 16 buckets for each power of two nanoseconds. A time of more than 73
/// minutes counts as 73 minutes in the percentiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// The number of jobs that were measured.
    pub count: u64,
    /// The mean.
    pub mean: Duration,
    /// The median: half of the jobs took no longer.
    pub p50: Duration,
    /// The 90th percentile.
    pub p90: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The 99.9th percentile.
    pub p999: Duration,
    /// The longest time.
    pub max: Duration,
}

/// The histograms of one worker at a time.
pub(crate) struct Recorder {
    clock: FineClock,
    queued_for: Histogram,
    ran_for: Histogram,
}

impl Recorder {
    pub(crate) fn new(clock: FineClock) -> Self {
        Self {
            clock,
            queued_for: Histogram::new(),
            ran_for: Histogram::new(),
        }
    }

    /// Returns what all these recorders have measured: how long jobs were queued, and how
    /// long they ran.
    pub(crate) fn sum(recorders: &[Arc<Self>]) -> (Timing, Timing) {
        let each = |which: fn(&Self) -> &Histogram| {
            Histogram::sum(recorders.iter().map(|recorder| which(recorder)))
        };
        (
            each(|recorder| &recorder.queued_for),
            each(|recorder| &recorder.ran_for),
        )
    }
}

/// The start of a job on a worker.
#[derive(Clone, Copy)]
pub(crate) struct Start<'a> {
    pub(crate) pool: PoolId,
    pub(crate) tick: Tick,
    /// The recorder of the worker, if the pool measures its jobs.
    pub(crate) recorder: Option<&'a Recorder>,
}

impl<'a> Start<'a> {
    /// Begins to measure a job, if the pool does.
    pub(crate) fn timer(self) -> Timer<'a> {
        Timer {
            began: self.recorder.map_or(0, |recorder| recorder.clock.read()),
            recorder: self.recorder,
        }
    }
}

/// Measures one job, if the pool does.
pub(crate) struct Timer<'a> {
    recorder: Option<&'a Recorder>,
    began: u64,
}

impl Timer<'_> {
    /// Records the times of a job whose closure has ended. Call this before the job's
    /// caller can see the result, so that the caller finds the job in the metrics.
    pub(crate) fn end(self, header: &Header) {
        if let Some(recorder) = self.recorder {
            let Recorder {
                clock,
                queued_for,
                ran_for,
            } = recorder;
            let ended = clock.read();
            queued_for.add(clock.nanos(header.admitted(), self.began));
            ran_for.add(clock.nanos(self.began, ended));
        }
    }
}

/// Adds to a counter that only this thread writes.
fn add(counter: &AtomicU64, value: u64) {
    let sum = counter.load(Ordering::Relaxed).wrapping_add(value);
    counter.store(sum, Ordering::Relaxed);
}
