//! Reports about the end of a pool: one of a shutdown, and one of the jobs that the exit of
//! the process cut off.

use std::{fmt, panic::Location, time::Duration};

use super::{name::PoolName, report::Report};

/// The number of jobs that a text lists. It only counts the others.
const PLACES: usize = 8;

/// The report of a shutdown.
///
/// ```
/// use std::time::Duration;
///
/// use bridge_offload::Pool;
///
/// let pool = Pool::new();
/// let job = pool.run(|| 7).start();
/// let report = pool.shutdown(Duration::from_secs(5)).wait();
/// assert_eq!((report.abandoned, report.running.len()), (0, 0));
/// assert_eq!(pollster::block_on(job), 7);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "it says whether work was lost"]
pub struct Shutdown {
    /// The name of the pool.
    pub pool: PoolName,
    /// The number of jobs that finished after the shutdown had begun, within the grace.
    pub completed: usize,
    /// The number of jobs that were admitted and never ran. Their callers got
    /// [`ShutDown`](crate::OffloadError::ShutDown).
    pub abandoned: usize,
    /// The number of jobs that were told to stop when the grace was over, and ended
    /// within the cancel grace. Their callers got the result.
    pub cancelled: usize,
    /// The jobs that still run. Their callers got
    /// [`ShutDown`](crate::OffloadError::ShutDown), and their threads go on.
    pub running: Vec<StillRunning>,
    /// The report of the pool when the grace was over, if jobs were left then. It shows who
    /// waited for whom.
    pub report: Option<Box<Report>>,
}

/// A job that runs on after a shutdown or at the exit of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StillRunning {
    /// The place where the closure was offloaded.
    pub at: &'static Location<'static>,
    /// The longest time for which the closure can have run, at a resolution of 10
    /// milliseconds.
    ///
    /// A worker that runs short jobs back to back does not read the clock for each job.
    /// So the age includes the time of up to 31 short jobs that ran on the same worker just
    /// before this one, in all about 50 milliseconds at most.
    pub age: Duration,
}

/// The jobs that did not finish before the process exited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutOff {
    /// The name of the pool.
    pub pool: PoolName,
    /// The jobs that still run.
    pub running: Vec<StillRunning>,
    /// The places of the jobs that have not started.
    pub queued: Vec<&'static Location<'static>>,
}

impl CutOff {
    /// Returns whether no job was cut off.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.running.is_empty() && self.queued.is_empty()
    }
}

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:?}", self.at, self.age)
    }
}

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} running", self.running.len())?;
        list(f, &self.running)?;
        write!(f, ", {} queued", self.queued.len())?;
        list(f, &self.queued)
    }
}

/// Writes the first few items in parentheses, and how many more there are.
fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, items: &[T]) -> fmt::Result {
    let Some((first, rest)) = items.split_first() else {
        return Ok(());
    };
    write!(f, " ({first}")?;
    for item in rest.iter().take(PLACES - 1) {
        write!(f, ", {item}")?;
    }
    let more = items.len().saturating_sub(PLACES);
    if more > 0 {
        write!(f, ", and {more} more")?;
    }
    f.write_str(")")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the log of the exit hides which jobs were lost.
    #[test]
    fn eight_places_are_named() {
        let at = Location::caller();
        for (count, has_more) in [(8, false), (9, true)] {
            let cut_off = CutOff {
                queued: vec![at; count],
                ..CutOff::default()
            };
            let text = cut_off.to_string();
            assert_eq!(text.ends_with(", and 1 more)"), has_more, "{text}");
            assert_eq!(text.matches(&at.to_string()).count(), 8, "{text}");
        }
    }

    #[test]
    fn a_cut_off_names_the_first_places_and_counts_the_rest() {
        let at = Location::caller();
        let running = StillRunning {
            at,
            age: Duration::from_secs(3),
        };
        let few = CutOff {
            running: vec![running],
            ..CutOff::default()
        };
        assert_eq!(
            few.to_string(),
            format!("1 running ({at} for 3s), 0 queued")
        );
        let many = CutOff {
            queued: vec![at; PLACES + 2],
            ..CutOff::default()
        };
        // Otherwise a program hides that jobs were lost.
        assert!(!few.is_empty() && !many.is_empty() && CutOff::default().is_empty());
        let text = many.to_string();
        assert!(text.ends_with(", and 2 more)"), "{text}");
        assert_eq!(text.matches(&at.to_string()).count(), PLACES);
    }
}
