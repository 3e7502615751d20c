//! Jobs that may be lent to parked workers, and when the pool looks for them again.

use std::time::Duration;

use super::{growth::SurplusFor, hopeless::hopeless, *};
use crate::lineage::Relation;

/// Returns a job that the job or wait with this lineage has submitted.
pub(super) fn below(lineage: &Lineage) -> Submitted {
    Submitted {
        lineage: Lineage::of(&lineage.top().unwrap()),
        ..unrelated()
    }
}

/// Otherwise a job of an outer wait runs above an inner wait of the same job, and blocks on a lock
/// that the code between the two waits holds.
#[test]
fn a_job_of_an_outer_wait_is_not_lent_to_an_inner_one() {
    let (state, _parkers, job) = hopeless();
    let id = job.top().unwrap().job().unwrap();
    let outer = job.below(state.pool, id, Kind::Wait);
    let lender = |lineage| parked_wait_for(&below(lineage), None, &state.parked_waits, true);
    assert_eq!(lender(&outer), None);
    assert_eq!(lender(&job), Some(1), "what was submitted before the waits");
    let over = job.below(state.pool, id, Kind::Wait);
    over.top().unwrap().close();
    assert_eq!(lender(&over), Some(1), "what a wait that is over submitted");
}

/// Otherwise a wait is refused although its own thread could run what it waits for.
#[test]
fn a_surplus_lends_what_was_submitted_before_the_wait() {
    let (mut state, _parkers, job) = hopeless();
    let (_start, action) = state.push(below(&job), Lane::Descendants);
    assert!(matches!(action, Action::Nothing) && state.nothing_lendable);
    state.start_monitor();
    let lends = |_: &u32| {
        let findings = state.look(Instant::now());
        assert!(findings.refused.is_none());
        matches!(findings.action, Action::Wake(_))
    };
    assert_eq!((1..=60).find(lends), Some(20));
}

/// Otherwise two closures that a parked job waits for run beyond the permits.
#[test]
fn a_wait_within_its_job_has_no_account_of_its_own() {
    let (state, _parkers, _job) = hopeless();
    for wait in &state.parked_waits {
        assert!(wait.account().is_account_open());
        assert!(!wait.request.frame.is_account_open());
    }
}

/// Returns the state of a pool that grows. Each of two parked waits polls for a queued job. The
/// first wait has credit and can be lent nothing. The second could be lent its job, but its credit
/// is spent.
fn without_credit() -> (State, [Parker; 2]) {
    let (mut state, parkers, _job) = hopeless();
    // The only permit is taken, and the system has no thread for another worker. The start of one
    // has just failed, however long the test takes.
    (state.threads, state.running) = (3, 1);
    state.start_failed = Some(Instant::now() + Duration::from_hours(1));
    state.limits.grows = true;
    state.parked_waits[0].request.lends = false;
    state.parked_waits[1].account().spend(Relation::Awaited);
    for wait in 0..2 {
        let job = unrelated();
        job.header().set_adopter(state.parked_waits[wait].number());
        let (_start, action) = state.push(job, Lane::Descendants);
        assert!(matches!(action, Action::Nothing));
    }
    assert!(state.nothing_lendable);
    (state, parkers)
}

/// Otherwise a pool that grows starts a thread for a job that a parked worker could run, or the job
/// waits for the next step.
#[test]
fn each_growth_lends_a_job_for_which_no_credit_was_left() {
    let is_lent = |action: &Action| matches!(action, Action::Wake(_));
    let (mut state, _parkers) = without_credit();
    state.start_monitor();
    let lends = |_: &u32| is_lent(&state.look(Instant::now()).action);
    assert_eq!((1..=10).find(lends), Some(2), "at a look");

    let (mut state, _parkers) = without_credit();
    assert!(is_lent(&state.quadruple().1), "because the jobs block");
}

/// Otherwise the wait of a pool that grows step by step is lent nothing until the next look.
#[test]
fn a_step_lends_a_job_for_which_no_credit_was_left() {
    let (mut state, _parkers) = without_credit();
    state.start_monitor();
    state.parked_waits[1].request.lends = false;
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    assert_eq!(state.growth.permits(), 1);
    // Another job has the new permit, and a search for a lender was in vain.
    state.parked_waits[1].request.lends = true;
    state.running = 2;
    assert!(state.lend().is_none() && state.nothing_lendable);
    assert!(matches!(state.take_step(), Action::Wake(_)));
}

/// Otherwise the job blocks on what the code before the wait holds.
#[test]
fn a_place_beyond_the_limit_is_not_lent() {
    let (mut state, _parkers, job) = hopeless();
    state.growth.grow_beyond_limit(SurplusFor::Newest, 0);
    // All workers that may be added are there.
    state.threads += 32;
    let (_start, action) = state.push(below(&job), Lane::Descendants);
    assert!(matches!(action, Action::Nothing));
    assert!(!state.parked_waits.iter().any(ParkedWait::is_lender));
}
