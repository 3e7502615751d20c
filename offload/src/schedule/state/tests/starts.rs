//! Workers that could not be started.

use super::*;

/// Returns a job that nobody has submitted.
fn job() -> Submitted {
    let (job, lineage) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
    Submitted { job, lineage }
}

/// Returns the state of a pool with two permits. Its only worker runs a job, another job is
/// queued, and the start of a worker for it has just failed.
fn failed() -> State {
    let mut limits = Limits::smallest();
    limits.max_threads = 2;
    let mut state = State::new(limits, Arc::default(), Arc::default());
    (state.threads, state.running) = (1, 1);
    let stack = state.enter();
    state.begin(stack, &job(), StartRight::Permit);
    state.running = 1;
    let (_start, action) = state.push(job(), Lane::Unrelated);
    let Action::Start(id) = action else {
        panic!("a permit is free")
    };
    let (abandoned, called) = state.start_failed(id);
    assert!(abandoned.is_empty() && called.is_none());
    state
}

/// Otherwise nobody notices that the pool stands still if the running job blocks until the queued
/// job has run.
#[test]
fn a_failed_start_that_leaves_jobs_queued_starts_the_monitor() {
    assert!(failed().stall.take_start());
}

/// Otherwise the metrics of a pool whose starts fail show more workers than it ever had.
#[test]
fn a_worker_that_could_not_be_started_is_in_no_peak() {
    let mut state = failed();
    assert_eq!(state.metrics().peak_threads, 1);
    let stack = state.enter();
    assert_eq!(state.metrics().peak_threads, 2);
    state.threads += 1;
    state.leave(stack);
    assert_eq!(state.metrics().peak_threads, 2);
}

/// Otherwise each submission tries another start, which takes the system long to refuse.
#[test]
fn no_start_is_tried_right_after_a_failed_one() {
    let mut state = failed();
    let (_start, action) = state.push(job(), Lane::Unrelated);
    assert!(matches!(action, Action::Nothing));
    state.start_failed = None;
    assert!(matches!(state.help(), Action::Start(_)));
}
