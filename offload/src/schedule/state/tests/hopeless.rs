//! A pool whose workers are all parked.

use super::*;
use crate::schedule::limits::TOKIOS_LIMIT;

/// Returns the state of a pool whose two workers are parked and which can add none. The
/// pool has no monitor. Also returns the lineage of the second worker's job.
fn hopeless() -> (State, [Parker; 2], Lineage) {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    (state.threads, state.running) = (2, 2);
    let parkers = [(); 2].map(|()| Parker::new());
    let mut job = Lineage::default();
    for parker in &parkers {
        let stack = state.enter();
        let (submitted, lineage) =
            Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let job_of_stack = submitted as Arc<dyn Runnable>;
        let id = JobId::of(&job_of_stack);
        let submitted = Submitted {
            job: job_of_stack,
            lineage,
        };
        state.begin(stack, &submitted, StartRight::Permit);
        state.running -= 1;
        job = Lineage::default().below(state.pool, id, Kind::Job);
        let frame = job.below(state.pool, id, Kind::Wait).top().unwrap();
        let _action = state.add_parked_wait(ParkRequest {
            frame,
            account: job.top().unwrap(),
            unparker: parker.unparker().clone(),
            stack,
            since: Instant::now(),
            lends: true,
            may_be_refused: true,
        });
    }
    (state, parkers, job)
}

/// Otherwise a wait would be refused although a worker is about to go on.
#[test]
fn a_thread_that_was_woken_is_attended() {
    let (state, [first, _second], _job) = hopeless();
    assert!(state.is_hopeless());
    first.unparker().unpark();
    assert!(!state.is_hopeless());
}

/// Otherwise a server that sends requests to itself would stand still at each step of the
/// pool's growth.
#[test]
fn a_pool_that_nobody_sized_adds_a_worker_while_every_job_is_parked() {
    for grows in [false, true] {
        let (mut state, _parkers, _job) = hopeless();
        state.limits.most_while_parked = if grows { TOKIOS_LIMIT } else { 0 };
        let (job, lineage) =
            Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let (_start, action) = state.push(Submitted { job, lineage }, Lane::Unrelated);
        assert_eq!(matches!(action, Action::Start(_)), grows);
    }
}

/// Returns the number of the first look that refuses a wait, and the permits that the pool
/// has added by then.
fn first_refusal(state: &mut State) -> (Option<u32>, usize) {
    state.start_monitor();
    let refusal = (1..=2000).find(|_| state.look(Instant::now()).refused.is_some());
    (refusal, state.growth.permits())
}

/// Otherwise a burst of callers that each wait for a slow answer would get errors that Tokio's
/// pool does not give, and more threads than Tokio's pool has.
#[test]
fn a_pool_that_nobody_sized_is_patient_with_slow_answers() {
    for (queued, when_sized) in [(0, 60), (1, 20)] {
        for is_sized in [true, false] {
            let (mut state, _parkers, _job) = hopeless();
            // No permit is needed here, so growth would only add threads beyond the limit.
            state.limits.grows = !is_sized;
            state.limits.most_while_parked = if is_sized { 0 } else { state.threads };
            state.limits.queue_capacity = queued.max(1);
            for _ in 0..queued {
                let (job, lineage) =
                    Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
                let (_start, _action) = state.push(Submitted { job, lineage }, Lane::Unrelated);
            }
            assert_eq!(state.queue.ready(), queued);
            let expected = if is_sized { when_sized } else { 1200 };
            assert_eq!(first_refusal(&mut state), (Some(expected), 0));
        }
    }
}

/// Otherwise a wait would hang for a minute although the pool knows that its own work cannot
/// start.
#[test]
fn a_pool_that_nobody_sized_refuses_soon_if_a_descendant_is_queued() {
    let (mut state, _parkers, job) = hopeless();
    state.limits.grows = true;
    state.limits.most_while_parked = state.threads;
    for parked_wait in &mut state.parked_waits {
        parked_wait.request.lends = false; // as if too little of each stack were left
    }
    let (descendant, _) =
        Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
    let descendant = Submitted {
        job: descendant,
        lineage: Lineage::of(&job.top().unwrap()),
    };
    let (_start, _action) = state.push(descendant, Lane::Descendants);
    assert!(state.queue.holds_descendants());
    assert_eq!(first_refusal(&mut state).0, Some(20));
}

/// Otherwise a wait that races a shutdown would be told that the pool is exhausted.
#[test]
fn a_closed_pool_refuses_no_wait() {
    let (mut state, _parkers, _job) = hopeless();
    assert!(state.is_hopeless());
    let _sleepers = state.advance(Phase::Stopped);
    assert!(!state.is_hopeless());
    // The drop of the last handle asks for the earlier phase once more.
    let _sleepers = state.advance(Phase::Draining);
    assert_eq!(state.phase, Phase::Stopped);
}

/// Otherwise the caller of a job that is given back at the end would wait for ever.
#[test]
fn a_closed_pool_takes_no_lent_job_back() {
    for is_closed in [false, true] {
        let (mut state, _parkers, above) = hopeless();
        let (job, _) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let pushed = Submitted {
            job,
            lineage: Lineage::of(&above.top().unwrap()),
        };
        state.begin(1, &pushed, StartRight::Permit);
        if is_closed {
            let _sleepers = state.advance(Phase::Stopped);
        }
        let given = state.give_back(1, &above.top().unwrap(), pushed);
        assert_eq!(given.is_err(), is_closed);
        assert_eq!(state.queue.ready(), usize::from(!is_closed));
    }
}
