//! The figures, beside the peers, in one table.
//!
//! Runs the wall-clock benches of `bench-suite` with Criterion and its counts
//! (sizes, allocations, idle CPU), reads the medians back, and puts them beside
//! what `SmartAsync` documents and what each figure must be. Nothing in the
//! table is written down here but the documented figures and the limits.

mod catalogue;
mod figures;
mod icount;
mod show;
mod table;
mod verdict;

use std::{fs, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use self::{catalogue::Row, figures::Figures};
use crate::{
    Chore,
    run::{self, Output},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Fewer samples: a first impression in under two minutes, once built
    #[arg(long)]
    quick: bool,
    /// Only rows whose id starts with this, as `P8`
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// Count instructions too (P1, P2), with Callgrind
    #[arg(long)]
    icount: bool,
    /// Fail if a row misses its limit
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(args: &Args) -> Chore {
    let rows = catalogue::rows(args.only.as_deref());
    if rows.is_empty() {
        return Err("no row of that id; see `cargo xtask bench --help`".into());
    }
    let counted = args.icount.then(|| icount::run(&rows));
    let criterion = crate::root().join("target").join("criterion");
    // Figures of an earlier run must not pass for figures of this one.
    for row in &rows {
        let _ = fs::remove_dir_all(criterion.join(row.group));
    }
    let mut figures = Figures::default();
    let measured = measure(&rows, args, &mut figures);
    figures.read(&criterion, &rows);
    if let Some(counted) = counted {
        match counted {
            Ok(counts) => figures.extend(counts),
            Err(why) => eprintln!("instructions are not counted: {why}"),
        }
    } else if rows.iter().any(|row| row.bench == "icount_calls") {
        eprintln!("instructions are counted only with --icount");
    }
    let judged: Vec<_> = rows
        .iter()
        .map(|row| verdict::judge(row, &figures))
        .collect();
    println!("{}", table::render(&rows, &judged));
    println!("{}", table::machine());
    let missed: Vec<_> = judged.iter().filter(|j| j.missed()).map(|j| j.id).collect();
    match missed.as_slice() {
        [] => measured,
        ids if args.strict => Err(format!("missed: {}", ids.join(", "))),
        ids => {
            println!("missed: {}", ids.join(", "));
            measured
        }
    }
}

/// Runs the benches that `rows` need, one program after the other.
fn measure(rows: &[Row], args: &Args, figures: &mut Figures) -> Chore {
    let mut benches: Vec<_> = rows.iter().map(|row| row.bench).collect();
    benches.sort_unstable();
    benches.dedup();
    benches.retain(|bench| !bench.starts_with("icount"));
    let style = ProgressStyle::with_template("{spinner} [{pos}/{len}] {elapsed} {msg}");
    let bar = ProgressBar::new(benches.len() as u64).with_style(style.expect("the template"));
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut failed = Vec::new();
    for bench in benches {
        bar.set_message(format!("{bench}: building and measuring"));
        let groups: Vec<_> = rows
            .iter()
            .filter(|row| row.bench == bench)
            .map(|row| row.group)
            .collect();
        let filter = format!("^({})/", groups.join("|"));
        let mut cargo = run::cargo(&["bench", "--package", "bench-suite", "--bench", bench]);
        cargo.args(["--", &filter]);
        if args.quick {
            cargo.env("BRIDGE_BENCH_QUICK", "1");
        }
        let ended = run::run(&mut cargo, Duration::from_mins(30), Output::Keep);
        if !ended.passed() {
            // The others are worth having all the same.
            bar.println(format!(
                "{bench}: {:?}\n{}",
                ended.verdict,
                last(&ended.text, 20)
            ));
            failed.push(bench);
        }
        figures.read_counts(&ended.text);
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("not measured: {}", failed.join(", ")))
    }
}

/// The last lines of a text.
fn last(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
