//! When to add a thread: a pure function.
//!
//! The pool has at most one thread *on call*: awake, not running a job, and
//! bound to look at the queue before it sleeps. When work is queued, a permit
//! is free and nobody is on call, an idle thread is woken or a new one started,
//! and that one is on call until it takes work. Then [`duty`] decides. Instant
//! jobs are done by those who are at it, faster than a further thread could
//! help; jobs that block are not, and get their thread at once.

use std::time::Duration;

/// Queued work has a thread within this time while permits are free.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1);

/// How long the thread on call lets the others go on before it looks again.
pub(crate) const WATCH: Duration = Duration::from_micros(200);

/// A job this short, wake-ups are dearer than it is.
const INSTANT: Duration = Duration::from_micros(5);

/// Jobs this short keep those who submit them as busy as those who run them.
const TINY_JOB: Duration = Duration::from_micros(1);

/// What the thread on call has seen since it last looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadSample {
    /// Jobs that a thread could take now.
    pub(crate) ready: usize,
    /// Jobs that run, unparked.
    pub(crate) running: usize,
    /// Processors of the machine.
    pub(crate) cores: usize,
    /// Jobs that ended since the last look.
    pub(crate) ended: u64,
    /// Time since the last look.
    pub(crate) elapsed: Duration,
    /// Roots are queued, and kin alone was taken since the last look.
    pub(crate) overtaken: bool,
}

/// What the thread on call shall do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Decision {
    /// Take work.
    Work,
    /// Let the others go on, and look again after this time.
    Watch(Duration),
    /// Nothing is left to do.
    Rest,
}

/// Whether the thread on call is needed.
pub(crate) fn decide(load_sample: LoadSample) -> Decision {
    let LoadSample {
        ready,
        running,
        cores,
        ended,
        elapsed,
        overtaken,
    } = load_sample;
    let each = (ended > 0).then(|| elapsed.div_f64(to_f64(ended)));
    let instant = each.is_some_and(|each| each < INSTANT);
    match (ready, each) {
        // Stay for a moment in a storm of instant jobs: the next is on its way,
        // and would only wake this thread again.
        (0, _) if instant => Decision::Watch(WATCH),
        (0, _) => Decision::Rest,
        _ if running == 0 => Decision::Work,
        // Their pace says nothing of those they don't come to.
        _ if overtaken => Decision::Work,
        (_, None) => Decision::Work,
        (_, Some(each)) if is_crowded(each.mul_f64(to_f64(running as u64)), running, cores) => {
            Decision::Watch(WATCH)
        }
        (ready, Some(each)) if each.mul_f64(to_f64(ready as u64)) > PATIENCE => Decision::Work,
        (_, Some(_)) => Decision::Watch(WATCH),
    }
}

/// Whether so many threads are enough for jobs of this length: more would only
/// stand in each other's way, for such jobs don't block.
fn is_crowded(job: Duration, running: usize, cores: usize) -> bool {
    // One processor is left to those who submit.
    let minute = job < TINY_JOB && running + 1 >= cores;
    minute || (job < INSTANT && running >= cores)
}

/// [`duty`] for loom, which has no clock: watches whenever another works.
#[cfg(bridge_loom)]
pub(crate) fn watchful(load_sample: LoadSample) -> Decision {
    match load_sample {
        LoadSample { running: 1.., .. } => Decision::Watch(WATCH),
        LoadSample { ready: 0, .. } => Decision::Rest,
        LoadSample { .. } => Decision::Work,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a ratio of counts needs no 53 bits"
)]
fn to_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_sample(ready: usize, running: usize, ended: u64, micros: u64) -> LoadSample {
        LoadSample {
            ready,
            running,
            cores: 4,
            ended,
            elapsed: Duration::from_micros(micros),
            overtaken: false,
        }
    }

    #[test]
    fn duty_by_table() {
        let table = [
            (
                "nothing queued, nobody works",
                load_sample(0, 0, 0, 50),
                Decision::Rest,
            ),
            (
                "nothing queued, slow jobs run",
                load_sample(0, 4, 2, 50),
                Decision::Rest,
            ),
            (
                "nothing queued, a storm of instant jobs",
                load_sample(0, 1, 50, 50),
                Decision::Watch(WATCH),
            ),
            (
                "nothing queued, a pause in the storm",
                load_sample(0, 0, 50, 50),
                Decision::Watch(WATCH),
            ),
            (
                "nothing queued, the storm is over",
                load_sample(0, 0, 0, 50),
                Decision::Rest,
            ),
            ("nobody works", load_sample(1, 0, 900, 50), Decision::Work),
            (
                "one is queued, the others block",
                load_sample(1, 3, 0, 50),
                Decision::Work,
            ),
            (
                "a few are queued, instant",
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
                "a few are queued, instant, and the roots among them stand still",
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
}
