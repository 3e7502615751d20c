//! The times after which a pool acts that stands still, and the events that make it start over.

use super::{
    hopeless::{hopeless, poll_for_a_queued_job},
    *,
};

/// Otherwise a wait that parks again and again is refused after one second instead of three.
#[test]
fn a_pool_whose_waits_park_again_is_patient_for_longer() {
    let (mut state, _parkers, _job) = hopeless();
    let (_start, _action) = state.push(unrelated(), Lane::Unrelated);
    state.start_monitor();
    let refused = (1..=100).find(|_| {
        let request = state.parked_waits[0].request.clone();
        let _end = state.end_park(&request.frame);
        let _action = state.add_parked_wait(request);
        state.look(Instant::now()).refused.is_some()
    });
    assert_eq!(refused, Some(60));
}

/// Otherwise descendants go on starting beyond the permits after the pool has moved.
#[test]
fn progress_ends_the_surplus_of_a_pool_that_is_still_stuck() {
    let (mut state, _parkers, _job) = hopeless();
    state.start_monitor();
    state.growth.grow_surplus();
    state.growth.note_end(true);
    let _findings = state.look(Instant::now());
    assert_eq!(state.growth.surplus(), 0);
}

/// Otherwise hundreds of descendants start beyond the permits within half a second.
#[test]
fn the_surplus_grows_each_half_second() {
    let (mut state, _parkers, _job) = hopeless();
    poll_for_a_queued_job(&mut state);
    state.start_monitor();
    let (mut last, mut grown) = (0, Vec::new());
    for look in 1..=40 {
        let _findings = state.look(Instant::now());
        if state.growth.surplus() != last {
            last = state.growth.surplus();
            grown.push(look);
        }
    }
    assert_eq!(grown, [20, 30, 40]);
}

/// Otherwise a program that builds many pools has a thread more for each one that it has dropped
/// in the last second.
#[test]
fn the_monitor_of_a_pool_that_is_left_stops_at_once() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    for (phase, threads, stops) in [
        (Phase::Open, 0, false),
        (Phase::Draining, 1, false),
        (Phase::Draining, 0, true),
    ] {
        state.start_monitor();
        (state.phase, state.threads) = (phase, threads);
        assert_eq!(
            state.look(Instant::now()).stops,
            stops,
            "{phase:?} {threads}"
        );
    }
}
