//! The cases, with the expected result of each.

use crate::{
    Case, Expect,
    callers::{
        ancestor, detached_job_exits, exit_in_blocking, exit_in_drop_of_payload,
        exit_in_drop_of_result, exit_in_hook, exit_in_scope, exit_in_task, exit_in_wait,
        exit_in_wait_with_session, exit_in_waker, exit_polled, exit_polled_beside_a_stuck_job,
        exit_under_job, job_exits, job_exits_with_session, over, parent,
    },
    children::{
        BYTES, aborts, blocking_task, chain, detached, detached_panic, detached_refused, dropped,
        exit_called, given, graces, hook_detaches, idle, lock_held, long_of_a_dropped_bridge,
        nested, own_pool, panics, parked, queued, spins, stop_hook, storm, strangers, stuck,
        stuck_task, thread_locals, timed_out, to_file, to_stdout, without_a_limit, zero,
    },
    late,
};

pub(crate) fn all() -> Vec<Case> {
    let mut cases = finished();
    cases.extend(during_the_exit());
    cases.extend(not_waited_for());
    cases.extend(logged());
    // Otherwise a debugger shows the thread that the process waits for under another name.
    #[cfg(target_os = "linux")]
    cases.push(prints(
        "the_thread_of_the_exit_has_its_name",
        late::thread_name,
        "true\n",
    ));
    cases
}

/// Returns a case whose child prints `stdout`.
fn prints(name: &'static str, child: fn(), stdout: &'static str) -> Case {
    let expect = Expect {
        stdout,
        ..Expect::default()
    };
    Case {
        name,
        child,
        runs: 6,
        expect,
    }
}

/// Returns a case whose child prints `job` and exits with `code`.
fn ends_with(name: &'static str, child: fn(), code: i32) -> Case {
    let mut case = prints(name, child, "job\n");
    case.expect.code = code;
    case
}

/// Returns a case whose child logs these texts.
fn logs(name: &'static str, child: fn(), stderr: &'static [&'static str]) -> Case {
    let mut case = prints(name, child, "");
    (case.expect.stderr, case.runs) = (stderr, 2);
    case
}

/// Returns the cases in which the exit finishes work.
fn finished() -> Vec<Case> {
    let mut file = prints("a_file_of_tokio_is_complete", to_file, "");
    file.expect.file = Some(BYTES);
    let mut long = prints("the_longest_grace_counts", graces, "long\n");
    long.runs = 1;
    let mut of_dropped = prints(
        "a_long_blocking_task_of_a_dropped_bridge_finishes",
        long_of_a_dropped_bridge,
        "blocking\n",
    );
    of_dropped.runs = 1;
    vec![
        file,
        long,
        of_dropped,
        prints("what_tokio_writes_to_stdout_comes_out", to_stdout, "done\n"),
        prints("stdout_of_a_dropped_bridge_comes_out", dropped, "done\n"),
        prints("a_job_whose_caller_timed_out_finishes", timed_out, "late\n"),
        prints("queued_jobs_run", queued, "0\n1\n2\n3\n4\n"),
        prints("a_detached_job_finishes", detached, "detached\n"),
        prints("what_a_detached_job_detaches_finishes", chain, "one\ntwo\n"),
        prints("a_grace_without_a_limit", without_a_limit, "job\n"),
        prints("a_job_that_waits_finishes", nested, "inner\nouter\n"),
        prints("a_pool_of_its_own_is_finished", own_pool, "pool\n"),
        prints("a_parked_job_finishes", parked, "slept\n"),
        prints("a_blocking_task_finishes", blocking_task, "blocking\n"),
        prints(
            "the_thread_locals_of_an_idle_thread_are_dropped",
            thread_locals,
            "buffered\n",
        ),
        prints(
            "a_stop_hook_runs_after_the_last_job",
            stop_hook,
            "job\nstopped\n",
        ),
        prints(
            "what_a_stop_hook_detaches_finishes",
            hook_detaches,
            "job\nlate\n",
        ),
        ends_with("exit_waits_too", exit_called, 3),
        ends_with("a_panic_in_main_waits_too", panics, 101),
    ]
}

/// Returns the cases whose work comes while the process exits.
fn during_the_exit() -> Vec<Case> {
    let mut graces = prints(
        "a_bridge_of_a_late_job_has_its_grace",
        late::bridge,
        "audit\n",
    );
    graces.runs = 1;
    let mut panics = prints("a_log_that_panics_costs_no_work", late::log_panics, "job\n");
    (panics.expect.stderr, panics.runs) = (&["a log event"], 1);
    let mut chain = logs(
        "a_chain_of_detached_jobs_is_cut_off",
        late::endless_chain,
        &["running ("],
    );
    chain.expect.code = 3;
    let mut beside = prints(
        "a_stop_hook_beside_a_stuck_job_runs",
        late::idle_beside_a_stuck_job,
        "job\nstopped\n",
    );
    beside.runs = 2;
    vec![
        beside,
        graces,
        panics,
        chain,
        prints(
            "a_blocking_task_of_a_late_home_finishes",
            late::home,
            "blocking\n",
        ),
        prints("a_job_for_another_pool_finishes", late::pool, "audit\n"),
        prints(
            "a_stop_hook_of_another_pool_runs",
            late::stop_hook,
            "job\nstopped\n",
        ),
        prints(
            "a_stop_hook_of_a_late_pool_runs",
            late::late_stop_hook,
            "job\nstopped\n",
        ),
        prints(
            "a_job_of_a_blocking_task_finishes",
            late::after_home,
            "late\n",
        ),
        logs(
            "a_late_job_that_waits_for_home_is_logged",
            late::wait_after_home,
            &["a detached closure is lost", "late.rs"],
        ),
        logs(
            "a_late_stop_hook_that_waits_for_home",
            late::hook_waits_after_home,
            &["late.rs", "is shut down"],
        ),
        logs(
            "a_blocking_task_that_waits_for_ended_home",
            late::blocking_waits_after_home,
            &["late.rs", "is shut down"],
        ),
        logs(
            "a_job_that_comes_after_the_grace_is_logged",
            late::too_late,
            &["1 running (", "late.rs"],
        ),
    ]
}

/// Returns the cases in which the exit must not wait for something, or must not
/// hang.
fn not_waited_for() -> Vec<Case> {
    let mut cases = vec![
        prints("exit_in_a_task_of_home", exit_in_task, "other\n"),
        prints(
            "exit_in_a_blocking_task_of_home",
            exit_in_blocking,
            "other\n",
        ),
        prints("exit_in_a_wait", exit_in_wait, "other\n"),
        prints(
            "exit_in_the_destructor_of_a_result",
            exit_in_drop_of_result,
            "other\n",
        ),
        prints(
            "exit_in_the_destructor_of_a_payload",
            exit_in_drop_of_payload,
            "other\n",
        ),
        prints("exit_in_a_waker", exit_in_waker, "other\n"),
        prints(
            "exit_in_a_wait_of_a_thread_with_a_session",
            exit_in_wait_with_session,
            "told: true\nother\n",
        ),
        prints(
            "a_job_that_exits_on_a_thread_with_a_session",
            job_exits_with_session,
            "told: true\n",
        ),
        prints("a_stop_hook_that_exits", exit_in_hook, "job\n"),
        prints("a_job_that_exits", job_exits, "other\n"),
        prints(
            "a_job_that_exits_in_another_scope",
            exit_in_scope,
            "other\n",
        ),
        prints(
            "the_parent_of_a_job_that_exits_finishes",
            parent,
            "parent\n",
        ),
        prints("a_job_whose_wait_is_over_finishes", over, "parent\n"),
        prints("an_ancestor_of_a_job_that_exits", ancestor, ""),
        prints("a_job_that_waits_for_a_task_that_exits", exit_under_job, ""),
        prints("a_job_that_polls_a_job_that_exits", exit_polled, ""),
        prints("a_thread_that_spins", spins, "stopped\n"),
        prints("zero_turns_it_off", zero, ""),
        prints("nothing_to_wait_for", idle, ""),
        prints("what_strangers_submit_meanwhile", strangers, "job\n"),
        prints("a_storm_of_strangers", storm, ""),
        prints("a_given_runtime", given, "job\n"),
    ];
    #[cfg(unix)]
    {
        let name = "a_handler_that_waits_for_a_stopped_thread";
        let mut earlier = prints(name, crate::handlers::earlier_handler, "panicked: true\n");
        earlier.expect.stderr = &["is shut down; wait before that"];
        earlier.runs = 1;
        cases.push(earlier);
    }
    if cfg!(unix) {
        let mut abort = prints("nothing_after_an_abort", aborts, "");
        abort.expect.aborts = true;
        cases.push(abort);
    }
    cases
}

/// Returns the cases in which work is lost and must be logged.
fn logged() -> Vec<Case> {
    let mut jobs = logs(
        "stuck_jobs_are_cut_off_and_logged",
        stuck,
        &["1 running (", "children.rs", "2 queued (", "pool=\"db\""],
    );
    let mut task = logs(
        "a_stuck_blocking_task_is_cut_off_and_logged",
        stuck_task,
        &["threads=1", "home runtime"],
    );
    let mut late = logs(
        "a_stuck_blocking_task_beside_a_late_job_is_logged_once",
        late::stuck_beside_a_late_job,
        &["threads=1", "home runtime"],
    );
    (late.expect.stdout, late.runs) = ("late\n", 1);
    let mut exits = logs(
        "a_detached_job_that_exits_is_not_logged",
        detached_job_exits,
        &["1 running ("],
    );
    let mut polled = logs(
        "a_job_that_polls_the_exit_beside_a_stuck_job_is_not_logged",
        exit_polled_beside_a_stuck_job,
        &["1 running ("],
    );
    for case in [&mut jobs, &mut task, &mut late, &mut exits, &mut polled] {
        case.expect.lines = Some(1);
    }
    vec![
        jobs,
        polled,
        task,
        late,
        exits,
        logs(
            "a_lock_that_main_holds_does_not_hang_it",
            lock_held,
            &["1 running ("],
        ),
        logs(
            "a_detached_panic_is_logged",
            detached_panic,
            &["a detached closure is lost", "pool=\"db\"", "at=", "boom"],
        ),
        logs(
            "a_detached_job_that_is_refused_is_logged",
            detached_refused,
            &["a detached closure is lost", "shut down", "children.rs"],
        ),
    ]
}
