//! The jobs that a thread was inside of when its thread-locals were destroyed.
//!
//! A thread is inside a job at that time only if the job has called `exit`. The exit of the
//! process must not wait for such a job, because the job can't end. The destructors of thread-locals
//! note these jobs here, and the exit handler takes them.

use std::mem;

use super::JobId;
use crate::platform::fork::{self, PerProcess};

static NOTED: PerProcess<Vec<JobId>> = PerProcess::new();

/// Notes the jobs that this thread is inside of, while its thread-locals are destroyed.
#[cold]
pub(crate) fn note(jobs: impl Iterator<Item = JobId>) {
    // The exit of a process without a table waits for nothing.
    if !fork::is_beyond_tables() {
        NOTED.with(|noted| noted.extend(jobs));
    }
}

/// Takes the noted jobs. This process must have a table.
pub(crate) fn take() -> Vec<JobId> {
    NOTED.with(mem::take)
}
