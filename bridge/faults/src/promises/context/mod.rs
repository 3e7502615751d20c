//! The promises of context that travels.

pub(crate) mod a_carrier_that_panics_costs_no_thread;
pub(crate) mod a_context_goes_down_and_never_comes_back;
pub(crate) mod a_job_sees_the_context_of_its_submitter;
pub(crate) mod a_lent_job_sees_its_own_context;
pub(crate) mod a_task_sees_the_context_of_its_spawner;
pub(crate) mod a_thread_is_clean_after_a_job;
pub(crate) mod a_wait_keeps_the_context_of_its_thread;
pub(crate) mod the_callers_span_is_current_in_the_job;
pub(crate) mod the_chosen_bridges_carriers_count;
