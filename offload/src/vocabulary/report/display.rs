//! Writes a report as a tree.

use std::{collections::HashMap, fmt, panic::Location, time::Duration};

use super::{
    super::name::PoolName, JobEntry, JobState, Report, Step, WaitEntry, WorkerEntry, WorkerState,
    cycle::Cycle,
};

/// The greatest depth of the tree that is written. Each further level would make the lines
/// longer.
const LEVELS: usize = 32;

/// The most lines of jobs, and the most lines of waits, that are written below one line.
const LINES: usize = 64;

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
    /// The number of jobs or waits whose lines would be too many, and what they are.
    More(usize, &'static str),
    /// The number of queued jobs that the report does not list.
    Omitted(usize),
    /// The number of idle workers.
    Idle(usize),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), Counts(self))?;
        if let Some(time) = self.stalled_for {
            write!(f, "; it has stood still for {}", Age(time))?;
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
        let mut lines = Vec::new();
        if let Some(Step::Job(job)) = parent {
            lines.extend(self.wait_lines(Some(job)));
        }
        lines.extend(self.job_lines(parent));
        if parent.is_none() {
            let idle = |worker: &&WorkerEntry| worker.state == WorkerState::Idle;
            let idle = self.report.workers.iter().filter(idle).count();
            let omitted = self.report.omitted;
            lines.extend((omitted > 0).then_some(Line::Omitted(omitted)));
            lines.extend(self.wait_lines(None));
            lines.extend((idle > 0).then_some(Line::Idle(idle)));
        }
        lines
    }

    /// Returns the lines right below a line.
    fn below_line(&self, line: &Line<'a>) -> Vec<Line<'a>> {
        match line {
            Line::Jobs(jobs) if jobs.len() == 1 => self.below(Some(Step::Job(jobs[0].number))),
            Line::Wait(wait) => self.below(Some(Step::Wait(wait.number))),
            Line::Jobs(_) | Line::More(..) | Line::Omitted(_) | Line::Idle(_) => Vec::new(),
        }
    }

    /// Returns the lines of a job's waits. For `None`, these are the waits outside any job.
    fn wait_lines(&self, job: Option<usize>) -> impl Iterator<Item = Line<'a>> {
        let waits = self.waits.get(&job).map_or(&[][..], Vec::as_slice);
        let more = waits.len().saturating_sub(LINES);
        let lines = waits.iter().take(LINES).map(|wait| Line::Wait(wait));
        lines.chain((more > 0).then_some(Line::More(more, "wait")))
    }

    /// Returns the lines of the jobs right below `parent`. Jobs that are alike share the line
    /// of the first of them: queued jobs always, and running ones if there are too many lines.
    fn job_lines(&self, parent: Option<Step>) -> impl Iterator<Item = Line<'a>> {
        let jobs = self.jobs.get(&parent).map_or(&[][..], Vec::as_slice);
        let mut lines = together(jobs, |job| self.likeness(job));
        if lines.len() > LINES {
            lines = together(jobs, |job| {
                self.likeness(job).or_else(|| self.likeness_at_work(job))
            });
        }
        if lines.len() > LINES {
            // The circle at the end of the report names jobs whose lines must be there.
            lines.sort_by_key(|jobs| !jobs.iter().any(|job| self.is_in_circle(job)));
        }
        let more = lines.iter().skip(LINES).map(Vec::len).sum();
        lines.truncate(LINES);
        let lines = lines.into_iter().map(Line::Jobs);
        lines.chain((more > 0).then_some(Line::More(more, "job")))
    }

    fn is_in_circle(&self, job: &JobEntry) -> bool {
        let cycle = self.report.cycle.as_ref();
        cycle.is_some_and(|cycle| cycle.steps().contains(&Step::Job(job.number)))
    }

    /// Returns what is the same for all jobs of a line. Their lines would differ only in the
    /// number and the age. Returns `None` for a job that is not queued or has something below
    /// it, because such a job shares no line.
    fn likeness(&self, job: &'a JobEntry) -> Option<Likeness<'a>> {
        let is_queued = matches!(job.state, JobState::InBacklog | JobState::Queued);
        (is_queued && self.is_leaf(job)).then(|| Likeness::of(job))
    }

    /// Returns the same for a running job. Its line would also differ in the worker, and the
    /// circle may name it.
    fn likeness_at_work(&self, job: &'a JobEntry) -> Option<Likeness<'a>> {
        let is_running = job.state == JobState::Running;
        (is_running && self.is_leaf(job) && !self.is_in_circle(job)).then(|| Likeness::of(job))
    }

    /// Returns whether nothing stands below this job.
    fn is_leaf(&self, job: &JobEntry) -> bool {
        let has_jobs = self.jobs.contains_key(&Some(Step::Job(job.number)));
        !has_jobs && !self.waits.contains_key(&Some(job.number))
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

/// The properties that the jobs of one line have in common.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'a> {
    at: &'static Location<'static>,
    state: JobState,
    pool: (bool, &'a PoolName),
    is_cancelled: bool,
    is_detached: bool,
}

impl<'a> Likeness<'a> {
    fn of(job: &'a JobEntry) -> Self {
        Self {
            at: job.at,
            state: job.state,
            pool: (job.is_foreign, &job.pool),
            is_cancelled: job.is_cancelled,
            is_detached: job.is_detached,
        }
    }
}

/// Puts those jobs together that are alike, in the order of the first ones.
fn together<'a>(
    jobs: &[&'a JobEntry],
    likeness: impl Fn(&'a JobEntry) -> Option<Likeness<'a>>,
) -> Vec<Vec<&'a JobEntry>> {
    let (mut lines, mut known) = (Vec::<Vec<_>>::new(), HashMap::new());
    for job in jobs {
        let new = lines.len();
        let line = likeness(job).map_or(new, |it| *known.entry(it).or_insert(new));
        match lines.get_mut(line) {
            Some(alike) => alike.push(*job),
            None => lines.push(vec![*job]),
        }
    }
    lines
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
            Self::More(1, what) => write!(f, "… and 1 {what} more"),
            Self::More(count, what) => write!(f, "… and {count} {what}s more"),
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
    let longest = jobs.iter().filter_map(|job| job.age).max();
    if let Some(age) = longest.map(Age) {
        text.push(match first.state {
            JobState::InBacklog | JobState::Queued | JobState::Running if jobs.len() > 1 => {
                format!(" for up to {age}")
            }
            JobState::InBacklog | JobState::Queued | JobState::Running => format!(" for {age}"),
            // The job may have run for most of the time.
            JobState::Parked | JobState::Lending | JobState::Ended => {
                format!(", begun {age} ago")
            }
        });
    }
    if let (Some(worker), 1) = (first.worker, jobs.len()) {
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
        None => ", for the end of a pool or of a hook".to_owned(),
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
        write!(f, "; {free} of {} permits free", report.permits)?;
        if report.lacks_threads {
            f.write_str("; the system has refused it a thread")?;
        }
        Ok(())
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
mod tests;
