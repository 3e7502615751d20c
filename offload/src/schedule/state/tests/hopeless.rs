//! A pool whose workers are all parked.

use super::*;
use crate::{
    lineage::Relation,
    schedule::{limits::TOKIOS_LIMIT, stall::LOOK_INTERVAL},
};

/// Returns the state of a pool whose two workers are parked and which can add none. The
/// pool has no monitor. Also returns the lineage of the second worker's job.
pub(super) fn hopeless() -> (State, [Parker; 2], Lineage) {
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

/// Otherwise a wait would be refused although a worker is starting that will run its job.
#[test]
fn no_wait_is_refused_because_a_start_hook_blocks() {
    let (mut state, _parkers, lineage) = hopeless();
    state.limits.max_blocked_threads = 2;
    let (job, _) = Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
    let (_start, action) = state.push(Submitted { job, lineage }, Lane::Descendants);
    assert!(matches!(action, Action::Start(_)));
    state.start_monitor();
    let (start, mut reports) = (Instant::now(), 0);
    for look in 1..=100 {
        let findings = state.look(start + look * LOOK_INTERVAL);
        assert!(findings.refused.is_none(), "look {look}");
        reports += usize::from(findings.report.is_some());
    }
    assert_eq!((reports, state.growth.surplus()), (1, 0));
}

/// Otherwise a shutdown would leave out a job that has submitted it and is about to go on.
#[test]
fn a_shutdown_waits_for_a_job_that_was_woken() {
    let (mut state, [_first, second], job) = hopeless();
    let drain = state.begin_drain(job, None);
    assert!(matches!(state.scope(&drain), ShutdownScope::Except(_)));
    second.unparker().unpark();
    assert_eq!(state.scope(&drain), ShutdownScope::All);
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

/// Otherwise one failed start fails all queued jobs, although a parked worker comes back soon. Or
/// they wait for ever, because nobody would try again.
#[test]
fn jobs_stay_queued_after_a_failed_start_while_a_monitor_looks_on() {
    let (mut state, _parkers, _job) = hopeless();
    state.limits.max_blocked_threads = 2;
    let start = |state: &mut State| {
        let (_start, action) = state.push(unrelated(), Lane::Unrelated);
        let Action::Start(id) = action else {
            panic!("a worker may be added")
        };
        id
    };
    let id = start(&mut state);
    state.start_monitor();
    assert_eq!(
        state.start_failed(id).0.len(),
        1,
        "the monitor may not start either"
    );
    let id = start(&mut state);
    let _nothing = state.look(Instant::now());
    assert_eq!(state.start_failed(id).0.len(), 0, "the monitor looks on");
    let told = (1..100).find(|_| {
        let Action::Start(id) = state.look(Instant::now()).action else {
            panic!("each look tries a start")
        };
        // A look while a worker starts is one at which the pool stands still, too.
        let _amid_the_start = state.look(Instant::now());
        !state.start_failed(id).0.is_empty()
    });
    assert_eq!(told, Some(10));
}

/// Otherwise the turns of unrelated jobs give them all permits, and they block on what a parked
/// job holds. Or an unrelated job never has its turn, because parked ones count.
#[test]
fn half_of_the_permits_are_left_to_descendants() {
    for (permits, running, leaves_half) in [
        (1, 0, false),
        (2, 0, true),
        (2, 1, false),
        (4, 1, true),
        (4, 2, false),
    ] {
        let (mut state, _parkers, _job) = hopeless();
        state.limits.max_threads = permits;
        for _ in 0..running {
            let stack = state.enter();
            state.begin(stack, &unrelated(), StartRight::Permit);
        }
        assert_eq!(state.leaves_half_to_descendants(), leaves_half);
    }
}

/// Otherwise a job waits for a worker although the system may have a thread again, and nobody is
/// there who would try later.
#[test]
fn a_start_is_tried_again_at_once_if_every_worker_is_parked() {
    let (mut state, _parkers, _job) = hopeless();
    state.limits.max_blocked_threads = 2;
    state.start_failed = Some(Instant::now());
    assert!(state.may_start());
}

/// Returns the number of the first look that refuses a wait, and the permits that the pool
/// has added by then.
pub(super) fn first_refusal(state: &mut State) -> (Option<u32>, usize) {
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
            let expected = match (is_sized, queued) {
                (true, _) => Some(when_sized),
                (false, 0) => Some(1200),
                // A worker beyond the limit runs the queued job.
                (false, _) => None,
            };
            assert_eq!(first_refusal(&mut state), (expected, 0));
        }
    }
}

/// Otherwise a pool that stands still for good would give up one wait a minute.
#[test]
fn a_pool_that_has_refused_a_wait_is_not_patient_again() {
    let (mut state, _parkers, _job) = hopeless();
    state.limits.most_while_parked = state.threads;
    assert_eq!(first_refusal(&mut state).0, Some(1200));
    state.growth.note_start(true); // as if that wait's worker took a job, and parked again
    assert_eq!(first_refusal(&mut state).0, Some(61));
    // After a time in which it did well, the pool is patient again.
    state.stall.has_refused = false;
    state.growth.note_start(true);
    state.parked_waits[0].refused = false;
    assert_eq!(first_refusal(&mut state).0, Some(1201));
}

/// Otherwise a wait would hang for a minute although the pool knows that its own work cannot
/// start.
#[test]
fn a_pool_that_nobody_sized_refuses_soon_if_a_descendant_is_queued() {
    let (mut state, _parkers, job) = hopeless();
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

/// Makes the second worker's wait poll for a job that is queued, and that somebody else has
/// submitted. No job is lent.
pub(super) fn poll_for_a_queued_job(state: &mut State) {
    for parked_wait in &mut state.parked_waits {
        parked_wait.request.lends = false;
    }
    let polled = unrelated();
    polled.header().set_adopter(state.parked_waits[1].number());
    let (_start, _action) = state.push(polled, Lane::Descendants);
}

/// Otherwise a wait hangs that polls for such a job, if other workers run and none can be
/// added.
#[test]
fn a_wait_for_a_job_that_others_submitted_is_refused_if_nobody_can_run_it() {
    let (mut state, _parkers, _job) = hopeless();
    // A third worker runs a job for ever, on the only permit.
    (state.threads, state.running) = (3, 1);
    poll_for_a_queued_job(&mut state);
    assert_eq!(first_refusal(&mut state).0, Some(60));
    assert!(state.parked_waits[1].refused);
}

/// Otherwise the surplus is of no use to a wait that polls for such a job.
#[test]
fn a_job_that_a_parked_wait_polls_for_may_start_as_surplus() {
    let (mut state, _parkers, _job) = hopeless();
    // Both parked jobs have spent their credit, and the only permit is taken.
    state.running = 1;
    for parked_wait in &state.parked_waits {
        parked_wait.account().spend(Relation::Awaited);
    }
    poll_for_a_queued_job(&mut state);
    assert!(state.take_beyond_permits().is_none());
    state.growth.grow_surplus();
    let taken = state.take_beyond_permits();
    assert!(matches!(taken, Some((_, StartRight::Surplus))));
}

/// Otherwise a wait is refused because of a worker that waits for the end of the pool, and
/// that wakes up by itself.
#[test]
fn a_wait_beside_one_for_the_end_is_not_refused_while_nothing_is_queued() {
    let (mut state, _parkers, _job) = hopeless();
    let second = state.parked_waits[1].request.clone();
    let first = state.parked_waits[0].request.clone();
    for request in [&first, &second] {
        let _end = state.end_park(&request.frame);
    }
    let (decision, _action) = state.begin_park_for_end(first);
    assert_eq!(decision, ParkDecision::Park);
    let _action = state.add_parked_wait(second);
    assert!(!state.has_unparked_worker());
    assert!(!state.is_hopeless());
    let (_start, _action) = state.push(unrelated(), Lane::Unrelated);
    assert!(state.is_hopeless());
}

/// Otherwise descendants of a wait start beyond the permits although it is not parked.
#[test]
fn a_wait_with_an_account_of_its_own_closes_it() {
    let (mut state, _parkers, job) = hopeless();
    let request = state.parked_waits[1].request.clone();
    let _end = state.end_park(&request.frame);
    // The wait is within the scope of another lineage.
    let id = job.top().unwrap().job().unwrap();
    let frame = Lineage::default().below(state.pool, id, Kind::Wait);
    let frame = frame.top().unwrap();
    let _action = state.add_parked_wait(ParkRequest {
        frame: Arc::clone(&frame),
        ..request
    });
    assert!(frame.is_account_open());
    let _end = state.end_park(&frame);
    assert!(!frame.is_account_open());
}

/// Otherwise the monitor of a closed pool looks for a second more.
#[test]
fn the_monitor_of_a_closed_pool_stops() {
    let (mut state, _parkers, _job) = hopeless();
    assert!(!state.look(Instant::now()).stops);
    let _sleepers = state.advance(Phase::Stopped);
    assert!(state.look(Instant::now()).stops);
}

/// Otherwise nobody notices that the pool stands still. The worker was bound to look, so the
/// push has started no monitor.
#[test]
fn a_worker_that_leaves_jobs_queued_starts_the_monitor() {
    for phase in [Phase::Open, Phase::Draining] {
        let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
        state.threads = 2;
        let (busy, stack) = (state.enter(), state.enter());
        state.begin(busy, &unrelated(), StartRight::Permit);
        let worker = WorkerHandle {
            id: 1,
            unparker: Parker::new().unparker().clone(),
            spins: Cell::new(false),
        };
        state.begin_search(worker.id, SearchState::Woken);
        let (_start, action) = state.push(unrelated(), Lane::Unrelated);
        assert!(matches!(action, Action::Nothing) && !state.stall.has_monitor());
        let _sleepers = state.advance(phase);
        let step = state.next(After::WakeUp, &worker, stack);
        assert!(matches!(step, Step::Sleep | Step::Retire));
        assert!(state.stall.has_monitor(), "{phase:?}");
    }
}

/// Otherwise descendants start beyond the permits after the stall is over.
#[test]
fn a_pool_that_is_not_stuck_any_more_has_no_surplus() {
    let (mut state, [first, _second], _job) = hopeless();
    state.start_monitor();
    state.growth.grow_surplus();
    let _findings = state.look(Instant::now());
    assert_eq!(state.growth.surplus(), 1);
    first.unparker().unpark();
    let _findings = state.look(Instant::now());
    assert_eq!(state.growth.surplus(), 0);
}

#[test]
fn the_metrics_count_the_parked_workers() {
    let (mut state, _parkers, _job) = hopeless();
    let counts = |state: &State| {
        let metrics = state.metrics();
        (metrics.blocked, metrics.peak_blocked)
    };
    assert_eq!(counts(&state), (2, 2));
    let frame = Arc::clone(&state.parked_waits[0].request.frame);
    let _end = state.end_park(&frame);
    assert_eq!(counts(&state), (1, 2));
}
