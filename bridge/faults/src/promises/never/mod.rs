//! The faults that never happen.

pub(crate) mod a_call_hangs_because_of_the_bridging;
pub(crate) mod a_context_is_remembered;
pub(crate) mod a_job_is_lost_or_runs_twice;
pub(crate) mod an_idle_bridge_uses_cpu;
pub(crate) mod an_unrelated_job_starts_beyond_the_permits;
pub(crate) mod descriptors_grow_with_the_calls;
pub(crate) mod more_unrelated_jobs_than_max_threads;
pub(crate) mod references_grow_with_the_calls;
pub(crate) mod threads_grow_with_the_calls;
pub(crate) mod threads_that_end_leave_something;
pub(crate) mod unrelated_work_runs_on_a_parked_stack;
