//! The types that the state's transitions take and return.

use std::time::Duration;

use crate::{
    job::{header::Finish, runnable::Submitted},
    platform::sleep_probe::SleepProbe,
    thread::park::Unparker,
};

/// The phase of the pool, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The pool takes jobs.
    Open,
    /// The pool is closed: it takes no more jobs. Admitted jobs run, and so do descendants in
    /// the backlog.
    Draining,
    /// No job starts any more.
    Stopped,
}

/// A thing to do after the lock is released.
#[derive(Default)]
#[must_use]
pub(crate) enum Action {
    #[default]
    Nothing,
    /// Wake this worker. It is searching now, was called by the searching worker, or was lent a
    /// job.
    Wake(Unparker),
    /// Start the worker of this number. It counts as searching already, unless the searching
    /// worker calls it.
    Start(usize),
}

/// The next step of a worker.
#[must_use]
pub(crate) enum Step {
    /// Do the action, and then run this job.
    Run { job: Submitted, action: Action },
    /// Find out whether the threads of these probes sleep, because then their jobs block.
    Probe(Vec<SleepProbe>),
    /// Do the action, which calls another worker, and then ask for the next step again.
    Call(Action),
    /// Sleep for this time, and let the others work.
    Watch(Duration),
    /// Stay awake for a moment, and look whether a job is ready.
    Spin,
    /// Sleep until called.
    Sleep,
    /// End the worker.
    Retire,
}

/// The step from which a worker comes when it asks for its next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It ran a job, which ended like this. Its permit goes back.
    Job(Finish),
    /// It has started, or its sleep or its watch is over.
    WakeUp,
    /// It has found out whether most of the running jobs block.
    Probe { jobs_block: bool },
    /// It spun.
    Spin,
}

/// The answer to a worker that is about to park.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum ParkDecision {
    /// The worker parks.
    Park,
    /// The worker must not park: the pool could do nothing for its wait.
    Exhausted,
}
