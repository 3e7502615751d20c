//! Checks what the looks find, on counts alone.

use super::*;

/// Returns counts with so many events, and no other moves.
fn seen(events: u64) -> Seen {
    Seen {
        events,
        moves: events,
    }
}

/// Looks once for each of these numbers of events, and returns the verdicts.
fn looks(stall: &mut Stall, events: &[u64], stuck: Option<usize>) -> Vec<Verdict> {
    let start = Instant::now();
    let times = (1..).map(|n| start + LOOK_INTERVAL * n);
    events
        .iter()
        .zip(times)
        .map(|(&events, now)| stall.look(seen(events), stuck, now))
        .collect()
}

fn started() -> Stall {
    let mut stall = Stall::default();
    stall.start_monitor(seen(7));
    assert!(stall.take_start());
    assert!(!stall.take_start(), "one monitor is enough");
    stall
}

/// Otherwise a pool that is merely busy would grow, or a stall would fill the user's log.
#[test]
fn it_grows_from_the_second_look_on_and_reports_once() {
    let verdicts = looks(&mut started(), &[7; 40], Some(3));
    let grown: Vec<_> = verdicts.iter().map(|verdict| verdict.may_grow).collect();
    assert!(!grown[0] && !grown[1..].contains(&false), "{grown:?}");
    let reports: Vec<_> = verdicts
        .iter()
        .filter_map(|verdict| verdict.report)
        .collect();
    assert_eq!(
        reports,
        [StallReport {
            waited: LOOK_INTERVAL * 18,
            queued: 3
        }]
    );
}

/// Otherwise a pool whose jobs block grows for a few jobs that would soon have had their turn, or
/// does not grow although many wait for theirs.
#[test]
fn a_queue_is_long_if_it_has_more_jobs_than_run_or_is_slow() {
    for (events, queued, running, is_long) in [
        (0, 1, 32, true),
        (1, 1, 32, false),
        (99, 100, 200, true),
        (100, 100, 200, false),
        (1000, 33, 32, true),
        (1000, 32, 32, false),
        (0, 0, 32, false),
    ] {
        let lags = started().lags(seen(7 + events), true, queued, running);
        assert_eq!(lags, is_long, "{events} {queued} {running}");
    }
}

#[test]
fn a_pool_lags_if_it_has_been_full_since_the_last_glance() {
    let mut stall = started();
    let mut glance = |events, is_full| stall.lags(seen(events), is_full, 50, 200);
    assert!(glance(7 + 49, true), "it was full when the monitor started");
    assert!(
        glance(7 + 49 + 49, true),
        "each glance counts from the last one"
    );
    assert!(!glance(7 + 49 + 49, false), "not full");
    assert!(!glance(7 + 49 + 49, true), "full for a moment only");
    assert!(glance(7 + 49 + 49, true));
}

/// Otherwise hundreds of jobs that block for each other would stand still for a second, or
/// a pool would grow although it has gone on.
#[test]
fn a_pool_that_grows_takes_steps_until_it_makes_progress() {
    let mut stall = started();
    let _first = looks(&mut stall, &[7], Some(3));
    assert!(!stall.grows_on(seen(7)), "not yet");
    let _second = looks(&mut stall, &[7], Some(3));
    assert!(stall.grows_on(seen(7)));
    assert!(!stall.grows_on(seen(8)), "progress since the look");
    let _workers_start = looks(&mut stall, &[7], None);
    assert!(stall.grows_on(seen(7)));
    let _progress = looks(&mut stall, &[8], Some(3));
    assert!(!stall.grows_on(seen(8)), "it must stand still once more");
    for (events, stuck) in [(&[8, 8], None), (&[8, 9], None), (&[8, 9], Some(3))] {
        let _grows = looks(&mut stall, &[8, 8, 8], Some(3));
        assert!(stall.grows_on(seen(8)));
        let _goes_on = looks(&mut stall, events, stuck);
        assert!(!stall.grows_on(seen(events[1])), "{events:?} {stuck:?}");
        let _back = looks(&mut stall, &[8], None);
    }
}

/// All waits of a pool may depend on timers. A report of a stall would be wrong then.
#[test]
fn it_reports_nothing_while_nothing_is_queued() {
    let mut stall = started();
    let verdicts = looks(&mut stall, &[7; 40], Some(0));
    assert_eq!(verdicts.iter().find_map(|verdict| verdict.report), None);
    assert_eq!(verdicts[39].still, 40);
    let report = looks(&mut stall, &[7], Some(1))[0].report;
    assert_eq!(report.map(|report| report.queued), Some(1));
}

/// Otherwise a pool that is merely busy would grow, or report a stall.
#[test]
fn progress_sets_the_count_back() {
    let events: Vec<u64> = (0..40).map(|n| 7 + n / 15).collect();
    let verdicts = looks(&mut started(), &events, Some(3));
    assert!(verdicts.iter().all(|verdict| verdict.report.is_none()));
    let busy: Vec<u64> = (0..40).collect();
    let verdicts = looks(&mut started(), &busy, Some(3));
    assert!(verdicts.iter().all(|verdict| !verdict.may_grow));
}

/// Otherwise a pool with one long job after the other grows, and a report says that the pool
/// has stood still for longer than it has.
#[test]
fn progress_sets_the_times_back() {
    let mut events = vec![7, 8, 8, 9];
    events.extend([9; REPORT as usize]);
    let verdicts = looks(&mut started(), &events, Some(3));
    let grows = verdicts.iter().position(|verdict| verdict.may_grow);
    assert_eq!(grows, Some(5), "after two looks without progress");
    let report = verdicts.last().unwrap().report;
    assert_eq!(report.unwrap().waited, LOOK_INTERVAL * REPORT);
}

/// Otherwise the monitor stops beside a pool that has just been stuck.
#[test]
fn the_monitor_goes_on_for_a_while_after_each_stall() {
    let mut stall = started();
    let quiet = REST as usize - 1;
    for _ in 0..2 {
        let verdicts = looks(&mut stall, &vec![7; quiet], None);
        assert!(verdicts.iter().all(|verdict| !verdict.stops));
        let _stuck = looks(&mut stall, &[7], Some(1));
    }
}

/// Otherwise a pool whose monitor could not be started once never gets one.
#[test]
fn a_monitor_that_failed_is_tried_again_later() {
    let mut stall = started();
    let failed = Instant::now().checked_sub(RETRY).unwrap();
    stall.monitor = Monitor::Failed(failed);
    stall.start_monitor(seen(7));
    assert!(stall.take_start());
}

/// Otherwise a wait would be refused although jobs move, or jobs that park again and
/// again would hide a stall.
#[test]
fn moves_are_no_progress_but_not_stillness() {
    let mut stall = started();
    let looks = (1..=20).map(|moves| {
        let seen = Seen { events: 7, moves };
        stall.look(seen, Some(3), Instant::now())
    });
    let verdicts: Vec<_> = looks.collect();
    assert!(verdicts.iter().all(|verdict| verdict.still == 0));
    assert_eq!(verdicts[19].stuck, 20);
    assert!(verdicts.iter().any(|verdict| verdict.report.is_some()));
}

/// Otherwise a user would not hear of a second stall.
#[test]
fn it_reports_again_after_the_queue_went_on() {
    let mut stall = started();
    for _ in 0..2 {
        let verdicts = looks(&mut stall, &[7; 20], Some(3));
        assert_eq!(
            verdicts.iter().filter_map(|verdict| verdict.report).count(),
            1
        );
        assert!(!looks(&mut stall, &[7], None)[0].stops);
    }
}

/// Otherwise the monitor of an idle pool would wake up for ever.
#[test]
fn a_pool_is_steady_after_a_while_with_progress() {
    let mut stall = started();
    let counts: Vec<u64> = (8..18).collect();
    let verdicts = looks(&mut stall, &counts, Some(1));
    let steady: Vec<_> = verdicts
        .iter()
        .map(|verdict| verdict.steady >= STEADY)
        .collect();
    assert!(steady[9] && !steady[..9].contains(&true), "{steady:?}");
    let stuck = looks(&mut stall, &[17, 18], Some(1));
    assert!(stuck.iter().all(|verdict| verdict.steady < STEADY));
}

#[test]
fn the_monitor_stops_when_nothing_is_stuck_and_starts_again() {
    let mut stall = started();
    let verdicts = looks(&mut stall, &[7; 20], None);
    let stops: Vec<_> = verdicts.iter().map(|verdict| verdict.stops).collect();
    assert_eq!(stops.iter().filter(|stops| **stops).count(), 1);
    assert!(stops[19]);
    stall.start_monitor(seen(9));
    assert!(stall.take_start());
    stall.monitor_failed();
    stall.start_monitor(seen(9));
    assert!(!stall.take_start(), "not at once after a failure");
}

/// Otherwise short stalls add up, and the pool reports one, or refuses a wait.
#[test]
fn a_stall_that_is_over_does_not_count_for_the_next() {
    let mut stall = started();
    let _stuck = looks(&mut stall, &[7; 17], Some(3));
    let _over = looks(&mut stall, &[8], None);
    assert_eq!(looks(&mut stall, &[8], Some(3))[0].stuck, 1);
}

/// Otherwise the second report says that the pool has stood still since the first stall.
#[test]
fn a_second_stall_begins_when_it_begins() {
    let (mut stall, start) = (started(), Instant::now());
    let _first = stall.look(seen(7), Some(3), start);
    let _over = stall.look(seen(7), None, start);
    let late = start + LOOK_INTERVAL * 900;
    let mut later = (0..18).map(|n| stall.look(seen(7), Some(3), late + LOOK_INTERVAL * n));
    let report = later.find_map(|verdict| verdict.report);
    assert_eq!(report.unwrap().waited, LOOK_INTERVAL * 18);
}

/// Otherwise a pool that was idle for long goes on with the large steps of its last growth.
#[test]
fn a_pool_that_is_not_stuck_is_steady_after_a_while() {
    assert!(looks(&mut started(), &[7; 10], None)[9].steady >= STEADY);
}

/// Otherwise the second monitor stops at its first look.
#[test]
fn a_monitor_that_starts_again_remembers_nothing() {
    let mut stall = started();
    let rest = looks(&mut stall, &[7; 20], None);
    assert!(rest[19].stops);
    stall.has_refused = true;
    stall.start_monitor(seen(7));
    assert!(!stall.has_refused);
    assert!(!looks(&mut stall, &[7], None)[0].stops);
}

/// Otherwise nobody looks for long at a pool whose system had no thread for a moment.
#[test]
fn a_monitor_that_failed_is_tried_again_after_a_second() {
    let mut stall = started();
    let failed = Instant::now().checked_sub(Duration::from_secs(1)).unwrap();
    stall.monitor = Monitor::Failed(failed);
    stall.start_monitor(seen(7));
    assert!(stall.take_start());
}
