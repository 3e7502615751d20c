//! Runs the benches' programs, one after the other, and reads their figures.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use indicatif::ProgressBar;

use super::{catalogue::Row, figures::Figures, needs, progress, read};
use crate::run;

/// The environment variable that tells the benches to take fewer samples.
const QUICK: &str = "BRIDGE_BENCH_QUICK";

const LIMIT: Duration = Duration::from_mins(30);

/// The figures of all programs, and the programs that failed.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) figures: Figures,
    pub(super) failed: Vec<String>,
}

/// The way in which a run measures.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) quick: bool,
    /// Whether a run measures only the groups of the rows, and not all of each bench.
    pub(super) only: bool,
}

/// Runs the programs of `benches`, which measure `rows`.
pub(super) fn measure(
    benches: &[&str],
    programs: &BTreeMap<String, PathBuf>,
    rows: &[Row],
    how: How,
) -> Measured {
    // The directory holds this run alone: earlier figures must not pass for new ones.
    let home = super::directory().join("criterion");
    let _ = fs::remove_dir_all(&home);
    let bar = progress::bar(
        rows.iter()
            .filter(|row| benches.contains(&row.bench))
            .count(),
    );
    let mut measured = Measured::default();
    let start = Instant::now();
    for bench in benches {
        let Some(program) = programs.get(*bench) else {
            measured.failed.push((*bench).to_owned());
            continue;
        };
        let mut command = run::program(program, &["--bench"]);
        // The program gets the environment that Cargo would give it.
        let package = crate::root().join("bench-suite");
        command
            .env("CARGO_MANIFEST_DIR", &package)
            .current_dir(&package);
        command.env("CRITERION_HOME", &home);
        command
            .env("NO_COLOR", "1")
            .env("IAI_CALLGRIND_COLOR", "never");
        if how.quick {
            command.env(QUICK, "1");
        }
        let groups: Vec<_> = rows
            .iter()
            .filter(|row| row.bench == *bench)
            .map(|row| row.id)
            .collect();
        if how.only && !needs::is_counted(bench) {
            command.arg(format!("^({})/", groups.join("|")));
        }
        bar.set_message((*bench).to_owned());
        let began = bar.position();
        let shown = shower(&bar, &groups);
        let ended = run::watch(&mut command, LIMIT, shown);
        bar.set_position(began + groups.len() as u64);
        let took = progress::seconds(ended.time);
        bar.suspend(|| println!("measured {bench} in {took}"));
        if !ended.passed() {
            // The figures of the other programs are useful nevertheless.
            let (how, text) = (ended.verdict, last(&ended.text, 20));
            bar.suspend(|| eprintln!("{bench}: {how:?}\n{text}"));
            measured.failed.push((*bench).to_owned());
        }
        take(bench, &ended.text, &mut measured.figures);
    }
    bar.finish_and_clear();
    read::criterion(&home, &mut measured.figures);
    println!("measured all in {}", progress::seconds(start.elapsed()));
    measured
}

fn take(bench: &str, text: &str, figures: &mut Figures) {
    if needs::is_counted(bench) {
        read::callgrind(bench, text, figures);
    } else {
        read::lines(text, figures);
    }
}

/// Returns a function that shows the current candidate, and counts the groups begun.
fn shower(bar: &ProgressBar, groups: &[&'static str]) -> impl FnMut(&str) + Send + use<> {
    let bar = bar.clone();
    let mut waiting: Vec<_> = groups.to_vec();
    move |line| {
        let Some(current) = current(line) else {
            return;
        };
        bar.set_message(current.to_owned());
        let group = current.split('/').next().unwrap_or_default();
        if let Some(at) = waiting.iter().position(|waiting| *waiting == group) {
            waiting.remove(at);
            bar.inc(1);
        }
    }
}

/// Returns the candidate or group that a bench's line says is being measured.
fn current(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("Benchmarking ") {
        return rest.split(':').next();
    }
    let rest = line
        .strip_prefix("count ")
        .or(line.strip_prefix("point "))?;
    rest.split_whitespace().next()
}

/// Returns the last lines of a text.
fn last(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_seen_who_is_measured() {
        assert_eq!(
            current("Benchmarking P8/bridge: Warming up for 1 s"),
            Some("P8/bridge")
        );
        assert_eq!(current("count P14 bridge 7"), Some("P14"));
        assert_eq!(current("P8/bridge   time: [1 ns 2 ns 3 ns]"), None);
    }
}
