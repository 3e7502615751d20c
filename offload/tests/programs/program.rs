//! Defines a program.

use std::sync::Arc;

/// A program, with the settings of the pool that runs it.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) size: Size,
    /// The number of jobs that may hold each resource at a time: one for a mutex, more
    /// for a set of connections.
    pub(crate) resources: Vec<usize>,
    pub(crate) events: Vec<Event>,
    /// The jobs that are submitted first, in this order.
    pub(crate) roots: Vec<Arc<Job>>,
    /// The number of all jobs. Their numbers are smaller than this.
    pub(crate) jobs: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Size {
    /// A pool with the default settings.
    Unsized,
    Sized {
        max_threads: usize,
        max_blocked_threads: usize,
        queue_capacity: usize,
    },
}

/// An event that root jobs block for outside of the pool's waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// This many jobs arrive and go on together.
    Barrier(usize),
    /// A job sends, and another one receives.
    Message,
}

#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) number: usize,
    pub(crate) block: Block,
}

pub(crate) type Block = Vec<Op>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Op {
    /// Holds a resource for the length of the block.
    Hold(usize, Block),
    /// Waits for jobs. With a pause, the wait parks once before it does anything else.
    Wait {
        pause: bool,
        how: How,
        jobs: Vec<Arc<Job>>,
    },
    /// Starts a job, runs the block, and then waits for the job.
    Start(Arc<Job>, Block),
    /// Starts a job. The job that waits for this one waits for the new job too.
    HandOn(Arc<Job>),
    /// Starts a job, and blocks for it in an executor that is no wait of the pool.
    BlockFor(Arc<Job>),
    /// Arrives at a barrier.
    Arrive(usize),
    Send(usize),
    Receive(usize),
}

/// The way in which a wait submits its jobs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum How {
    /// All jobs before the wait.
    Started,
    /// All jobs in the wait.
    Joined,
    /// In the wait, each job after the job before it has ended.
    InTurn,
}

/// Returns a job without a number.
pub(crate) fn job(block: impl Into<Block>) -> Arc<Job> {
    Arc::new(Job {
        number: 0,
        block: block.into(),
    })
}

impl Program {
    /// Numbers the jobs. Drops jobs past the first `most` of each root. Takes out each
    /// operation that would hold a resource out of order, so that no two jobs can block
    /// for each other.
    pub(crate) fn new(
        size: Size,
        resources: Vec<usize>,
        events: Vec<Event>,
        roots: &[Arc<Job>],
        most: usize,
    ) -> Self {
        let mut numbering = Numbering {
            jobs: 0,
            most: 0,
            resources: resources.len(),
        };
        let roots = roots.iter().filter_map(|root| {
            numbering.most = numbering.jobs + most;
            numbering.job(root, 0)
        });
        let roots = roots.collect();
        Self {
            size,
            resources,
            events,
            roots,
            jobs: numbering.jobs,
        }
    }

    /// Returns the number of jobs that wait. At most so many are parked at a time.
    pub(crate) fn waiters(&self) -> usize {
        let mut count = 0;
        self.visit(&mut |_, job| count += usize::from(waits(&job.block)));
        count
    }

    /// Calls `visitor` for each job, with the number of the job that submits it.
    pub(crate) fn visit(&self, visitor: &mut impl FnMut(Option<usize>, &Job)) {
        fn of_block(parent: usize, block: &[Op], visitor: &mut impl FnMut(Option<usize>, &Job)) {
            for op in block {
                match op {
                    Op::Hold(_, block) => of_block(parent, block, visitor),
                    Op::Wait { jobs, .. } => {
                        for job in jobs {
                            of_job(Some(parent), job, visitor);
                        }
                    }
                    Op::Start(job, block) => {
                        of_job(Some(parent), job, visitor);
                        of_block(parent, block, visitor);
                    }
                    Op::HandOn(job) | Op::BlockFor(job) => of_job(Some(parent), job, visitor),
                    Op::Arrive(_) | Op::Send(_) | Op::Receive(_) => {}
                }
            }
        }
        fn of_job(parent: Option<usize>, job: &Job, visitor: &mut impl FnMut(Option<usize>, &Job)) {
            visitor(parent, job);
            of_block(job.number, &job.block, visitor);
        }
        for root in &self.roots {
            of_job(None, root, visitor);
        }
    }
}

fn waits(block: &[Op]) -> bool {
    block.iter().any(|op| match op {
        Op::Wait { .. } | Op::Start(..) => true,
        Op::Hold(_, block) => waits(block),
        _ => false,
    })
}

struct Numbering {
    jobs: usize,
    most: usize,
    resources: usize,
}

impl Numbering {
    /// Numbers a job. `free` is the first resource that it may still take.
    fn job(&mut self, job: &Job, free: usize) -> Option<Arc<Job>> {
        if self.jobs == self.most {
            return None;
        }
        let number = self.jobs;
        self.jobs += 1;
        let block = self.block(&job.block, free);
        Some(Arc::new(Job { number, block }))
    }

    fn block(&mut self, block: &[Op], free: usize) -> Block {
        let mut ops = Block::new();
        for op in block {
            match op {
                Op::Hold(resource, block) if (free..self.resources).contains(resource) => {
                    ops.push(Op::Hold(*resource, self.block(block, resource + 1)));
                }
                Op::Hold(_, block) => ops.append(&mut self.block(block, free)),
                Op::Wait { pause, how, jobs } => ops.push(Op::Wait {
                    pause: *pause,
                    how: *how,
                    jobs: jobs.iter().filter_map(|job| self.job(job, free)).collect(),
                }),
                Op::Start(job, block) => {
                    let job = self.job(job, free);
                    let mut block = self.block(block, free);
                    match job {
                        Some(job) => ops.push(Op::Start(job, block)),
                        None => ops.append(&mut block),
                    }
                }
                Op::HandOn(job) => ops.extend(self.job(job, free).map(Op::HandOn)),
                Op::BlockFor(job) => ops.extend(self.job(job, free).map(Op::BlockFor)),
                Op::Arrive(_) | Op::Send(_) | Op::Receive(_) => ops.push(op.clone()),
            }
        }
        ops
    }
}

/// Two jobs are equal if they do the same.
impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.block == other.block
    }
}
