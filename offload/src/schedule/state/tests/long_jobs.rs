//! Jobs that run for long, and the jobs that are queued beside them.

use super::{own_jobs::park, *};
use crate::schedule::policy::WATCH;

/// Returns the state of a pool with ten permits, and the time of its first mark.
fn marked() -> (State, Instant) {
    let mut limits = Limits::smallest();
    (limits.max_threads, limits.queue_capacity) = (10, 10);
    let mut state = State::new(limits, Arc::default(), Arc::default());
    let start = Instant::now();
    state.mark_long_jobs(start);
    (state, start)
}

/// Starts a job. Returns its stack, and the lineage of what it submits.
fn run(state: &mut State) -> (usize, Lineage) {
    let job = unrelated();
    let lineage = Lineage::default().below(state.pool, JobId::of(&job.job), Kind::Job);
    let stack = state.enter();
    state.threads += 1;
    state.begin(stack, &job, StartRight::Permit);
    (stack, lineage)
}

/// Otherwise a job that has just begun counts as long, or one that never ends does not.
#[test]
fn a_job_is_long_once_it_has_run_for_a_watch() {
    let (mut state, start) = marked();
    let (old, _) = run(&mut state);
    state.mark_long_jobs(start + WATCH);
    assert_eq!(state.lively(), 1, "it may just have begun");
    let (young, _) = run(&mut state);
    state.mark_long_jobs(start + WATCH + WATCH / 2);
    assert_eq!(state.lively(), 2, "the last mark is too recent");
    state.mark_long_jobs(start + WATCH * 2);
    assert_eq!(state.lively(), 1);
    for (stack, lively) in [(old, 1), (young, 0)] {
        state.end(stack, Finish::Completed);
        state.free_permit();
        assert_eq!(state.lively(), lively);
    }
}

/// Otherwise jobs are queued beside a job that comes back soon, and each calls a worker.
#[test]
fn a_job_that_has_waited_is_lively_again() {
    let (mut state, start) = marked();
    let (stack, lineage) = run(&mut state);
    state.mark_long_jobs(start + WATCH);
    state.mark_long_jobs(start + WATCH * 2);
    assert_eq!(state.lively(), 0);
    park(&mut state, &lineage, stack);
    assert_eq!((state.running, state.lively()), (0, 0));
    let _other = run(&mut state);
    assert_eq!(state.lively(), 1, "a parked job does not count");
    let wait = Arc::clone(&state.parked_waits[0].request.frame);
    let _nothing_lent = state.end_park(&wait);
    assert_eq!((state.running, state.lively()), (2, 2));
}

/// Otherwise an actor that has waited once slows all others down.
#[test]
fn a_job_that_comes_back_may_be_long_again() {
    let (mut state, start) = marked();
    let (stack, lineage) = run(&mut state);
    park(&mut state, &lineage, stack);
    let wait = Arc::clone(&state.parked_waits[0].request.frame);
    let _nothing_lent = state.end_park(&wait);
    state.mark_long_jobs(start + WATCH);
    state.mark_long_jobs(start + WATCH * 2);
    assert_eq!(state.lively(), 0);
}

/// Otherwise each job that is queued beside an actor waits for 200 µs.
#[test]
fn a_push_beside_a_long_job_calls_the_worker_that_watches() {
    for is_long in [false, true] {
        let (mut state, start) = marked();
        let _stack = run(&mut state);
        if is_long {
            state.mark_long_jobs(start + WATCH);
            state.mark_long_jobs(start + WATCH * 2);
        }
        let parker = Parker::new();
        state.threads += 1;
        state.watch(&WorkerHandle {
            id: 7,
            unparker: parker.unparker().clone(),
            spins: Cell::new(false),
        });
        assert_eq!(state.may_use_inbox(), !is_long);
        let (_start, action) = state.push(unrelated(), Lane::Unrelated);
        assert_eq!(matches!(action, Action::Wake(_)), is_long);
    }
}

/// Otherwise the policy does not hear of long jobs.
#[test]
fn the_searching_worker_knows_how_many_jobs_are_lively() {
    let (mut state, start) = marked();
    state.limits.decide = |load_sample| {
        let counts = (load_sample.running, load_sample.lively);
        assert!(matches!(counts, (2, 1)), "{counts:?}");
        Decision::Rest
    };
    let _long = run(&mut state);
    state.mark_long_jobs(start + WATCH);
    let _other = run(&mut state);
    state.mark_long_jobs(start + WATCH * 2);
    state.begin_search(7, SearchState::Woken);
    assert_eq!(state.decide(), Decision::Rest);
}

/// Otherwise no job is ever long.
#[test]
fn a_searching_worker_makes_a_mark() {
    let (mut state, _start) = marked();
    let before = Instant::now().checked_sub(WATCH).unwrap();
    state.long_jobs = LongJobs::default();
    state.mark_long_jobs(before);
    let (_stack, _) = run(&mut state);
    let (stack, parker) = (state.enter(), Parker::new());
    state.threads += 1;
    let worker = WorkerHandle {
        id: 7,
        unparker: parker.unparker().clone(),
        spins: Cell::new(false),
    };
    state.begin_search(7, SearchState::Woken);
    let step = state.next(After::WakeUp, &worker, stack);
    assert!(matches!(step, Step::Sleep));
    state.mark_long_jobs(Instant::now() + WATCH);
    assert_eq!(state.lively(), 0, "the worker has made the mark before");
}
