//! Writes a report as a tree.

use std::{collections::HashMap, fmt, time::Duration};

use super::{JobEntry, JobState, Report, Step, WaitEntry, WorkerEntry, WorkerState, cycle::Cycle};

/// The greatest depth of the tree that is written. Each further level would make the lines
/// longer.
const LEVELS: usize = 32;

/// A report, and what stands right below each of its jobs and waits.
struct Tree<'a> {
    report: &'a Report,
    waits: HashMap<Option<usize>, Vec<&'a WaitEntry>>,
    jobs: HashMap<Option<Step>, Vec<&'a JobEntry>>,
}

/// A line of the tree.
enum Line<'a> {
    /// A job, or several that are alike.
    Jobs(Vec<&'a JobEntry>),
    Wait(&'a WaitEntry),
    /// The number of queued jobs that the report does not list.
    Omitted(usize),
    /// The number of idle workers.
    Idle(usize),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), Counts(self))?;
        if let Some(time) = self.stalled_for {
            write!(f, "; nothing has moved for {}", Age(time))?;
        }
        Tree::of(self).fmt(f)?;
        if let Some(cycle) = &self.cycle {
            f.write_str("\n")?;
            cycle.fmt(f)?;
        }
        Ok(())
    }
}

impl<'a> Tree<'a> {
    fn of(report: &'a Report) -> Self {
        let (mut waits, mut jobs) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
        for wait in &report.waits {
            waits.entry(wait.job).or_default().push(wait);
        }
        for job in &report.jobs {
            jobs.entry(job.parent).or_default().push(job);
        }
        Self {
            report,
            waits,
            jobs,
        }
    }

    /// Returns the lines right below `parent`. For `None`, these are the lines of the top
    /// level.
    fn below(&self, parent: Option<Step>) -> Vec<Line<'a>> {
        let waits = |job| {
            let waits = self.waits.get(&job).into_iter().flatten();
            waits.map(|wait| Line::Wait(wait))
        };
        let mut lines = Vec::new();
        if let Some(Step::Job(job)) = parent {
            lines.extend(waits(Some(job)));
        }
        if let Some(jobs) = self.jobs.get(&parent) {
            let alike = jobs.chunk_by(|one, next| self.is_like(one, next));
            lines.extend(alike.map(|jobs| Line::Jobs(jobs.to_vec())));
        }
        if parent.is_none() {
            let idle = |worker: &&WorkerEntry| worker.state == WorkerState::Idle;
            let idle = self.report.workers.iter().filter(idle).count();
            let omitted = self.report.omitted;
            lines.extend((omitted > 0).then_some(Line::Omitted(omitted)));
            lines.extend(waits(None));
            lines.extend((idle > 0).then_some(Line::Idle(idle)));
        }
        lines
    }

    /// Returns the lines right below a line.
    fn below_line(&self, line: &Line<'a>) -> Vec<Line<'a>> {
        match line {
            Line::Jobs(jobs) if jobs.len() == 1 => self.below(Some(Step::Job(jobs[0].number))),
            Line::Wait(wait) => self.below(Some(Step::Wait(wait.number))),
            Line::Jobs(_) | Line::Omitted(_) | Line::Idle(_) => Vec::new(),
        }
    }

    /// Returns whether two jobs share a line. Both are queued with nothing below them, and
    /// their lines would differ only in the number and the age.
    fn is_like(&self, one: &JobEntry, next: &JobEntry) -> bool {
        let is_leaf = |job: &JobEntry| !self.jobs.contains_key(&Some(Step::Job(job.number)));
        let is_queued = |job: &JobEntry| {
            matches!(job.state, JobState::Queued | JobState::InBacklog) && is_leaf(job)
        };
        let is_same = one.at == next.at
            && one.state == next.state
            && (one.is_foreign, &one.pool) == (next.is_foreign, &next.pool)
            && one.is_cancelled == next.is_cancelled
            && one.is_detached == next.is_detached;
        is_same && is_queued(one) && is_queued(next)
    }

    /// Returns the number of levels from these lines down.
    fn levels(&self, mut lines: Vec<Line<'a>>) -> usize {
        let mut levels = 0;
        while !lines.is_empty() {
            levels += 1;
            let below = lines.iter().flat_map(|line| self.below_line(line));
            lines = below.collect();
        }
        levels
    }
}

impl fmt::Display for Tree<'_> {
    /// Writes the tree without recursion, because the stack of a deep nest is nearly full.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut indent = String::new();
        // For each open level: the lines that are not yet written, and their indent.
        let mut open = vec![(self.below(None).into_iter(), 0)];
        while let Some((lines, width)) = open.last_mut() {
            indent.truncate(*width);
            let Some(line) = lines.next() else {
                open.pop();
                continue;
            };
            let (branch, rest) = if lines.len() == 0 {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            write!(f, "\n{indent}{branch}{line}")?;
            let below = self.below_line(&line);
            indent.push_str(rest);
            if open.len() < LEVELS {
                open.push((below.into_iter(), indent.len()));
            } else {
                match self.levels(below) {
                    0 => {}
                    1 => write!(f, "\n{indent}└─ … and 1 level more")?,
                    levels => write!(f, "\n{indent}└─ … and {levels} levels more")?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jobs(jobs) => f.write_str(&jobs_line(jobs)),
            Self::Wait(wait) => f.write_str(&wait_line(wait)),
            Self::Omitted(jobs) => write!(f, "{jobs} further jobs are queued"),
            Self::Idle(1) => f.write_str("1 worker is idle"),
            Self::Idle(workers) => write!(f, "{workers} workers are idle"),
        }
    }
}

/// Returns the line of one job, or of several jobs that are alike.
fn jobs_line(jobs: &[&JobEntry]) -> String {
    let (first, last) = (jobs[0], jobs[jobs.len() - 1]);
    let range = last.number - first.number + 1;
    let mut text = vec![match jobs.len() {
        1 => format!("job {}", first.number),
        all if all == range => format!("jobs {} to {}", first.number, last.number),
        // The other jobs in the range stand elsewhere in the tree.
        some => format!("{some} of the jobs {} to {}", first.number, last.number),
    }];
    if first.is_foreign {
        text.push(format!(" of another {}", first.pool));
    }
    let state = match first.state {
        JobState::InBacklog => ", in the backlog",
        JobState::Queued => ", queued",
        JobState::Running => ", running",
        JobState::Parked => ", parked",
        JobState::Lending => ", parked with a lent job on its worker",
        JobState::Ended => ", ended",
    };
    text.push(state.to_owned());
    if let Some(age) = first.age {
        text.push(format!(" for {}", Age(age)));
    }
    if let Some(worker) = first.worker {
        text.push(format!(" on worker {worker}"));
    }
    if first.is_cancelled {
        text.push(", told to stop".to_owned());
    }
    if first.is_detached {
        text.push(", detached".to_owned());
    }
    text.push(format!(", offloaded at {}", first.at));
    text.concat()
}

/// Returns the line of a wait.
fn wait_line(wait: &WaitEntry) -> String {
    let mut text = vec![format!("wait {}", wait.number)];
    text.push(match wait.age {
        Some(age) => format!(", parked for {}", Age(age)),
        None => ", not parked".to_owned(),
    });
    if let Some(thread) = &wait.thread {
        text.push(format!(" on thread `{thread}`"));
    }
    text.push(match wait.at {
        Some(at) => format!(", at {at}"),
        None => ", for the end of a pool".to_owned(),
    });
    if let Some(future) = wait.future {
        // The compiler calls the future of an `async` block or function its closure.
        let future = future.strip_suffix("::{{closure}}").unwrap_or(future);
        text.push(format!(", for `{future}`"));
    }
    text.concat()
}

/// The figures of a report in words.
struct Counts<'a>(&'a Report);

impl fmt::Display for Counts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        let metrics = &report.metrics;
        write!(
            f,
            "{} running, {} parked, {} queued",
            metrics.running, metrics.blocked, metrics.queued
        )?;
        if metrics.backlog > 0 {
            write!(f, ", {} in the backlog", metrics.backlog)?;
        }
        let free = report.permits.saturating_sub(metrics.running);
        write!(f, "; {free} of {} permits free", report.permits)
    }
}

/// An age, in the unit that suits its length.
struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            _ => write!(f, "{} min {} s", seconds / 60, seconds % 60),
        }
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_certain() {
            "these wait for each other: "
        } else {
            "no permit is free, and each running job has descendants that need one; if these jobs \
             wait for them, none can go on: "
        })?;
        for step in self.steps() {
            write!(f, "{step} → ")?;
        }
        match self.steps().first() {
            Some(first) => first.fmt(f),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(number) => write!(f, "job {number}"),
            Self::Wait(number) => write!(f, "wait {number}"),
            Self::Permit => f.write_str("a permit"),
        }
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{iter, panic::Location, thread};

    use testkit::within;

    use super::*;

    fn job(number: usize, state: JobState, parent: Option<Step>) -> JobEntry {
        JobEntry {
            number,
            state,
            parent,
            pool: crate::PoolName::default(),
            is_foreign: false,
            at: Location::caller(),
            age: None,
            worker: None,
            is_cancelled: false,
            is_detached: false,
        }
    }

    /// Returns a report of jobs that wait for each other, each for the next.
    fn nest(depth: usize) -> Report {
        let above = |number| (number > 1).then(|| Step::Wait(number - 1));
        let wait = |number| WaitEntry {
            number,
            at: None,
            age: None,
            job: Some(number),
            thread: None,
            future: None,
        };
        Report {
            jobs: (1..=depth)
                .map(|number| job(number, JobState::Parked, above(number)))
                .collect(),
            waits: (1..=depth).map(wait).collect(),
            ..Report::default()
        }
    }

    /// Otherwise the report of a deep nest would overflow the stack, and fill the memory with
    /// indents.
    #[test]
    fn a_deep_nest_is_cut_and_written_on_a_small_stack() {
        let check = || {
            for (depth, lines, levels) in [(16, 33, 0), (17, 34, 2), (100_000, 34, 199_968)] {
                let text = nest(depth).to_string();
                assert_eq!(text.lines().count(), lines, "{text}");
                let end = format!("└─ … and {levels} levels more");
                assert_eq!(text.ends_with(&end), levels > 0, "{text}");
            }
        };
        let small = thread::Builder::new().stack_size(128 * 1024);
        let small = small.spawn(check).unwrap();
        within(|| small.join().unwrap());
    }

    fn queued(number: usize) -> JobEntry {
        job(number, JobState::Queued, None)
    }

    fn text_of(jobs: impl IntoIterator<Item = JobEntry>) -> String {
        let report = Report {
            jobs: jobs.into_iter().collect(),
            ..Report::default()
        };
        report.to_string()
    }

    #[test]
    fn a_line_of_jobs_counts_only_those_that_stand_there() {
        let running = job(1, JobState::Running, None);
        let below = |number| job(number, JobState::Queued, Some(Step::Job(1)));
        let text = text_of([running, below(2), queued(3), below(4), queued(5), queued(6)]);
        assert!(
            text.contains("│  └─ 2 of the jobs 2 to 4, queued"),
            "{text}"
        );
        assert!(text.contains("\n└─ 3 of the jobs 3 to 6, queued"), "{text}");
    }

    #[test]
    fn jobs_share_no_line_if_their_lines_would_differ() {
        let mut other = queued(2);
        (other.pool, other.is_foreign) = (crate::PoolName::new("other"), true);
        let mut detached = queued(3);
        detached.is_detached = true;
        let text = text_of([queued(1), other, detached]);
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    /// Otherwise the monitor would write for minutes, and look after nothing meanwhile.
    #[test]
    fn a_long_queue_is_written_in_one_pass() {
        let jobs = (1..=100_000).map(|number| job(number, JobState::Queued, None));
        let last = job(100_001, JobState::Running, Some(Step::Job(100_000)));
        let report = Report {
            jobs: jobs.chain(iter::once(last)).collect(),
            ..Report::default()
        };
        let text = within(|| report.to_string());
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.contains("jobs 1 to 99999, queued"), "{text}");
    }
}
