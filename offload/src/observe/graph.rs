//! Finds who waits for whom among the jobs and waits of all pools.
//!
//! Each job and each wait becomes a node. `links` finds the parent of each job, and marks
//! the nodes of other pools that the report lists.

mod links;
#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    mem,
    panic::Location,
    time::{Duration, Instant},
};

use super::{SeenPool, outside::Waiter};
use crate::{
    lineage::{Frame, JobId, PoolId},
    platform::sync::now,
    schedule::state::{SeenJob, SeenWait},
    thread::clock::{between, tick},
    vocabulary::{
        metrics::Metrics,
        name::PoolName,
        report::{
            JobEntry, JobState, Report, WaitEntry, WorkerEntry, WorkerState,
            cycle::{Cycle, Step},
        },
    },
};

/// The index of the report's own pool. The other pools have the next ones.
pub(super) const OWN: usize = 0;

/// The jobs and waits of all pools. A [`Step`] gives the index of a node here. Only
/// [`report`](Graph::report) turns indices into the numbers that users see.
pub(super) struct Graph {
    /// The figures of the report's own pool.
    metrics: Metrics,
    /// The permits of the report's own pool.
    pub(super) permits: usize,
    /// Whether the system has refused a thread to the report's own pool.
    lacks_threads: bool,
    /// The number of queued jobs of the report's own pool that are left out.
    omitted: usize,
    /// The pools, by their indices.
    pools: Vec<PoolId>,
    pub(super) jobs: Vec<JobNode>,
    pub(super) waits: Vec<WaitNode>,
    /// The workers of the report's own pool.
    workers: Vec<WorkerEntry>,
    /// The waits of threads that are no workers.
    outside: Vec<Waiter>,
    /// The jobs that workers have taken, by their ids.
    jobs_by_id: HashMap<JobId, usize>,
    /// The waits, by the numbers of their frames.
    waits_by_frame: HashMap<usize, usize>,
    /// The numbers of frames that were not over when the state was copied.
    alive: HashSet<usize>,
}

/// A job of some pool.
pub(super) struct JobNode {
    /// The entry of the report. Its number is set at the end.
    pub(super) entry: JobEntry,
    seen: SeenJob,
    /// The index of the job's pool.
    pub(super) pool: usize,
    /// Whether the report lists the job.
    is_listed: bool,
    /// The last wait that polled for the job, if it is known and may poll again.
    pub(super) adopter: Option<usize>,
}

/// A wait of some job.
pub(super) struct WaitNode {
    at: Option<&'static Location<'static>>,
    age: Option<Duration>,
    /// The job whose code waits.
    pub(super) job: Option<usize>,
    /// The index of the pool whose worker waits, if the pool is known.
    pool: Option<usize>,
    /// Whether the report lists the wait.
    is_listed: bool,
}

/// A pool whose jobs and waits are added to the graph.
#[derive(Clone, Copy)]
struct Pool<'a> {
    name: &'a PoolName,
    born: Instant,
    index: usize,
    now: Instant,
}

impl Graph {
    /// Links all jobs and waits of these pools. The jobs and waits of `own` are listed.
    pub(super) fn of<'a>(
        mut own: SeenPool<'_>,
        outside: Vec<Waiter>,
        others: impl Iterator<Item = SeenPool<'a>>,
    ) -> Self {
        let mut graph = Self {
            metrics: mem::take(&mut own.snapshot.metrics),
            permits: own.snapshot.permits,
            lacks_threads: own.snapshot.lacks_threads,
            omitted: own.snapshot.omitted,
            pools: Vec::new(),
            jobs: Vec::new(),
            waits: Vec::new(),
            workers: Vec::new(),
            outside,
            jobs_by_id: HashMap::new(),
            waits_by_frame: HashMap::new(),
            alive: HashSet::new(),
        };
        graph.add(own, OWN);
        for (index, other) in others.enumerate() {
            graph.add(other, OWN + 1 + index);
        }
        graph.link();
        graph
    }

    /// Adds the workers, jobs and waits of one pool.
    fn add(&mut self, pool: SeenPool<'_>, index: usize) {
        let SeenPool {
            id,
            name,
            born,
            clock,
            snapshot,
        } = pool;
        self.pools.push(id);
        let now = now();
        let pool = Pool {
            name,
            born,
            index,
            now,
        };
        let parked = snapshot.parked.iter().filter(|wait| !wait.is_lender);
        let parked: HashSet<_> = parked.map(|wait| wait.stack).collect();
        for (stack, jobs) in snapshot.stacks {
            self.add_worker(pool, stack, jobs, parked.contains(&stack));
        }
        for seen in snapshot.queued {
            let state = if seen.is_in_backlog {
                JobState::InBacklog
            } else {
                JobState::Queued
            };
            let age = clock.map(|clock| clock.since(seen.admitted));
            self.add_job(pool, seen, state, age, None);
        }
        for wait in snapshot.parked {
            self.add_parked_wait(pool, &wait);
        }
    }

    /// Adds a worker and the jobs on its stack, outermost first.
    fn add_worker(&mut self, pool: Pool<'_>, stack: usize, jobs: Vec<SeenJob>, is_parked: bool) {
        let number = stack + 1;
        let top = jobs.len().saturating_sub(1);
        let mut indices = Vec::new();
        for (at, seen) in jobs.into_iter().enumerate() {
            let state = match () {
                () if at < top => JobState::Lending,
                () if is_parked => JobState::Parked,
                () if seen.job.header().shown().is_some() => JobState::Ended,
                () => JobState::Running,
            };
            let begun = seen.job.header().begun();
            let age = begun.map(|begun| between(begun, tick(pool.born, pool.now)));
            let id = JobId::of(&seen.job);
            let index = self.add_job(pool, seen, state, age, Some(number));
            self.jobs_by_id.insert(id, index);
            indices.push(index);
        }
        if pool.index == OWN {
            self.workers.push(WorkerEntry {
                number,
                state: match () {
                    () if is_parked => WorkerState::Parked,
                    () if indices.is_empty() => WorkerState::Idle,
                    () => WorkerState::Running,
                },
                jobs: indices,
            });
        }
    }

    /// Adds a job, and returns its index.
    fn add_job(
        &mut self,
        pool: Pool<'_>,
        seen: SeenJob,
        state: JobState,
        age: Option<Duration>,
        worker: Option<usize>,
    ) -> usize {
        let header = seen.job.header();
        let entry = JobEntry {
            number: 0,
            pool: pool.name.clone(),
            is_foreign: pool.index != OWN,
            at: header.at,
            state,
            age,
            worker,
            parent: None,
            is_cancelled: header.should_stop(),
            is_detached: header.is_detached(),
        };
        self.jobs.push(JobNode {
            entry,
            seen,
            pool: pool.index,
            is_listed: pool.index == OWN,
            adopter: None,
        });
        self.jobs.len() - 1
    }

    /// Adds a wait in which a worker is parked. The jobs of its pool were added before.
    fn add_parked_wait(&mut self, pool: Pool<'_>, wait: &SeenWait) {
        let parked_for = pool.now.saturating_duration_since(wait.since);
        let node = WaitNode {
            at: wait.at(),
            age: (!wait.is_lender).then_some(parked_for),
            job: self.job_of(&wait.frame),
            pool: Some(pool.index),
            is_listed: pool.index == OWN,
        };
        self.add_wait(&wait.frame, node);
    }

    /// Adds the wait of a frame, and returns its index.
    fn add_wait(&mut self, frame: &Frame, node: WaitNode) -> usize {
        let index = self.waits.len();
        self.waits.push(node);
        self.waits_by_frame.insert(frame.number(), index);
        index
    }

    /// Returns the job of a frame, if a worker has taken it.
    fn job_of(&self, frame: &Frame) -> Option<usize> {
        frame
            .job()
            .and_then(|job| self.jobs_by_id.get(&job).copied())
    }

    /// Makes the report, in which the listed jobs and waits are numbered from 1 on.
    pub(super) fn report(self, cycle: Option<Cycle>) -> Report {
        let jobs = numbers(self.jobs.iter().map(|node| node.is_listed));
        let waits = numbers(self.waits.iter().map(|node| node.is_listed));
        let numbered = |step: Step| match step {
            Step::Job(job) => Step::Job(jobs[job]),
            Step::Wait(wait) => Step::Wait(waits[wait]),
            Step::Permit => Step::Permit,
        };
        let inside = (self.waits.iter().zip(&waits))
            .filter(|(node, _)| node.is_listed)
            .map(|(node, number)| WaitEntry {
                number: *number,
                at: node.at,
                age: node.age,
                job: node.job.map(|job| jobs[job]),
                thread: None,
                future: None,
            });
        let now = now();
        let last_inside = waits.iter().max().copied().unwrap_or(0);
        let outside = (self.outside.into_iter())
            .zip(last_inside + 1..)
            .map(|(waiter, number)| WaitEntry {
                number,
                at: Some(waiter.wait.at),
                age: Some(now.saturating_duration_since(waiter.wait.since)),
                job: None,
                thread: waiter.thread.name().map(str::to_owned),
                future: Some(waiter.wait.future),
            });
        Report {
            metrics: self.metrics,
            permits: self.permits,
            lacks_threads: self.lacks_threads,
            stalled_for: None,
            waits: inside.chain(outside).collect(),
            workers: (self.workers.into_iter())
                .map(|mut worker| {
                    worker.jobs.iter_mut().for_each(|job| *job = jobs[*job]);
                    worker
                })
                .collect(),
            cycle: cycle.map(|cycle| cycle.map(numbered)),
            omitted: self.omitted,
            jobs: (self.jobs.into_iter().zip(&jobs))
                .filter(|(node, _)| node.is_listed)
                .map(|(node, number)| JobEntry {
                    number: *number,
                    parent: node.entry.parent.map(numbered),
                    ..node.entry
                })
                .collect(),
        }
    }
}

/// Numbers the listed nodes from 1 on. The others get 0.
fn numbers(is_listed: impl Iterator<Item = bool>) -> Vec<usize> {
    let mut last = 0;
    let number = |is_listed| {
        last += usize::from(is_listed);
        if is_listed { last } else { 0 }
    };
    is_listed.map(number).collect()
}
