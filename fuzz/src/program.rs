//! Programs: the operations that a fuzz target runs on a small pool.

use arbitrary::{Arbitrary, Result, Unstructured};

/// Longer programs find nothing more.
const MOST_STEPS: usize = 48;

/// A small pool, and the operations on it.
#[derive(Clone, Debug)]
pub struct Program {
    pub shape: Shape,
    pub steps: Vec<Step>,
}

/// Not derived, because a derived implementation would flip a coin after each step. Half
/// of all programs would then have one step or none.
impl<'a> Arbitrary<'a> for Program {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let shape = bytes.arbitrary()?;
        let count = bytes.int_in_range(1..=MOST_STEPS)?;
        let steps = (0..count)
            .map(|_| bytes.arbitrary())
            .collect::<Result<_>>()?;
        Ok(Self { shape, steps })
    }
}

/// The sizes of a pool, each small, so that programs reach every limit.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Shape {
    threads: u8,
    blocked: u8,
    queue: u8,
}

impl Shape {
    #[must_use]
    pub fn threads(self) -> usize {
        usize::from(self.threads % 3) + 1
    }

    #[must_use]
    pub fn blocked(self) -> usize {
        usize::from(self.blocked % 4) + 1
    }

    #[must_use]
    pub fn queue(self) -> usize {
        usize::from(self.queue % 8) + 1
    }
}

/// An operation of the program's own thread. Its numbers choose among the earlier jobs,
/// modulo their count.
#[derive(Arbitrary, Clone, Debug)]
pub enum Step {
    /// Makes a job, and does nothing with it yet.
    Make(Body),
    /// Queues a job now.
    Start(u8),
    /// Queues a new job if there is room.
    Try(Body),
    Cancel(u8),
    /// Drops the future of a job.
    Forget(u8),
    /// Lets a job run although nobody awaits it.
    Detach(u8),
    /// Waits for a job.
    Wait(u8),
    /// Waits for a job, but only for a moment.
    WaitBriefly(u8),
    /// Waits for all jobs that are left, at once.
    WaitForAll,
    Shutdown,
}

/// The work that a job does.
#[derive(Arbitrary, Clone, Debug)]
pub enum Body {
    Return,
    Panic,
    /// Yields to other threads several times.
    Yield(u8),
    /// Sleeps for some tenths of a millisecond.
    Sleep(u8),
    /// Waits for another job.
    Nest(Box<Body>),
    /// Waits for another job that a task of the runtime awaits.
    NestInTask(Box<Body>),
    /// Waits for two jobs, together.
    NestTwo(Box<Body>, Box<Body>),
    /// Queues a job, and withdraws it.
    CancelInner(Box<Body>),
}
