//! Checks which lines a report has, and that long reports are written fast.

use std::{iter, panic::Location, thread};

use testkit::within;

use super::*;

fn job(number: usize, state: JobState, parent: Option<Step>) -> JobEntry {
    JobEntry {
        number,
        state,
        parent,
        pool: PoolName::default(),
        is_foreign: false,
        at: Location::caller(),
        age: None,
        worker: None,
        is_cancelled: false,
        is_detached: false,
    }
}

/// Returns a report of jobs that wait for each other, each for the next.
fn nest(depth: usize) -> Report {
    let above = |number| (number > 1).then(|| Step::Wait(number - 1));
    let wait = |number| WaitEntry {
        number,
        at: None,
        age: None,
        job: Some(number),
        thread: None,
        future: None,
    };
    Report {
        jobs: (1..=depth)
            .map(|number| job(number, JobState::Parked, above(number)))
            .collect(),
        waits: (1..=depth).map(wait).collect(),
        ..Report::default()
    }
}

/// Otherwise the report of a deep nest would overflow the stack, and fill the memory with
/// indents.
#[test]
fn a_deep_nest_is_cut_and_written_on_a_small_stack() {
    let check = || {
        for (depth, lines, levels) in [(16, 33, 0), (17, 34, 2), (100_000, 34, 199_968)] {
            let text = nest(depth).to_string();
            assert_eq!(text.lines().count(), lines, "{text}");
            let end = format!("└─ … and {levels} levels more");
            assert_eq!(text.ends_with(&end), levels > 0, "{text}");
        }
    };
    let small = thread::Builder::new().stack_size(128 * 1024);
    let small = small.spawn(check).unwrap();
    within(|| small.join().unwrap());
}

fn queued(number: usize) -> JobEntry {
    job(number, JobState::Queued, None)
}

fn text_of(jobs: impl IntoIterator<Item = JobEntry>) -> String {
    let report = Report {
        jobs: jobs.into_iter().collect(),
        ..Report::default()
    };
    report.to_string()
}

#[test]
fn a_line_of_jobs_counts_only_those_that_stand_there() {
    let running = job(1, JobState::Running, None);
    let below = |number| job(number, JobState::Queued, Some(Step::Job(1)));
    let text = text_of([running, below(2), queued(3), below(4), queued(5), queued(6)]);
    assert!(
        text.contains("│  └─ 2 of the jobs 2 to 4, queued"),
        "{text}"
    );
    assert!(text.contains("\n└─ 3 of the jobs 3 to 6, queued"), "{text}");
}

#[test]
fn jobs_share_no_line_if_their_lines_would_differ() {
    let changes: [fn(&mut JobEntry); 5] = [
        |job| (job.pool, job.is_foreign) = (PoolName::new("other"), true),
        |job| job.at = Location::caller(),
        |job| job.state = JobState::InBacklog,
        |job| job.is_cancelled = true,
        |job| job.is_detached = true,
    ];
    for change in changes {
        let mut other = queued(2);
        change(&mut other);
        let text = text_of([queued(1), other]);
        assert_eq!(text.lines().count(), 3, "{text}");
    }
    let text = text_of([queued(1), queued(2)]);
    assert_eq!(text.lines().count(), 2, "{text}");
}

/// Otherwise the text has a line for each of the jobs, because two places offload in turn.
#[test]
fn jobs_that_are_alike_share_a_line_although_others_stand_between_them() {
    let places = [queued(0).at, Location::caller()].into_iter().cycle();
    let jobs = (1..=4000).map(queued).zip(places);
    let jobs = jobs.map(|(job, at)| JobEntry { at, ..job });
    let text = text_of(jobs);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(
        text.contains("├─ 2000 of the jobs 1 to 3999, queued"),
        "{text}"
    );
}

/// Otherwise the report of a pool that stands still shows 64 times the same, and not the one job
/// that is the cause.
#[test]
fn many_running_jobs_of_one_place_share_a_line() {
    let other = Location::caller();
    let running = |count: usize| {
        let jobs = (1..=count).map(|number| JobEntry {
            age: Some(Duration::from_millis(number as u64)),
            worker: Some(number),
            ..job(number, JobState::Running, None)
        });
        let cause = JobEntry {
            at: other,
            ..job(count + 1, JobState::Running, None)
        };
        // Something stands below job 2, so it keeps its line.
        let below = job(count + 2, JobState::Running, Some(Step::Job(2)));
        text_of(jobs.chain([cause, below]))
    };
    let few = running(60);
    assert_eq!(few.lines().count(), 63, "{few}");
    assert!(
        few.contains("job 60, running for 60 ms on worker 60, "),
        "{few}"
    );
    let many = running(100);
    assert_eq!(many.lines().count(), 5, "{many}");
    let line = "99 of the jobs 1 to 100, running for up to 100 ms, offloaded at ";
    assert!(many.contains(line), "{many}");
    assert!(many.contains("─ job 101, running, "), "{many}");
}

/// Otherwise the report of a busy pool names a circle, and not the places of its jobs.
#[test]
fn a_cut_level_keeps_the_jobs_of_a_circle() {
    // Parked jobs share no line.
    let jobs = (1..=70).map(|number| job(number, JobState::Parked, None));
    let mut report = Report {
        jobs: jobs.collect(),
        ..Report::default()
    };
    let has_line = |report: &Report| report.to_string().contains("─ job 70,");
    assert!(!has_line(&report), "{report}");
    report.cycle = Some(Cycle {
        steps: vec![Step::Job(70), Step::Permit],
    });
    assert!(has_line(&report), "{report}");
}

/// Otherwise a text is as long as its pool is large.
#[test]
fn a_level_is_cut_after_some_lines() {
    let wait = |number| WaitEntry {
        number,
        at: None,
        age: None,
        job: None,
        thread: None,
        future: None,
    };
    for (all, lines, end) in [
        (64, 64, None),
        (65, 65, Some("… and 1 ")),
        (1000, 65, Some("… and 936 ")),
    ] {
        let report = Report {
            jobs: (1..=all)
                .map(|number| job(number, JobState::Parked, None))
                .collect(),
            waits: (1..=all).map(wait).collect(),
            ..Report::default()
        };
        let text = report.to_string();
        assert_eq!(text.lines().count(), 1 + 2 * lines, "{text}");
        assert_eq!(
            text.matches("… and ").count(),
            2 * usize::from(end.is_some()),
            "{text}"
        );
        assert!(
            end.is_none_or(|end| text.matches(end).count() == 2),
            "{text}"
        );
    }
}

/// Otherwise the monitor would write for minutes, and look after nothing meanwhile.
#[test]
fn a_long_queue_is_written_in_one_pass() {
    let jobs = (1..=100_000).map(|number| job(number, JobState::Queued, None));
    let last = job(100_001, JobState::Running, Some(Step::Job(100_000)));
    let report = Report {
        jobs: jobs.chain(iter::once(last)).collect(),
        ..Report::default()
    };
    let text = within(|| report.to_string());
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains("jobs 1 to 99999, queued"), "{text}");
}

#[test]
fn an_age_has_the_unit_that_suits_it() {
    for (milliseconds, text) in [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_900, "59.9 s"),
        (60_000, "1 min 0 s"),
        (125_500, "2 min 5 s"),
    ] {
        let age = Age(Duration::from_millis(milliseconds));
        assert_eq!(age.to_string(), text);
    }
}

/// Otherwise a job that has just been parked seems to have been parked ever since it began.
#[test]
fn the_age_of_a_job_that_does_not_run_counts_from_its_begin() {
    for (state, text) in [
        (JobState::Queued, ", queued for 2.2 s on worker 1, "),
        (
            JobState::InBacklog,
            ", in the backlog for 2.2 s on worker 1, ",
        ),
        (JobState::Running, ", running for 2.2 s on worker 1, "),
        (JobState::Parked, ", parked, begun 2.2 s ago on worker 1, "),
        (
            JobState::Lending,
            "job on its worker, begun 2.2 s ago on worker 1, ",
        ),
        (JobState::Ended, ", ended, begun 2.2 s ago on worker 1, "),
    ] {
        let line = jobs_line(&[&JobEntry {
            age: Some(Duration::from_millis(2200)),
            worker: Some(1),
            ..job(1, state, None)
        }]);
        assert!(line.contains(text), "{line}");
    }
}

#[test]
fn a_report_of_a_stall_says_so() {
    let report = Report::default().stalled(Duration::from_secs(2));
    assert_eq!(
        report.to_string(),
        "pool: 0 running, 0 parked, 0 queued; 0 of 0 permits free; it has stood still for 2.0 s"
    );
}

/// Otherwise the line ends with a word of the compiler, which the user did not write.
#[test]
fn the_future_of_an_async_function_has_the_name_of_the_function() {
    let wait = |future| WaitEntry {
        number: 1,
        at: None,
        age: None,
        job: None,
        thread: None,
        future: Some(future),
    };
    for future in ["app::fetch::{{closure}}", "app::fetch"] {
        let line = wait_line(&wait(future));
        assert!(line.ends_with(", for `app::fetch`"), "{line}");
    }
}

/// Otherwise the reader takes a guess for a fact, or misses what keeps a caller waiting.
#[test]
fn a_text_says_what_is_known_and_no_more() {
    let mut report = Report {
        jobs: vec![JobEntry {
            is_detached: true,
            ..job(1, JobState::Running, None)
        }],
        waits: vec![WaitEntry {
            number: 1,
            at: None,
            age: None,
            job: None,
            thread: None,
            future: None,
        }],
        cycle: Some(Cycle {
            steps: vec![Step::Job(1), Step::Permit],
        }),
        ..Report::default()
    };
    report.metrics.backlog = 3;
    let text = report.to_string();
    for part in [
        ", 0 queued, 3 in the backlog; ",
        "job 1, running, detached, offloaded at ",
        "wait 1, not parked, ",
        "no permit is free, and each running job has descendants that need one; if these jobs \
         wait for them, none can go on: job 1 → a permit → job 1",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

/// Otherwise the reader takes the age of one job for that of all.
#[test]
fn jobs_that_share_a_line_show_the_longest_time() {
    let job = |number, seconds| JobEntry {
        age: Some(Duration::from_secs(seconds)),
        ..job(number, JobState::Queued, None)
    };
    let (newer, older) = (job(1, 1), job(2, 5));
    let line = jobs_line(&[&newer, &older]);
    assert!(
        line.starts_with("jobs 1 to 2, queued for up to 5.0 s, "),
        "{line}"
    );
}

/// Otherwise the reader takes many idle workers for one.
#[test]
fn idle_workers_are_counted() {
    let idle = |number| WorkerEntry {
        number,
        state: WorkerState::Idle,
        jobs: Vec::new(),
    };
    for (workers, text) in [(1, "└─ 1 worker is idle"), (3, "└─ 3 workers are idle")] {
        let report = Report {
            workers: (1..=workers).map(idle).collect(),
            ..Report::default()
        };
        assert!(report.to_string().ends_with(text), "{report}");
    }
}
