//! Workers that are called, and workers that could not be started.

use super::{hopeless::hopeless, *};
use crate::schedule::limits::TOKIOS_LIMIT;

/// Returns the state of a pool with two permits. Its only worker runs a job, another job is
/// queued, and the start of a worker for it has just failed.
fn failed() -> State {
    let mut limits = Limits::smallest();
    limits.max_threads = 2;
    let mut state = State::new(limits, Arc::default(), Arc::default());
    (state.threads, state.running) = (1, 1);
    let stack = state.enter();
    state.begin(stack, &unrelated(), StartRight::Permit);
    state.running = 1;
    let (_start, action) = state.push(unrelated(), Lane::Unrelated);
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
    let (_start, action) = state.push(unrelated(), Lane::Unrelated);
    assert!(matches!(action, Action::Nothing));
    state.start_failed = None;
    assert!(matches!(state.help(), Action::Start(_)));
}

/// Otherwise each of many workers calls the next one, and waits for a processor first. Or more
/// workers come than jobs may start, or they come although the running jobs compute.
#[test]
fn the_searching_worker_calls_the_others_if_the_running_jobs_block() {
    for (queued, permits, jobs_block, expected) in [
        (10, 4, true, 2),
        (2, 8, true, 1),
        (1, 8, true, 0),
        (10, 4, false, 0),
    ] {
        let mut limits = Limits::smallest();
        limits.max_threads = permits;
        limits.queue_capacity = 10;
        limits.decide = decide;
        let mut state = State::new(limits, Arc::default(), Arc::default());
        state.threads = 1;
        let stack = state.enter();
        state.begin(stack, &unrelated(), StartRight::Permit);
        let mut started = Vec::new();
        for _ in 0..queued {
            let (_start, action) = state.push(unrelated(), Lane::Unrelated);
            started.extend(matches!(action, Action::Start(_)).then_some(action));
        }
        assert!(matches!(started[..], [Action::Start(0)]), "one searches");
        let searching = WorkerHandle {
            id: 0,
            unparker: Parker::new().unparker().clone(),
            spins: Cell::new(false),
        };
        let stack = state.enter();
        let (mut called, mut after) = (0, After::WakeUp);
        let action = loop {
            match state.next(after, &searching, stack) {
                Step::Probe(_) if after == After::WakeUp => after = After::Probe { jobs_block },
                Step::Call(Action::Start(_)) => {
                    assert!(!state.is_starting(), "it has started");
                    called += 1;
                }
                Step::Run { action, .. } => break action,
                _ => unreachable!("a job is queued, nobody is idle, and one probe is enough"),
            }
        };
        assert_eq!(called, expected, "{queued} jobs, {permits} permits");
        let starts = matches!(action, Action::Start(_));
        assert_eq!(starts, !jobs_block, "the last one that was called searches");
        let wanted = queued.min(permits - 1) + 1;
        assert!(state.threads == wanted || !jobs_block);
        assert!(state.has_lookout() || queued == 1);
    }
}

/// Otherwise a new thread starts although a worker is idle.
#[test]
fn an_idle_worker_is_called_before_a_new_one() {
    let mut state = failed();
    state.start_failed = None;
    let parker = Parker::new();
    state.threads += 1;
    state.idle.push(WorkerHandle {
        id: 7,
        unparker: parker.unparker().clone(),
        spins: Cell::new(false),
    });
    let Some(Action::Wake(unparker)) = state.call_beside() else {
        panic!("a worker is idle")
    };
    unparker.unpark();
    assert!(parker.take() && state.idle.is_empty());
    assert!(state.searcher.is_none(), "it does not search");
    assert!(
        state.call_beside().is_none(),
        "there is one for each permit"
    );
}

/// Otherwise a worker that could not be started is bound to search, and jobs are queued for ever.
#[test]
fn a_called_worker_that_could_not_be_started_searches_for_nobody() {
    let mut state = failed();
    state.start_failed = None;
    let Some(Action::Start(id)) = state.call_beside() else {
        panic!("a permit is free")
    };
    let _told = state.start_failed(id);
    state.pass_search_on();
    assert!(!state.has_lookout());
}

/// Otherwise a job that runs counts as ended as soon as another one has shown its result.
#[test]
fn a_job_that_has_shown_its_result_is_counted_once() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    state.threads = 2;
    let (ended, stacks) = (unrelated(), [state.enter(), state.enter()]);
    state.begin(stacks[0], &ended, StartRight::Permit);
    state.begin(stacks[1], &unrelated(), StartRight::Permit);
    ended.job.header().show(Finish::Completed);
    assert_eq!((state.metrics().running, state.metrics().idle), (1, 1));
}

/// Otherwise the metrics leave out a job that is lent to the wait of a waker. The job whose waker
/// waits has ended, and its worker runs the lent job.
#[test]
fn a_job_above_one_that_has_shown_its_result_runs() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    state.threads = 1;
    let (ended, stack) = (unrelated(), state.enter());
    state.begin(stack, &ended, StartRight::Permit);
    ended.job.header().show(Finish::Completed);
    assert_eq!((state.metrics().running, state.metrics().idle), (0, 1));
    // The wait of the waker has returned the permit.
    state.running -= 1;
    state.begin(stack, &unrelated(), StartRight::Permit);
    assert_eq!((state.metrics().running, state.metrics().idle), (1, 0));
}

/// Otherwise a pool whose workers start again counts as stuck while they do.
#[test]
fn a_start_that_succeeds_makes_up_for_one_that_failed() {
    let mut state = failed();
    assert!(state.start_failed.is_some() && state.snapshot().lacks_threads);
    let _stack = state.enter();
    assert!(state.start_failed.is_none() && !state.snapshot().lacks_threads);
}

/// Otherwise one start that failed leaves a job behind one that blocks, for as long as that blocks.
#[test]
fn a_start_is_tried_again_a_while_after_a_failed_one() {
    let mut state = failed();
    let before = Duration::from_millis(10);
    state.start_failed = Instant::now().checked_sub(before);
    assert!(matches!(state.help(), Action::Start(_)));
}

/// Otherwise the callers of such a pool hear a second late that it has no thread.
#[test]
fn a_pool_without_workers_waits_for_no_thread() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    state.start_monitor();
    let _findings = state.look(Instant::now());
    let (_start, action) = state.push(unrelated(), Lane::Unrelated);
    let Action::Start(id) = action else {
        panic!("a permit is free")
    };
    assert_eq!(state.start_failed(id).0.len(), 1);
}

/// Otherwise all workers of an idle pool burn their processors.
#[test]
fn at_most_one_worker_spins() {
    let mut limits = Limits::smallest();
    limits.max_threads = 2;
    let mut state = State::new(limits, Arc::default(), Arc::default());
    state.threads = 2;
    let workers = [0, 1].map(|id| {
        let stack = state.enter();
        state.begin(stack, &unrelated(), StartRight::Permit);
        let worker = WorkerHandle {
            id,
            unparker: Parker::new().unparker().clone(),
            spins: Cell::new(true),
        };
        (worker, stack)
    });
    let after = After::Job(Finish::Completed);
    let steps = workers.map(|(worker, stack)| state.next(after, &worker, stack));
    assert!(matches!(steps, [Step::Spin, Step::Sleep]));
}

/// Otherwise descendants keep unrelated jobs waiting, or the other way round.
#[test]
fn the_searching_worker_knows_whether_unrelated_jobs_were_overtaken() {
    let mut limits = Limits::smallest();
    limits.queue_capacity = 2;
    limits.decide = |load_sample| {
        if load_sample.overtaken {
            Decision::Work
        } else {
            Decision::Rest
        }
    };
    let mut state = State::new(limits, Arc::default(), Arc::default());
    state.begin_search(0, SearchState::Woken);
    assert_eq!(state.decide(), Decision::Rest, "nothing is queued");
    for _ in 0..2 {
        let (_start, _action) = state.push(unrelated(), Lane::Unrelated);
    }
    assert_eq!(state.decide(), Decision::Work);
    let _taken = state.queue.take_unrelated();
    assert_eq!(state.decide(), Decision::Rest, "one was taken");
}

/// Otherwise one job that blocks keeps the pool from further workers, although permits are free.
#[test]
fn a_job_that_runs_keeps_no_worker_from_a_pool_whose_others_are_parked() {
    let (mut state, _parkers, _job) = hopeless();
    state.limits.most_while_parked = TOKIOS_LIMIT;
    (state.threads, state.running) = (10, 1);
    assert!(state.may_start());
}

/// Otherwise no wait of such a pool is ever refused: nobody looks.
#[test]
fn the_last_idle_worker_that_leaves_starts_the_monitor() {
    let (mut state, _parkers, _job) = hopeless();
    let stack = state.enter();
    state.threads += 1;
    assert!(!state.is_hopeless() && !state.stall.has_monitor());
    state.leave(stack);
    assert!(state.is_hopeless() && state.stall.has_monitor());
}
