//! The words in which the state answers: what its transitions return, and what
//! they are told.

use std::time::Duration;

use crate::{
    job::runnable::{Finish, Submitted},
    schedule::{inbox::Pickup, queue::Admission},
    thread::park::Unparker,
};

/// How far the pool's end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Jobs are taken.
    Open,
    /// No job is taken any more; those that were admitted run.
    Draining,
    /// No job starts any more.
    Closed,
}

/// What is to be done after the lock is released.
#[derive(Default)]
#[must_use]
pub(crate) enum Action {
    #[default]
    Nothing,
    /// Wake this thread: an idle one that is now on call, or a lender.
    Wake(Unparker),
    /// Start the thread of this number, which is on call.
    Start(usize),
}

/// When a job that was pushed may be expected to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Prospect {
    /// A thread that is awake takes it, at once or after the job it is at.
    AtOnce,
    /// A thread has been woken or started for it, which took as long as a short job.
    Called,
    /// It is queued.
    InTurn,
    /// It waits for room in the queue first.
    InBacklog,
}

impl From<Admission> for Prospect {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::Queued => Self::InTurn,
            Admission::InBacklog => Self::InBacklog,
        }
    }
}

impl From<Pickup> for Prospect {
    fn from(pickup: Pickup) -> Self {
        match pickup {
            Pickup::AtOnce => Self::AtOnce,
            Pickup::InTurn => Self::InTurn,
        }
    }
}

/// What a thread does next.
#[must_use]
pub(crate) enum Step {
    /// Run this job, after doing what is due for the others.
    Run { job: Submitted, action: Action },
    /// Let the others go on for this time.
    Watch(Duration),
    /// Look for work, awake, for a moment.
    Spin,
    /// Sleep until called.
    Sleep,
    /// End.
    Retire,
}

/// What a thread has done when it asks for its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// A job, which came out like this: its permit goes back.
    Job(Finish),
    /// Its start, its sleep or its watch.
    WakeUp,
    /// A spin.
    Spin,
}

/// How a park ended that may not be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum ParkDecision {
    Park,
    /// Every thread would be parked, and nothing that is queued can be lent.
    Exhausted,
}
