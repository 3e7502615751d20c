//! Descendants of parked jobs that start beyond the permits, and what that means for the others.

use super::{
    hopeless::{first_refusal, hopeless, poll_for_a_queued_job},
    *,
};
use crate::lineage::Relation;

/// Otherwise nobody hears of a pool that stands still beside a job that waits for job after job.
#[test]
fn a_start_beyond_the_permits_is_no_progress_while_others_are_queued() {
    for others in [0, 1] {
        let (mut state, _parkers, _job) = hopeless();
        state.limits.max_threads = 1;
        state.running = 1;
        poll_for_a_queued_job(&mut state);
        for _ in 0..others {
            let (_start, _action) = state.push(unrelated(), Lane::Unrelated);
        }
        let before = state.growth.seen().events;
        let Some((job, right)) = state.take_beyond_permits() else {
            panic!("the job has credit")
        };
        let stack = state.enter();
        state.begin(stack, &job, right);
        assert_eq!(state.growth.seen().events > before, others == 0);
        let before = state.growth.seen().events;
        state.end(stack, Finish::Completed);
        let is_progress = state.growth.seen().events > before;
        assert_eq!(is_progress, others == 0, "its end");
    }
}

/// Otherwise all queued descendants start at once after a second, instead of a few.
#[test]
fn a_start_as_surplus_uses_the_surplus() {
    let (mut state, _parkers, _job) = hopeless();
    state.growth.grow_surplus();
    let stack = state.enter();
    state.begin(stack, &unrelated(), StartRight::Surplus);
    assert_eq!(state.growth.surplus(), 0);
}

/// Otherwise a wait hangs whose job can have no thread, because another descendant blocks on the
/// account of its job.
#[test]
fn a_spent_account_keeps_no_wait_from_being_refused_while_a_permit_is_free() {
    let (mut state, _parkers, _job) = hopeless();
    (state.threads, state.running, state.limits.max_threads) = (3, 1, 2);
    state.parked_waits[1].account().spend(Relation::Awaited);
    poll_for_a_queued_job(&mut state);
    assert_eq!(first_refusal(&mut state).0, Some(60));
}

/// Otherwise a pool that once refused a wait refuses each wait for a slow answer after a second.
#[test]
fn a_pool_that_has_kept_up_is_patient_again() {
    let (mut state, _parkers, _job) = hopeless();
    state.stall.has_refused = true;
    for _ in 0..10 {
        state.growth.note_end(true);
        let _findings = state.look(Instant::now());
    }
    assert!(!state.stall.has_refused);
}

/// Otherwise an unrelated job takes the last permit, and may block on what a parked job holds.
#[test]
fn an_unrelated_job_takes_no_turn_on_the_last_permit() {
    let (mut state, _parkers, job) = hopeless();
    let stranger = unrelated();
    let kept = Arc::clone(&stranger.job);
    let (_start, _action) = state.push(stranger, Lane::Unrelated);
    for _ in 0..17 {
        let own = Submitted {
            lineage: job.clone(),
            ..unrelated()
        };
        let (_start, _action) = state.push(own, Lane::Descendants);
    }
    for _ in 0..17 {
        let taken = state.take_on_permit().unwrap();
        assert!(!Arc::ptr_eq(&taken.job, &kept));
    }
}

/// Otherwise descendants use up the places that are kept beyond the limit.
#[test]
fn a_surplus_for_descendants_takes_no_place_beyond_the_limit() {
    let (mut state, _parkers, _job) = hopeless();
    state.growth.grow_surplus();
    let stack = state.enter();
    state.begin(stack, &unrelated(), StartRight::Surplus);
    assert_eq!(state.jobs_beyond_limit(), 0);
}
