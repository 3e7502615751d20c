//! Runs a program.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use futures::future::join_all;

use crate::{
    blocking::{Meeting, Resource},
    program::{How, Job, Op, Program},
    world::{Pending, World, pause},
};

/// Notes what happens to the jobs of a program while it runs.
pub(crate) struct Ledger {
    entries: Vec<Entry>,
}

#[derive(Default)]
pub(crate) struct Entry {
    /// The number of times that the job has run.
    pub(crate) runs: AtomicUsize,
    /// Whether one of the job's waits was told that the pool is exhausted.
    pub(crate) told: AtomicBool,
}

impl Ledger {
    pub(crate) fn of(program: &Program) -> Self {
        let entries = (0..program.jobs).map(|_| Entry::default()).collect();
        Self { entries }
    }

    pub(crate) fn entry(&self, job: usize) -> &Entry {
        &self.entries[job]
    }
}

/// The end of a job: its number, and the jobs that it leaves to its caller.
pub(crate) struct End {
    job: usize,
    handed_on: Vec<Pending<Self>>,
}

/// Submits the roots and waits for all of them, on this thread. Every other reference to
/// the ledger is gone when nothing of the program is left.
pub(crate) fn run<W: World>(program: &Program, world: &W, ledger: &Arc<Ledger>) {
    let runner = Runner {
        world: world.clone(),
        shared: Arc::new(Shared {
            resources: program.resources.iter().map(|&n| Resource::of(n)).collect(),
            events: program.events.iter().map(Meeting::of).collect(),
            ledger: Arc::clone(ledger),
        }),
    };
    let roots = program.roots.iter().map(|root| runner.start(root));
    let roots: Vec<_> = roots.collect();
    let ended = pollster::block_on(join_all(roots.into_iter().map(settle)));
    let expected: Vec<_> = program.roots.iter().map(|root| root.number).collect();
    assert_eq!(ended, expected, "each root has its own value");
}

struct Shared {
    resources: Vec<Resource>,
    events: Vec<Meeting>,
    ledger: Arc<Ledger>,
}

struct Runner<W> {
    world: W,
    shared: Arc<Shared>,
}

impl<W: World> Runner<W> {
    fn start(&self, job: &Arc<Job>) -> Pending<End> {
        self.world.start(self.closure(job))
    }

    fn offload(&self, job: &Arc<Job>) -> Pending<End> {
        self.world.offload(self.closure(job))
    }

    fn closure(&self, job: &Arc<Job>) -> impl FnOnce() -> End + Send + 'static + use<W> {
        let (job, shared) = (Arc::clone(job), Arc::clone(&self.shared));
        let world = self.world.clone();
        move || Self { world, shared }.job(&job)
    }

    fn job(&self, job: &Job) -> End {
        self.shared
            .ledger
            .entry(job.number)
            .runs
            .fetch_add(1, SeqCst);
        let mut end = End {
            job: job.number,
            handed_on: Vec::new(),
        };
        self.block(&job.block, &mut end);
        end
    }

    fn block(&self, block: &[Op], end: &mut End) {
        for op in block {
            self.op(op, end);
        }
    }

    fn op(&self, op: &Op, end: &mut End) {
        let events = &self.shared.events;
        match op {
            Op::Hold(resource, block) => {
                let _held = self.shared.resources[*resource].hold();
                self.block(block, end);
            }
            Op::Wait { pause, how, jobs } => self.wait_for(end.job, *pause, *how, jobs),
            Op::Start(job, block) => {
                let started = self.start(job);
                self.block(block, end);
                self.wait(end.job, &[job.number], async {
                    vec![settle(started).await]
                });
            }
            Op::HandOn(job) => end.handed_on.push(self.start(job)),
            Op::BlockFor(job) => {
                let ended = pollster::block_on(settle(self.start(job)));
                assert_eq!(ended, job.number, "the job gets its own job's value");
            }
            Op::Arrive(event) => events[*event].arrive(),
            Op::Send(event) => events[*event].send(),
            Op::Receive(event) => events[*event].receive(),
        }
    }

    fn wait_for(&self, waiter: usize, pauses: bool, how: How, jobs: &[Arc<Job>]) {
        let started: Vec<_> = match how {
            How::Started => jobs.iter().map(|job| self.start(job)).collect(),
            How::Joined | How::InTurn => Vec::new(),
        };
        let numbers: Vec<_> = jobs.iter().map(|job| job.number).collect();
        self.wait(waiter, &numbers, async {
            if pauses {
                pause().await;
            }
            match how {
                How::Started => join_all(started.into_iter().map(settle)).await,
                How::Joined => join_all(jobs.iter().map(|job| settle(self.offload(job)))).await,
                How::InTurn => {
                    let mut ended = Vec::new();
                    for job in jobs {
                        ended.push(settle(self.offload(job)).await);
                    }
                    ended
                }
            }
        });
    }

    /// Waits for the jobs with these numbers. If the pool refuses the wait, notes that.
    fn wait(&self, waiter: usize, jobs: &[usize], future: impl Future<Output = Vec<usize>>) {
        match self.world.wait(future) {
            Ok(ended) => assert_eq!(ended, jobs, "each caller gets its own job's value"),
            Err(_) => self.shared.ledger.entry(waiter).told.store(true, SeqCst),
        }
    }
}

/// Awaits a job, and then the jobs that it has handed on.
fn settle(pending: Pending<End>) -> Pending<usize> {
    Box::pin(async {
        let end = pending.await;
        for handed_on in end.handed_on {
            settle(handed_on).await;
        }
        end.job
    })
}
