//! Measures the figures beside the peers, keeps them, judges them and shows them.
//!
//! A value travels one way. The catalogue says what is wanted, and `needs` finds what
//! this machine can measure. The benches are built, then run. Their figures become a
//! record, together with the machine and the versions. The record is judged, and
//! becomes the table, the report and the quoted figures. So everything that is shown can
//! be made from a record again, without measuring.

mod build;
mod catalogue;
mod compare;
mod figures;
mod limits;
mod machine;
mod measure;
mod needs;
mod progress;
mod python;
mod read;
mod readme;
mod record;
mod report;
mod table;
mod unit;
mod verdict;

use std::path::{Path, PathBuf};

use self::{
    catalogue::BESIDE,
    figures::Figures,
    limits::Limits,
    machine::Toolchain,
    measure::{How, Measured},
    record::Record,
    verdict::{all_held, all_measured},
};
use crate::Chore;

pub(crate) use self::{
    readme::{Document, agrees},
    record::is_kept,
};

#[derive(clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command"
)]
pub(crate) struct Args {
    /// Take fewer samples: under two minutes, once everything is built
    #[arg(long)]
    quick: bool,
    /// Measure only rows whose id starts with this, as `P8`
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Measure `SmartAsync` and its peers in Python too
    #[arg(long)]
    python: bool,
    /// Keep the record in `bench-suite/record/`, and quote it in the documents
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    record: bool,
    /// Fail if a row misses its limit, or has one and is not measured
    #[arg(long)]
    strict: bool,
    /// Only count instructions, and fail if a hot path executes too many
    #[arg(long, conflicts_with_all = ["quick", "only", "python", "record"])]
    check: bool,
    /// With --check: set the limits to what is counted now
    #[arg(long, requires = "check")]
    update: bool,
    /// Measure nothing; show a record: a path, a date, or `last`
    #[arg(long, value_name = "RECORD", conflicts_with_all = MEASURING)]
    report: Option<String>,
    /// Measure nothing; show what has changed from record A to record B
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = MEASURING)]
    compare: Option<Vec<String>>,
    /// Measure nothing; quote the newest record in the README, `FIGURES.md` and the guide
    #[arg(long, conflicts_with_all = MEASURING)]
    readme: bool,
}

/// The options that make no sense with an option that measures nothing.
const MEASURING: [&str; 6] = ["quick", "only", "python", "record", "check", "update"];

pub(crate) fn run(args: &Args) -> Chore {
    if let Some([a, b]) = args.compare.as_deref() {
        compare(a, b)
    } else if let Some(name) = &args.report {
        show(&Record::load(name)?, &page(), args.strict)
    } else if args.readme {
        readme::write()
    } else if args.check {
        check(args.update)
    } else {
        measured(args)
    }
}

/// Returns the directory in which a run leaves its report and its record.
fn directory() -> PathBuf {
    crate::root().join("target").join("bench-report")
}

/// Returns the path of the report.
fn page() -> PathBuf {
    directory().join("index.html")
}

fn measured(args: &Args) -> Chore {
    let only = args.only.as_deref();
    let rows = catalogue::rows(only);
    if rows.is_empty() {
        return Err(
            "no row has that id; rows are P1 to P16, P20 to P22, and the C-, L-, M- and IO- rows"
                .into(),
        );
    }
    let needs = needs::look(&rows, args.python);
    for line in &needs.missing {
        eprintln!("{line}");
    }
    if args.record && !needs.missing.is_empty() {
        return Err("nothing is measured, because a record needs every figure".to_owned());
    }
    let mut record = Record::begun(args.quick, only)?;
    let programs = build::build(&needs.benches)?;
    let how = How {
        quick: args.quick,
        only: only.is_some(),
    };
    let measured = measure::measure(&needs.benches, &programs, &rows, how);
    let mut failed = measured.failed;
    record.figures = measured.figures;
    if let Some(python) = needs.python {
        match python::measure(python, args.quick) {
            Ok((figures, versions)) => {
                record.figures.0.extend(figures.0);
                record.python = versions;
            }
            Err(why) => {
                eprintln!("SmartAsync is not measured: {why}");
                failed.push("python".to_owned());
            }
        }
    }
    record.save(&record::last())?;
    show(&record, &page(), args.strict)?;
    if !failed.is_empty() {
        // An incomplete record is not kept.
        return Err(format!("not measured: {}", failed.join(", ")));
    }
    if args.record {
        all_measured(&verdict::judge_all(&rows, &record.figures))?;
        let path = record.kept_at();
        record.save(&crate::root().join(&path))?;
        println!("kept as {path}");
        readme::write()?;
    }
    Ok(())
}

/// Prints the tables of `record`, and writes its report to `page`.
fn show(record: &Record, page: &Path, strict: bool) -> Chore {
    let rows = catalogue::rows(record.only.as_deref());
    let judged = verdict::judge_all(&rows, &record.figures);
    println!("{}", table::verdicts(&judged));
    if BESIDE
        .iter()
        .any(|beside| record.figures.group(beside.group).is_some())
    {
        println!("{}", table::beside(&record.figures));
    }
    println!("medians of one run, {}: {}", record.when, record.origin());
    report::write(page, record, &judged)?;
    println!("report: {}", page.display());
    match all_held(&judged) {
        Err(why) if !strict => {
            println!("{why}");
            Ok(())
        }
        held => held,
    }
}

fn compare(a: &str, b: &str) -> Chore {
    let (before, after) = (Record::load(a)?, Record::load(b)?);
    let (pairs, drift) = compare::pairs(&before, &after);
    if pairs.is_empty() {
        return Err(format!("{a} and {b} have no figure in common"));
    }
    let (table, line) = compare::render(&pairs, drift);
    println!(
        "{table}\nA: {}, {}\nB: {}, {}\n{line}",
        before.when,
        before.origin(),
        after.when,
        after.origin()
    );
    if before.machine != after.machine {
        println!(
            "the records are of different machines: only ratios between peers can be compared"
        );
    }
    Ok(())
}

/// Counts instructions and compares them with the limits, or sets the limits.
fn check(update: bool) -> Chore {
    // A check that cannot run must fail.
    let missing = needs::counting_tools();
    if !missing.is_empty() {
        return Err(format!(
            "instructions cannot be counted: {}",
            missing.join("; ")
        ));
    }
    let benches = needs::counted();
    let programs = build::build(&benches)?;
    let rows: Vec<_> = catalogue::rows(None)
        .into_iter()
        .filter(|row| needs::is_counted(row.bench))
        .collect();
    let how = How {
        quick: false,
        only: false,
    };
    let Measured { figures, failed } = measure::measure(&benches, &programs, &rows, how);
    if !failed.is_empty() {
        return Err(format!("not counted: {}", failed.join(", ")));
    }
    // Otherwise an update would write no limit, and each later check would pass.
    if figures.0.is_empty() {
        return Err("no instruction was counted".to_owned());
    }
    let here = Toolchain::here()?;
    if update {
        Limits::above(&figures, here.clone()).save()?;
    }
    hold(&Limits::load()?, &figures, &here)
}

fn hold(limits: &Limits, figures: &Figures, here: &Toolchain) -> Chore {
    let checked = limits.check(figures);
    if checked.is_empty() {
        return Err("no path was counted, and none has a limit".to_owned());
    }
    let (table, failed) = limits::render(&checked);
    println!("{table}");
    if failed.is_empty() {
        return Ok(());
    }
    if let Some(other) = limits.other_toolchain(here) {
        println!("{other}");
    }
    Err(format!(
        "too many instructions, or not checked: {}",
        failed.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_of_nothing_fails() {
        let nothing = hold(
            &Limits::default(),
            &Figures::default(),
            &Toolchain::default(),
        );
        assert!(nothing.is_err());
    }

    /// Otherwise `--check` prints which path is too long, and passes.
    #[test]
    fn a_path_with_too_many_instructions_fails_the_check() {
        let mut figures = Figures::default();
        figures.set("I-wait", "bridge", 1_000.0);
        let here = Toolchain::default();
        let limits = Limits::above(&figures, here.clone());
        assert_eq!(hold(&limits, &figures, &here), Ok(()));
        figures.set("I-wait", "bridge", 2_000.0);
        let why = hold(&limits, &figures, &here).expect_err("it is too long");
        assert!(why.ends_with(": I-wait"), "{why}");
    }

    /// Otherwise `--strict` passes where nothing was measured.
    #[test]
    fn strictness_refuses_a_record_without_figures() {
        let record = Record {
            only: Some("P8".to_owned()),
            ..Record::default()
        };
        let page = crate::root().join("target/strict-test/index.html");
        assert_eq!(show(&record, &page, false), Ok(()));
        let why = show(&record, &page, true).expect_err("nothing was measured");
        assert_eq!(why, "not measured: P8");
    }
}
