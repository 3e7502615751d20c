//! A pool whose running jobs all block, and whose other jobs are queued.

use std::{mem, time::Duration};

use super::{hopeless::hopeless, *};
#[cfg(all(target_os = "linux", not(miri)))]
use crate::platform::sleep_probe::SleepProbe;
use crate::schedule::{limits::TOKIOS_LIMIT, stall::LOOK_INTERVAL};

/// Returns the state of a pool with one job that runs and a hundred that are queued.
fn full(grows: bool) -> State {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    state.limits.grows = grows;
    state.limits.queue_capacity = 100;
    state.threads = 1;
    let stack = state.enter();
    state.begin(stack, &unrelated(), StartRight::Permit);
    for _ in 0..100 {
        let (_start, _action) = state.push(unrelated(), Lane::Unrelated);
    }
    state
}

/// Returns the state of such a pool, which has just been found to stand still.
fn standing_still(grows: bool) -> State {
    let mut state = full(grows);
    state.start_monitor();
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    state
}

/// Lets workers take a queued job each for the added permits. Those jobs block too.
fn start_jobs(state: &mut State) {
    state.searcher = None;
    for _ in state.running..state.permits() {
        let stack = state.enter();
        state.begin(stack, &unrelated(), StartRight::Permit);
    }
    state.threads = state.running;
}

/// Acts as the monitor does at a glance that finds the jobs blocked.
fn grow_if_jobs_block(state: &mut State) -> Action {
    match state.probes_if_it_lags() {
        Some(_probes) => state.quadruple().1,
        None => Action::Nothing,
    }
}

/// Otherwise hundreds of jobs that block for each other would stand still for a second.
#[test]
fn a_pool_that_grows_takes_a_larger_step_each_time() {
    let mut state = standing_still(true);
    assert_eq!(state.growth.permits(), 1);
    let action = state.take_step();
    assert!(matches!(action, Action::Nothing), "a worker is starting");
    for added in [3, 7, 15] {
        start_jobs(&mut state);
        assert!(matches!(state.take_step(), Action::Start(_)));
        assert_eq!(state.growth.permits(), added);
    }
}

/// Otherwise a pool would grow although it goes on, or beyond the size that the user set.
#[test]
fn no_step_is_taken_after_progress_or_in_a_sized_pool() {
    for (grows, progress) in [(true, true), (false, false)] {
        let mut state = standing_still(grows);
        start_jobs(&mut state);
        if progress {
            state.growth.note_end(true);
        }
        let before = state.growth.permits();
        assert!(matches!(state.take_step(), Action::Nothing));
        assert_eq!(state.growth.permits(), before);
    }
}

/// Otherwise callers wait for their turn while the running jobs block, or a pool grows beyond the
/// size that the user set.
#[test]
fn a_pool_whose_jobs_block_quadruples_although_it_goes_on() {
    for grows in [true, false] {
        let mut state = full(grows);
        state.start_monitor();
        state.growth.note_end(true);
        let action = grow_if_jobs_block(&mut state);
        assert_eq!(matches!(action, Action::Start(_)), grows);
        assert_eq!(state.growth.permits(), 3 * usize::from(grows));
    }
}

/// Otherwise a pool grows because parked or idle workers sleep, or one job that computes decides
/// for all, or a glance takes long.
#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn probes_are_of_some_workers_that_run_a_job() {
    let mut state = full(true);
    state.start_monitor();
    let asked = |state: &mut State| state.probes_if_it_lags().map(|probes| probes.len());
    assert_eq!(asked(&mut state), Some(0), "there is no probe");
    for (running, expected) in [(1, 1), (8, 8), (9, 5), (16, 8), (100, 8)] {
        let probe = SleepProbe::of_this_thread();
        while state.stacks.len() < running {
            let stack = state.enter();
            state.begin(stack, &unrelated(), StartRight::Permit);
        }
        for stack in 0..running {
            state.set_probe(stack, probe.clone());
        }
        assert_eq!(asked(&mut state), Some(expected), "of {running}");
    }
    let mut state = full(true);
    for stack in [0, state.enter()] {
        state.set_probe(stack, SleepProbe::of_this_thread());
    }
    assert_eq!(state.probes().len(), 1, "one worker is idle");
    let (mut state, _parkers, _job) = hopeless();
    for stack in 0..state.stacks.len() {
        state.set_probe(stack, SleepProbe::of_this_thread());
    }
    assert!(state.probes().is_empty(), "all workers are parked");
}

/// Otherwise the monitor of a pool that can't grow, or need not, wakes up many times as often.
#[test]
fn only_a_stuck_pool_that_may_grow_takes_steps() {
    for (grows, is_stuck, has_room) in [
        (true, true, true),
        (true, false, true),
        (false, true, true),
        (true, true, false),
    ] {
        let mut state = if is_stuck {
            full(grows)
        } else {
            State::new(Limits::smallest(), Arc::default(), Arc::default())
        };
        state.limits.grows = grows;
        if !has_room {
            state.growth.quadruple(TOKIOS_LIMIT, TOKIOS_LIMIT / 2);
            state.limits.max_threads = TOKIOS_LIMIT / 2;
            start_jobs(&mut state);
        }
        state.start_monitor();
        let findings = state.look(Instant::now());
        assert_eq!(
            findings.takes_steps,
            grows && is_stuck && has_room,
            "{grows} {is_stuck} {has_room}"
        );
    }
}

/// Otherwise a pool adds permits for jobs that it will not run.
#[test]
fn a_pool_that_has_stopped_does_not_grow() {
    for is_stopped in [false, true] {
        let ways: [fn(&mut State) -> Action; 2] =
            [|state| state.take_step(), |state| grow_if_jobs_block(state)];
        for grow in ways {
            let mut state = standing_still(true);
            start_jobs(&mut state);
            if is_stopped {
                let _sleepers = state.advance(Phase::Stopped);
            }
            let grows = matches!(grow(&mut state), Action::Start(_));
            assert_eq!(grows, !is_stopped);
        }
    }
}

/// Otherwise a pool has permits for workers that can't start any faster.
#[test]
fn no_step_is_taken_while_a_worker_starts() {
    let mut state = standing_still(true);
    // Another worker has taken the new permit.
    let stack = state.enter();
    state.begin(stack, &unrelated(), StartRight::Permit);
    assert!(state.has_lookout(), "a worker is starting");
    assert!(matches!(grow_if_jobs_block(&mut state), Action::Nothing));
    assert!(matches!(state.take_step(), Action::Nothing));
    assert_eq!(state.growth.permits(), 1);
}

/// Otherwise a pool has more parked workers than somebody allowed, although it goes on.
#[test]
fn a_pool_that_lacks_no_permit_does_not_quadruple() {
    let (mut state, _parkers, _job) = hopeless();
    state.limits.grows = true;
    let (_start, action) = state.push(unrelated(), Lane::Unrelated);
    assert!(matches!(action, Action::Nothing));
    state.start_monitor();
    assert!(matches!(grow_if_jobs_block(&mut state), Action::Nothing));
    assert_eq!(state.growth.permits(), 0);
    assert!(state.probes_if_it_lags().is_none(), "no thread is asked");
}

/// Otherwise the time before a burst of jobs that compute makes them look as if they block, or a
/// pool whose workers take long to start skips every other glance.
#[test]
fn a_pool_quadruples_if_it_has_been_full_since_the_last_glance() {
    let mut state = full(true);
    state.start_monitor();
    for added in [3, 15, 63] {
        state.growth.note_end(true);
        assert!(matches!(grow_if_jobs_block(&mut state), Action::Start(_)));
        assert_eq!(state.growth.permits(), added);
        assert!(
            matches!(grow_if_jobs_block(&mut state), Action::Nothing),
            "starting"
        );
        start_jobs(&mut state);
    }
    // The workers end, and then all permits are taken again.
    let running = mem::replace(&mut state.running, 0);
    state.threads = 0;
    assert!(
        matches!(grow_if_jobs_block(&mut state), Action::Nothing),
        "not full"
    );
    (state.running, state.threads) = (running, running);
    assert!(
        matches!(grow_if_jobs_block(&mut state), Action::Nothing),
        "just now"
    );
    assert!(matches!(grow_if_jobs_block(&mut state), Action::Start(_)));
}

/// Otherwise a pool proves once more that its jobs block, after each growth.
#[test]
fn a_pool_is_full_while_its_last_workers_are_coming() {
    let mut state = full(true);
    state.start_monitor();
    assert!(matches!(grow_if_jobs_block(&mut state), Action::Start(_)));
    // The searching worker has called the others and taken a job.
    state.searcher = None;
    for (threads, is_full) in [(4, true), (4, true), (3, false), (4, false), (4, true)] {
        state.threads = threads;
        assert_eq!(state.probes_if_it_lags().is_some(), is_full, "{threads}");
    }
}

/// Otherwise permits stay that nobody needs any more.
#[test]
fn added_permits_go_with_the_workers() {
    let mut state = standing_still(true);
    state.growth.quadruple(7, 8);
    state.threads = 8;
    for (threads, permits) in [(7, 6), (6, 5), (1, 0), (0, 0)] {
        state.threads = threads + 1;
        state.leave(0);
        assert_eq!((state.threads, state.growth.permits()), (threads, permits));
    }
}

/// Otherwise a pool would prove its stall again, 100 ms for each step, if the monitor looked
/// while the workers of a step started.
#[test]
fn the_jobs_of_a_step_are_no_progress_although_a_look_saw_them_start() {
    let mut state = standing_still(true);
    let _findings = state.look(Instant::now());
    assert!(state.has_lookout(), "a worker is starting");
    start_jobs(&mut state);
    assert!(matches!(state.take_step(), Action::Start(_)));
}

/// Otherwise a pool whose workers cannot be started would have hundreds of permits when they
/// can.
#[test]
fn a_pool_with_a_free_permit_adds_none() {
    let mut state = standing_still(true);
    let before = state.growth.permits();
    for _ in 0..4 {
        let id = state.searcher.as_ref().expect("a worker is starting").owner;
        let _unstarted = state.start_failed(id);
        let _findings = state.look(Instant::now());
        let _action = grow_if_jobs_block(&mut state);
        assert_eq!(state.growth.permits(), before);
        state.start_failed = None;
        let _action = state.help();
    }
}

/// Otherwise a pool with as many parked workers as somebody allowed adds permits although permits
/// are free.
#[test]
fn a_free_permit_keeps_a_pool_with_many_workers_from_growing() {
    for (max_threads, grows) in [(1, true), (2, false)] {
        let mut state = full(true);
        state.searcher = None;
        state.limits.max_threads = max_threads;
        state.threads = max_threads + state.limits.max_blocked_threads;
        let (added, action) = state.quadruple();
        assert_eq!(matches!(action, Action::Start(_)), grows);
        assert_eq!(added > 0, grows);
        assert_eq!(state.growth.permits(), added);
    }
}

/// Otherwise a pool would grow although its permits are free: a start hook blocks.
#[test]
fn a_start_hook_that_blocks_is_reported_and_nothing_else() {
    let mut state = State::new(Limits::smallest(), Arc::default(), Arc::default());
    state.limits.grows = true;
    let (_start, action) = state.push(unrelated(), Lane::Unrelated);
    assert!(matches!(action, Action::Start(_)));
    state.start_monitor();
    let (start, mut reports) = (Instant::now(), Vec::new());
    for look in 1..=100 {
        let findings = state.look(start + look * LOOK_INTERVAL);
        assert!(matches!(findings.action, Action::Nothing));
        assert!(findings.refused.is_none() && !findings.stops);
        assert!(matches!(grow_if_jobs_block(&mut state), Action::Nothing));
        reports.extend(findings.report.map(|_stall| look * LOOK_INTERVAL));
    }
    let second = Duration::from_secs(1);
    assert!(
        matches!(reports[..], [time] if time <= second + LOOK_INTERVAL),
        "{reports:?}"
    );
    assert_eq!(state.growth.permits(), 0);
}

/// Otherwise one long stall makes each later one add hundreds of permits at once.
#[test]
fn the_steps_start_over_once_the_pool_has_kept_up() {
    let mut state = standing_still(true);
    start_jobs(&mut state);
    let _action = state.take_step();
    assert_eq!(state.growth.permits(), 3);
    start_jobs(&mut state);
    for _ in 0..10 {
        state.growth.note_end(true);
        let _findings = state.look(Instant::now());
    }
    for _ in 0..2 {
        let _findings = state.look(Instant::now());
    }
    assert_eq!(state.growth.permits(), 4);
}

/// Otherwise the growth pauses for 50 ms if a look falls among the starts of a step.
#[test]
fn steps_go_on_while_a_worker_starts() {
    let mut state = standing_still(true);
    assert!(state.has_lookout(), "a worker is starting");
    assert!(state.look(Instant::now()).takes_steps);
}

/// Otherwise the report of a pool that has grown names a circle although permits are free.
#[test]
fn a_report_knows_the_permits_that_were_added() {
    assert_eq!(standing_still(true).snapshot().permits, 2);
}

/// Otherwise a pool that nobody has sized adds permits beyond all measure while some are free.
#[test]
fn only_a_limit_that_somebody_set_is_raised_while_a_permit_is_free() {
    for (most_while_parked, added) in [(0, 1), (3, 0)] {
        let mut state = full(true);
        state.searcher = None;
        state.limits.max_threads = 2;
        state.limits.most_while_parked = most_while_parked;
        state.threads = 2 + state.limits.max_blocked_threads;
        state.start_monitor();
        for _ in 0..2 {
            let _findings = state.look(Instant::now());
        }
        assert_eq!(state.growth.permits(), added);
    }
}
