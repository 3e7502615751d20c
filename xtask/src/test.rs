//! Checks everything that has to hold, step by step, under kill timers.
//!
//! The chore needs nothing but Rust. A step whose tool is missing says so and is
//! skipped, unless the user named it. Any other step that does not pass makes the chore
//! fail, after the remaining steps have run.

mod packages;
mod step;
mod steps;
mod versions;

use std::time::Instant;

use comfy_table::{Cell, Table, presets::UTF8_FULL_CONDENSED};

use self::step::{Report, Step};
use crate::Chore;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only the steps whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

pub(crate) fn run(args: &Args) -> Chore {
    let steps: Vec<Step> = steps::all()
        .into_iter()
        .filter(|step| {
            args.only
                .as_ref()
                .is_none_or(|only| step.name.contains(only))
        })
        .collect();
    if steps.is_empty() {
        let names: Vec<_> = steps::all().iter().map(|step| step.name).collect();
        return Err(format!(
            "no step has that name; the steps are: {}",
            names.join(", ")
        ));
    }
    let start = Instant::now();
    let count = steps.len();
    let mut reports = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        eprintln!("\n[{}/{count}] {}: {}", index + 1, step.name, step.purpose);
        let report = step.run();
        if let Some(note) = &report.note {
            eprintln!("    {note}");
        }
        reports.push(report);
    }
    println!("\n{}", table(&reports));
    for report in &reports {
        if let Some(details) = &report.details {
            println!("\n{}: {details}", report.name);
        }
    }
    println!("\n{count} steps in {} s", start.elapsed().as_secs());
    verdict(&reports, args.only.is_some())
}

fn table(reports: &[Report]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(["step", "result", "seconds", "note"]);
    for report in reports {
        table.add_row([
            Cell::new(report.name),
            Cell::new(report.result.name()),
            Cell::new(format!("{:.1}", report.time.as_secs_f64())),
            Cell::new(report.note.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

/// Fails if a step has failed. `named` says that the user named the steps.
fn verdict(reports: &[Report], named: bool) -> Chore {
    let failed: Vec<_> = reports
        .iter()
        .filter(|r| r.result.is_failure(named))
        .map(|r| r.name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not passed: {}", failed.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{step::StepResult, *};

    fn report(name: &'static str, result: StepResult) -> Report {
        Report {
            name,
            result,
            time: Duration::ZERO,
            note: None,
            details: None,
        }
    }

    #[test]
    fn one_failure_fails_the_whole_and_is_named() {
        let reports = [
            report("a", StepResult::Passed),
            report("b", StepResult::Failed),
        ];
        assert_eq!(verdict(&reports, false), Err("not passed: b".to_owned()));
        assert!(verdict(&[report("c", StepResult::Killed)], false).is_err());
    }

    #[test]
    fn what_was_skipped_is_shown_and_fails_only_if_the_user_named_it() {
        let reports = [
            report("a", StepResult::Passed),
            report("b", StepResult::Skipped),
        ];
        assert_eq!(verdict(&reports, false), Ok(()));
        assert_eq!(verdict(&reports, true), Err("not passed: b".to_owned()));
        assert!(table(&reports).to_string().contains("skipped"));
    }
}
