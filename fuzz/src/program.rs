//! What a program may do.

use arbitrary::{Arbitrary, Result, Unstructured};

/// Longer programs find nothing that these do not.
const MOST_STEPS: usize = 48;

/// A small pool, and what is done with it.
#[derive(Clone, Debug)]
pub struct Program {
    pub shape: Shape,
    pub steps: Vec<Step>,
}

/// By hand, because a derived one would flip a coin after each step: half of
/// all programs would have one step or none.
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

/// Sizes, each small, so that every limit is met.
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

/// One operation of the program's own thread. Numbers name earlier jobs, as
/// many as there are, counted round.
#[derive(Arbitrary, Clone, Debug)]
pub enum Step {
    /// Make a job, and do nothing with it yet.
    Make(Body),
    /// Queue it now.
    Start(u8),
    /// Queue a new one if there is room.
    Try(Body),
    Cancel(u8),
    /// Drop the future of a job.
    Forget(u8),
    /// Let a job run without anybody who awaits it.
    Detach(u8),
    /// Wait for it.
    Wait(u8),
    /// Wait for it for a moment.
    WaitBriefly(u8),
    /// Wait for all that are left, at once.
    WaitForAll,
    Shutdown,
}

/// What a job does.
#[derive(Arbitrary, Clone, Debug)]
pub enum Body {
    Return,
    Panic,
    /// Gives way to other threads some times.
    Yield(u8),
    /// Sleeps for some tenths of a millisecond.
    Sleep(u8),
    /// Waits for another job.
    Nest(Box<Body>),
    /// Waits for another job that a task of the runtime awaits.
    NestInTask(Box<Body>),
    /// Waits for two, together.
    NestTwo(Box<Body>, Box<Body>),
    /// Queues one, and withdraws it.
    CancelInner(Box<Body>),
}
