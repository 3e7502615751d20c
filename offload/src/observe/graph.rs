//! Finds who waits for whom among the jobs and waits of all pools.
//!
//! The lineage of a job tells which wait or job has submitted it. The job also
//! has the number of the last wait that polled for it.

mod links;
#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{
    JobEntry, JobState, Report, Step, WaitEntry, WorkerEntry, WorkerState, outside::Waiter,
};
use crate::{
    core::Core,
    nesting::lineage::{Frame, JobId},
    platform::sync::now,
    schedule::state::{SeenJob, Snapshot},
    thread::clock::{between, tick},
};

/// The jobs and waits of all pools. Nodes are numbered by their index.
pub(super) struct Graph {
    own: Snapshot,
    pub(super) jobs: Vec<JobNode>,
    pub(super) waits: Vec<WaitNode>,
    workers: Vec<WorkerEntry>,
    outside: Vec<Waiter>,
    /// The jobs that workers have taken.
    ids: HashMap<JobId, usize>,
    /// The waits by the numbers of their frames.
    numbers: HashMap<usize, usize>,
    /// The numbers of frames that were not over when the state was copied.
    alive: HashSet<usize>,
}

/// A job of some pool.
pub(super) struct JobNode {
    pub(super) entry: JobEntry,
    seen: SeenJob,
    /// The pool of the job, as an index. The report's own pool has the index 0.
    pub(super) pool: usize,
    /// Whether the report lists the job.
    is_listed: bool,
    /// The wait that polls for the job, if that is known.
    pub(super) adopter: Option<usize>,
}

/// A wait of some job.
pub(super) struct WaitNode {
    at: Option<&'static std::panic::Location<'static>>,
    age: Option<Duration>,
    pub(super) job: Option<usize>,
    pool: usize,
    is_listed: bool,
}

impl Graph {
    /// Copies the state of the other pools, and links all jobs and waits.
    pub(super) fn of(core: &Core, own: Snapshot) -> Self {
        let mut graph = Self {
            own: Snapshot::default(),
            jobs: Vec::new(),
            waits: Vec::new(),
            workers: Vec::new(),
            outside: core.outside.waiters(),
            ids: HashMap::new(),
            numbers: HashMap::new(),
            alive: HashSet::new(),
        };
        graph.own = graph.add(core, own, 0);
        for (at, other) in others(core).iter().enumerate() {
            let snapshot = other.state().snapshot();
            let _rest = graph.add(other, snapshot, at + 1);
        }
        graph.link();
        graph.list();
        graph
    }

    /// Adds the jobs and waits of one pool. Returns the rest of its state.
    fn add(&mut self, core: &Core, mut snapshot: Snapshot, pool: usize) -> Snapshot {
        let now = now();
        let add_job = |graph: &mut Self, seen: SeenJob, state, worker| {
            let header = seen.job.header();
            graph.jobs.push(JobNode {
                entry: JobEntry {
                    number: 0,
                    pool: core.limits.name.clone(),
                    is_foreign: pool != 0,
                    at: header.at,
                    state,
                    age: match worker {
                        Some(_) => {
                            (header.begun()).map(|begun| between(begun, tick(core.born, now)))
                        }
                        None => (core.clock.as_ref()).map(|clock| clock.since(seen.admitted)),
                    },
                    worker,
                    parent: None,
                    is_cancelled: header.should_stop(),
                    is_detached: header.is_detached(),
                },
                seen,
                pool,
                is_listed: pool == 0,
                adopter: None,
            });
            let at = graph.jobs.len() - 1;
            if worker.is_some() {
                graph.ids.insert(JobId::of(&graph.jobs[at].seen.job), at);
            }
            at
        };
        let parked = snapshot.parked.iter().filter(|wait| !wait.is_lender);
        let parked: HashSet<_> = parked.map(|wait| wait.stack).collect();
        for (stack, jobs) in std::mem::take(&mut snapshot.stacks) {
            let is_parked = parked.contains(&stack);
            let top = jobs.len().saturating_sub(1);
            let mut indices = Vec::new();
            for (at, seen) in jobs.into_iter().enumerate() {
                let state = match () {
                    () if at < top => JobState::Lending,
                    () if is_parked => JobState::Parked,
                    () if seen.job.header().shown().is_some() => JobState::Ended,
                    () => JobState::Running,
                };
                indices.push(add_job(self, seen, state, Some(stack + 1)));
            }
            if pool == 0 {
                self.workers.push(WorkerEntry {
                    number: stack + 1,
                    state: match () {
                        () if is_parked => WorkerState::Parked,
                        () if indices.is_empty() => WorkerState::Idle,
                        () => WorkerState::Running,
                    },
                    jobs: indices,
                });
            }
        }
        for seen in std::mem::take(&mut snapshot.queued) {
            let state = if seen.is_in_backlog {
                JobState::InBacklog
            } else {
                JobState::Queued
            };
            add_job(self, seen, state, None);
        }
        for wait in std::mem::take(&mut snapshot.parked) {
            self.numbers.insert(wait.frame.number(), self.waits.len());
            self.waits.push(WaitNode {
                at: wait.at(),
                age: (!wait.is_lender).then(|| now.saturating_duration_since(wait.since)),
                job: self.find(&wait.frame),
                pool,
                is_listed: pool == 0,
            });
        }
        snapshot
    }

    /// Returns the job of a frame.
    fn find(&self, frame: &Frame) -> Option<usize> {
        frame.job().and_then(|job| self.ids.get(&job).copied())
    }

    /// Returns the number of permits of the report's own pool.
    pub(super) fn permits(&self) -> usize {
        self.own.permits
    }

    /// Makes the report, in which jobs and waits are numbered from 1 on.
    pub(super) fn report(self) -> Report {
        let cycle = super::cycle::find(&self);
        let numbered = |listed: Vec<bool>| -> Vec<usize> {
            let mut next = 0;
            let number = |is_listed: bool| {
                next += usize::from(is_listed);
                if is_listed { next } else { 0 }
            };
            listed.into_iter().map(number).collect()
        };
        let jobs = numbered(self.jobs.iter().map(|node| node.is_listed).collect());
        let waits = numbered(self.waits.iter().map(|node| node.is_listed).collect());
        let renumber = |step: Step| match step {
            Step::Job(job) => Step::Job(jobs[job]),
            Step::Wait(wait) => Step::Wait(waits[wait]),
            Step::Permit => Step::Permit,
        };
        let inside = waits.iter().max().copied().unwrap_or(0);
        let now = now();
        let outside = self
            .outside
            .into_iter()
            .zip(1..)
            .map(|(waiter, at)| WaitEntry {
                number: inside + at,
                at: Some(waiter.at),
                age: Some(now.saturating_duration_since(waiter.since)),
                job: None,
                thread: waiter.thread.name().map(str::to_owned),
                future: Some(waiter.future),
            });
        let own_waits = self
            .waits
            .iter()
            .zip(&waits)
            .filter(|(node, _)| node.is_listed);
        let own_waits = own_waits.map(|(node, number)| WaitEntry {
            number: *number,
            at: node.at,
            age: node.age,
            job: node.job.map(|job| jobs[job]),
            thread: None,
            future: None,
        });
        Report {
            metrics: self.own.metrics,
            permits: self.own.permits,
            stalled_for: None,
            waits: own_waits.chain(outside).collect(),
            workers: (self.workers.into_iter())
                .map(|mut worker| {
                    worker.jobs.iter_mut().for_each(|job| *job = jobs[*job]);
                    worker
                })
                .collect(),
            cycle: cycle.map(|cycle| cycle.map(renumber)),
            omitted: self.own.omitted,
            jobs: (self.jobs.into_iter().zip(&jobs))
                .filter(|(node, _)| node.is_listed)
                .map(|(node, number)| JobEntry {
                    number: *number,
                    parent: node.entry.parent.map(renumber),
                    ..node.entry
                })
                .collect(),
        }
    }
}

/// Returns the other living pools of this process.
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
fn others(core: &Core) -> Vec<Arc<Core>> {
    let mut pools = super::registry::pools();
    pools.retain(|other| !std::ptr::eq(&raw const **other, core));
    pools
}

/// Returns nothing, because a model has no table of its pools.
#[cfg(any(bridge_loom, bridge_shuttle))]
fn others(_core: &Core) -> Vec<Arc<Core>> {
    Vec::new()
}
