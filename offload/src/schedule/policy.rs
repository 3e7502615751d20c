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
const MINUTE: Duration = Duration::from_micros(1);

/// What the thread on call has seen since it last looked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
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
pub(crate) enum Duty {
    /// Take work.
    Work,
    /// Let the others go on, and look again after this time.
    Watch(Duration),
    /// Nothing is left to do.
    Rest,
}

/// Whether the thread on call is needed.
pub(crate) fn duty(sight: Sight) -> Duty {
    let Sight {
        ready,
        running,
        cores,
        ended,
        elapsed,
        overtaken,
    } = sight;
    let each = (ended > 0).then(|| elapsed.div_f64(to_f64(ended)));
    let instant = each.is_some_and(|each| each < INSTANT);
    match (ready, each) {
        // Stay for a moment in a storm of instant jobs: the next is on its way,
        // and would only wake this thread again.
        (0, _) if instant => Duty::Watch(WATCH),
        (0, _) => Duty::Rest,
        _ if running == 0 => Duty::Work,
        // Their pace says nothing of those they don't come to.
        _ if overtaken => Duty::Work,
        (_, None) => Duty::Work,
        (_, Some(each)) if is_crowded(each.mul_f64(to_f64(running as u64)), running, cores) => {
            Duty::Watch(WATCH)
        }
        (ready, Some(each)) if each.mul_f64(to_f64(ready as u64)) > PATIENCE => Duty::Work,
        (_, Some(_)) => Duty::Watch(WATCH),
    }
}

/// Whether so many threads are enough for jobs of this length: more would only
/// stand in each other's way, for such jobs don't block.
fn is_crowded(job: Duration, running: usize, cores: usize) -> bool {
    // One processor is left to those who submit.
    let minute = job < MINUTE && running + 1 >= cores;
    minute || (job < INSTANT && running >= cores)
}

/// [`duty`] for loom, which has no clock: watches whenever another works.
#[cfg(bridge_loom)]
pub(crate) fn watchful(sight: Sight) -> Duty {
    match sight {
        Sight { running: 1.., .. } => Duty::Watch(WATCH),
        Sight { ready: 0, .. } => Duty::Rest,
        Sight { .. } => Duty::Work,
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

    fn sight(ready: usize, running: usize, ended: u64, micros: u64) -> Sight {
        Sight {
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
                sight(0, 0, 0, 50),
                Duty::Rest,
            ),
            (
                "nothing queued, slow jobs run",
                sight(0, 4, 2, 50),
                Duty::Rest,
            ),
            (
                "nothing queued, a storm of instant jobs",
                sight(0, 1, 50, 50),
                Duty::Watch(WATCH),
            ),
            (
                "nothing queued, a pause in the storm",
                sight(0, 0, 50, 50),
                Duty::Watch(WATCH),
            ),
            (
                "nothing queued, the storm is over",
                sight(0, 0, 0, 50),
                Duty::Rest,
            ),
            ("nobody works", sight(1, 0, 900, 50), Duty::Work),
            (
                "one is queued, the others block",
                sight(1, 3, 0, 50),
                Duty::Work,
            ),
            (
                "a few are queued, instant",
                sight(40, 1, 400, 50),
                Duty::Watch(WATCH),
            ),
            (
                "a thousand are queued, 10 µs each",
                sight(1_000, 1, 5, 50),
                Duty::Work,
            ),
            (
                "ten thousand are queued, 400 ns each, and processors are free",
                sight(10_000, 2, 250, 50),
                Duty::Work,
            ),
            (
                "ten thousand are queued, 400 ns each, and one processor is free",
                sight(10_000, 3, 375, 50),
                Duty::Watch(WATCH),
            ),
            (
                "ten thousand are queued, 2 µs each, and one processor is free",
                sight(10_000, 3, 75, 50),
                Duty::Work,
            ),
            (
                "ten thousand are queued, 2 µs each, and no processor is free",
                sight(10_000, 4, 100, 50),
                Duty::Watch(WATCH),
            ),
            (
                "ten thousand are queued, 10 µs each, and no processor is free",
                sight(10_000, 4, 20, 50),
                Duty::Work,
            ),
            (
                "ten are queued, 10 µs each",
                sight(10, 1, 5, 50),
                Duty::Watch(WATCH),
            ),
            (
                "a few are queued, instant, and the roots among them stand still",
                Sight {
                    overtaken: true,
                    ..sight(40, 1, 400, 50)
                },
                Duty::Work,
            ),
        ];
        for (case, sight, expected) in table {
            assert_eq!(duty(sight), expected, "{case}");
        }
    }
}
