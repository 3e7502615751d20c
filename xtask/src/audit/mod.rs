//! `cargo xtask audit`: checks, with one command, that the bridge is safe.
//!
//! The audit consists of stages. Each stage searches for one kind of fault
//! with one method, counts what it executed, and fails if it executed nothing.
//! `AUDIT.md` says what each stage can see and what it cannot.

pub(crate) mod breaks;
mod coverage;
mod faults;
mod fuzz;
mod instrumented;
mod loom;
mod miri;
mod peers;
mod printed;
mod proptest;
mod sanitizer;
mod shuttle;
mod soak;
mod stage;
mod stages;
mod valgrind;

use std::time::{Duration, Instant};

use comfy_table::{Cell, Table, presets::UTF8_FULL_CONDENSED};

use self::stage::{Budget, Report, Stage};
use crate::Chore;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The stages to run; all of them if none is named
    #[arg(value_name = "STAGE")]
    stages: Vec<String>,
    /// Run the short form of each stage: under three minutes together
    #[arg(long)]
    quick: bool,
    /// Let each stage that could search for ever search this long
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u64>,
    /// The seed of the stages that draw at random, to repeat a failure
    #[arg(long)]
    seed: Option<u64>,
    /// Run the chosen stages this often, and stop at the first failure
    #[arg(long, default_value_t = 1, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    times: u32,
    /// Run only the breaks whose path, `crate/name`, contains this (stage `breaks`)
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// List the stages and stop
    #[arg(long)]
    list: bool,
}

impl Args {
    /// Returns the arguments with which `cargo xtask test` runs the audit.
    pub(crate) fn quick() -> Self {
        Self {
            stages: Vec::new(),
            quick: true,
            seconds: None,
            seed: None,
            times: 1,
            only: None,
            list: false,
        }
    }
}

pub(crate) fn run(args: &Args) -> Chore {
    let chosen = chosen(args)?;
    if args.list {
        for stage in &chosen {
            println!("{:<10} {}", stage.name, stage.purpose);
        }
        return Ok(());
    }
    run_stages(args, &chosen)
}

/// Runs these stages as often as the arguments say, and shows each round in a table.
fn run_stages(args: &Args, chosen: &[Stage]) -> Chore {
    let start = Instant::now();
    let mut reports = Vec::new();
    for round in 1..=args.times {
        reports.clear();
        for (index, stage) in chosen.iter().enumerate() {
            let turn = if args.times > 1 {
                format!("round {round} of {}, ", args.times)
            } else {
                String::new()
            };
            eprintln!(
                "\n[{turn}{}/{}] {}: {}",
                index + 1,
                chosen.len(),
                stage.name,
                stage.purpose
            );
            reports.push(stage.run(&budget(args, stage)));
        }
        println!("\n{}", table(&reports));
        verdict(&reports, !args.stages.is_empty())?;
    }
    println!(
        "audit: {} stages in {} s",
        chosen.len(),
        start.elapsed().as_secs()
    );
    Ok(())
}

/// Returns the stages that the arguments name, in the order of the audit.
fn chosen(args: &Args) -> Result<Vec<Stage>, String> {
    let all = stages::all();
    let names: Vec<_> = all.iter().map(|stage| stage.name).collect();
    if let Some(unknown) = args.stages.iter().find(|n| !names.contains(&n.as_str())) {
        return Err(format!(
            "the audit has no stage `{unknown}`; its stages are: {}",
            names.join(", ")
        ));
    }
    let wanted = |stage: &Stage| {
        if args.stages.is_empty() {
            args.list || (stage.part_of_the_whole && (!args.quick || stage.quick.is_some()))
        } else {
            args.stages.iter().any(|name| name == stage.name)
        }
    };
    Ok(all.into_iter().filter(wanted).collect())
}

fn budget<'a>(args: &'a Args, stage: &Stage) -> Budget<'a> {
    let usual = match stage.quick {
        Some(quick) if args.quick => quick,
        _ => stage.full,
    };
    Budget {
        quick: args.quick,
        search: match args.seconds {
            Some(seconds) if stage.is_open_ended() => Duration::from_secs(seconds),
            _ => usual,
        },
        seed: args.seed,
        only: args.only.as_deref(),
    }
}

fn table(reports: &[Report]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(["stage", "executed", "seconds", "verdict", "note"]);
    for report in reports {
        table.add_row([
            Cell::new(report.stage),
            Cell::new(report.executed()),
            Cell::new(format!("{:.1}", report.time.as_secs_f64())),
            Cell::new(report.verdict()),
            Cell::new(report.note()),
        ]);
    }
    table
}

/// Fails if a stage has failed. `named` says that the user named the stages.
fn verdict(reports: &[Report], named: bool) -> Chore {
    let failed: Vec<_> = reports
        .iter()
        .filter(|report| report.failed(named))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let stages: Vec<_> = failed.iter().map(|report| report.stage).collect();
    let stages = stages.join(", ");
    let reasons = failed
        .iter()
        .map(|report| format!("\n\n{}: {}", report.stage, report.reason()));
    Err(format!(
        "audit: not passed: {stages}{}",
        reasons.collect::<String>()
    ))
}

#[cfg(test)]
mod tests {
    use super::{
        stage::{Ending, Tally},
        *,
    };

    fn named(stages: &[&str]) -> Args {
        Args {
            stages: stages.iter().map(|name| (*name).to_owned()).collect(),
            quick: false,
            ..Args::quick()
        }
    }

    #[test]
    fn an_unknown_stage_is_refused_with_the_names_of_all() {
        let Err(why) = chosen(&named(&["lom"])) else {
            panic!("there is no such stage");
        };
        assert!(why.contains("`lom`") && why.contains("loom"), "{why}");
    }

    #[test]
    fn stages_have_names_of_their_own() {
        let mut names: Vec<_> = stages::all().iter().map(|stage| stage.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_list_has_the_stages_that_run_only_when_named() {
        let list = Args {
            list: true,
            ..Args::quick()
        };
        let listed = chosen(&list).unwrap_or_default();
        assert_eq!(listed.len(), stages::all().len());
        assert!(listed.iter().any(|stage| stage.name == "breaks"));
    }

    #[test]
    fn a_stage_that_fails_fails_the_audit_and_is_named() {
        let passed = Report::of(
            "loom",
            Ending::Passed(Tally {
                count: 1,
                note: String::new(),
            }),
        );
        assert_eq!(verdict(std::slice::from_ref(&passed), true), Ok(()));
        let failed = Report::of("soak", Ending::Failed("it leaks".to_owned()));
        let why = verdict(&[passed, failed], false).expect_err("a stage failed");
        assert!(why.contains("not passed: soak"), "{why}");
        assert!(why.contains("it leaks"), "{why}");
    }

    #[test]
    fn a_stage_that_is_skipped_fails_the_audit_only_if_the_user_named_it() {
        let skipped = [Report::of("miri", Ending::Skipped("no Miri".to_owned()))];
        assert_eq!(verdict(&skipped, false), Ok(()));
        let why = verdict(&skipped, true).expect_err("the stage did not run");
        assert!(why.contains("miri: no Miri"), "{why}");
    }

    #[test]
    fn the_whole_audit_and_its_short_form_have_these_stages() {
        let names = |quick| {
            let args = Args {
                quick,
                ..Args::quick()
            };
            let chosen = chosen(&args).unwrap_or_default();
            chosen.iter().map(|stage| stage.name).collect::<Vec<_>>()
        };
        let quick = ["loom", "shuttle", "proptest", "fuzz", "faults", "soak"];
        assert_eq!(names(true), quick);
        let more = ["address", "thread", "miri", "valgrind", "peers"];
        assert_eq!(names(false), [&quick[..], &more].concat());
    }

    #[test]
    fn an_audit_with_a_stage_that_fails_fails() {
        let broken = Stage {
            name: "broken",
            purpose: "",
            unit: "tests",
            quick: None,
            full: Duration::ZERO,
            part_of_the_whole: true,
            needs: &[],
            work: |_| Err("it leaks".to_owned()),
        };
        let why = run_stages(&named(&["broken"]), &[broken]).unwrap_err();
        assert!(why.contains("it leaks"), "{why}");
    }

    /// Otherwise `--seconds 60` kills the stages that take longer.
    #[test]
    fn seconds_bound_a_search_and_kill_no_fixed_set_of_tests() {
        let args = Args {
            seconds: Some(60),
            ..named(&[])
        };
        for stage in stages::all() {
            let is_open = ["shuttle", "proptest", "fuzz"].contains(&stage.name);
            let minute = Duration::from_mins(1);
            let expected = if is_open { minute } else { stage.full };
            assert_eq!(budget(&args, &stage).search, expected, "{}", stage.name);
        }
    }

    #[test]
    fn a_named_stage_runs_alone() {
        let chosen = chosen(&named(&["loom"])).unwrap_or_default();
        assert_eq!(chosen.len(), 1);
    }
}
