//! The promises of instances, and of the exit of the process.

pub(crate) mod a_bridge_may_be_dropped_in_async_code;
pub(crate) mod a_bridge_starts_nothing_before_it_is_needed;
pub(crate) mod a_current_thread_runtime_is_no_home;
pub(crate) mod a_forks_child_waits_for_its_own_work_only;
pub(crate) mod a_given_runtime_is_home;
pub(crate) mod a_handler_does_as_its_function_in_every_place;
pub(crate) mod a_job_may_call_exit;
pub(crate) mod a_lock_that_main_holds_does_not_hang_the_exit;
pub(crate) mod a_name_is_in_what_speaks_of_the_pool;
pub(crate) mod a_reset_cache_changes_no_answer;
pub(crate) mod a_shutdown_ends_home;
pub(crate) mod a_shutdown_is_bounded;
pub(crate) mod a_smart_call_runs_on_the_chosen_bridge;
pub(crate) mod a_wait_in_a_forks_child_is_told;
pub(crate) mod a_wait_that_forks_ends_in_the_child;
pub(crate) mod clones_are_the_same_bridge;
pub(crate) mod exit_finishes_jobs;
pub(crate) mod exit_finishes_what_tokio_writes_to_a_file;
pub(crate) mod exit_finishes_what_tokio_writes_to_stdout;
pub(crate) mod exit_grace_zero_waits_for_nothing;
pub(crate) mod exit_is_not_held_up_by_a_stuck_blocking_task;
pub(crate) mod exit_is_not_held_up_by_a_stuck_job;
pub(crate) mod install_global_comes_first_or_fails;
pub(crate) mod the_global_bridge_needs_no_setting_up;
pub(crate) mod two_bridges_share_nothing;
