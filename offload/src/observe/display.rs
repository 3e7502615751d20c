//! Writes a report as a tree.

use std::{fmt, time::Duration};

use super::{JobEntry, JobState, Report, Step, WaitEntry, WorkerState, cycle::Cycle};

/// A line of the tree, and the lines below it.
struct Node {
    text: String,
    below: Vec<Node>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), Counts(self))?;
        if let Some(time) = self.stalled_for {
            write!(f, "; nothing has moved for {}", Age(time))?;
        }
        let roots = self.below(None);
        write_tree(f, &roots, "")?;
        if let Some(cycle) = &self.cycle {
            f.write_str("\n")?;
            cycle.fmt(f)?;
        }
        Ok(())
    }
}

impl Report {
    /// Returns the trees of all that stands right below `parent`, or below nothing.
    fn below(&self, parent: Option<Step>) -> Vec<Node> {
        let mut nodes = Vec::new();
        if let Some(Step::Job(job)) = parent {
            let waits = self.waits.iter().filter(|wait| wait.job == Some(job));
            nodes.extend(waits.map(|wait| self.wait(wait)));
        }
        let jobs: Vec<_> = (self.jobs.iter())
            .filter(|job| job.parent == parent)
            .collect();
        let alike = jobs.chunk_by(|one, next| self.is_like(one, next));
        nodes.extend(alike.map(|jobs| self.jobs_alike(jobs)));
        if parent.is_none() {
            if self.omitted > 0 {
                nodes.push(leaf(format!("{} further jobs are queued", self.omitted)));
            }
            let waits = self.waits.iter().filter(|wait| wait.job.is_none());
            nodes.extend(waits.map(|wait| self.wait(wait)));
            nodes.extend(self.idle());
        }
        nodes
    }

    /// Returns whether two jobs are written as one line: both are queued, from one place.
    fn is_like(&self, one: &JobEntry, next: &JobEntry) -> bool {
        let is_leaf = |job: &JobEntry| {
            let own = Some(Step::Job(job.number));
            !self.jobs.iter().any(|other| other.parent == own)
        };
        let is_queued = |job: &JobEntry| {
            matches!(job.state, JobState::Queued | JobState::InBacklog) && is_leaf(job)
        };
        one.at == next.at && one.state == next.state && is_queued(one) && is_queued(next)
    }

    /// Returns the line of one job, or of several jobs that are alike.
    fn jobs_alike(&self, jobs: &[&JobEntry]) -> Node {
        let (first, last) = (jobs[0], jobs[jobs.len() - 1]);
        let mut text = vec![if jobs.len() == 1 {
            format!("job {}", first.number)
        } else {
            format!("jobs {} to {}", first.number, last.number)
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
        let below = if jobs.len() == 1 {
            self.below(Some(Step::Job(first.number)))
        } else {
            Vec::new()
        };
        let text = text.concat();
        Node { text, below }
    }

    /// Returns the tree of a wait.
    fn wait(&self, wait: &WaitEntry) -> Node {
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
        Node {
            text: text.concat(),
            below: self.below(Some(Step::Wait(wait.number))),
        }
    }

    /// Returns the line of the idle workers.
    fn idle(&self) -> Option<Node> {
        let idle = (self.workers.iter()).filter(|worker| worker.state == WorkerState::Idle);
        match idle.count() {
            0 => None,
            1 => Some(leaf("1 worker is idle".to_owned())),
            count => Some(leaf(format!("{count} workers are idle"))),
        }
    }
}

fn leaf(text: String) -> Node {
    Node {
        text,
        below: Vec::new(),
    }
}

fn write_tree(f: &mut fmt::Formatter<'_>, nodes: &[Node], indent: &str) -> fmt::Result {
    for (at, node) in nodes.iter().enumerate() {
        let is_last = at + 1 == nodes.len();
        let (branch, rest) = if is_last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        write!(f, "\n{indent}{branch}{}", node.text)?;
        write_tree(f, &node.below, &format!("{indent}{rest}"))?;
    }
    Ok(())
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

/// A time, as precise as a reader needs it.
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
