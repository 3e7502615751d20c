//! The stage `coverage`: each piece of the pool and of the waits that no test reaches is
//! known, with the reason.
//!
//! `xtask/coverage.toml` is the list. A piece that is neither reached nor listed is a
//! failure. An entry whose line is no longer in the source is a failure too.

mod list;
mod pieces;

use std::{collections::BTreeMap, fs, path::Path};

use self::pieces::Export;
use super::{
    instrumented::{BUILD, skip},
    stage::{Budget, Tally},
};
use crate::run::{self, Output};

/// The directories of the pool and of the waits.
const SCOPE: [&str; 4] = [
    "offload/src/",
    "bridge/src/wait/",
    "bridge/src/runtime/",
    "bridge/src/call/",
];

/// The path of the tool's report, from the root of the workspace.
const REPORT: &str = "target/coverage.json";

/// The packages whose tests are measured. The packages of a group are built together.
///
/// A feature that one package of a group wants is on for the whole group. Each group here
/// wants other features of the bridge or of Tokio.
const MEASURED: [&[&str]; 4] = [
    &["bridge-offload", "bridge"],
    &["bridge-faults"],
    &["bridge-paused-clock"],
    &["bridge-current-thread"],
];

/// A test that the measurement does not run: the counters make each frame larger than its
/// stack allows.
const NOT_MEASURED: [&str; 1] = ["nesting::a_thousand_deep_on_one_stack"];

const LIST: &str = "xtask/coverage.toml";

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let root = crate::root();
    let listed = fs::read_to_string(root.join(LIST)).map_err(|error| format!("{LIST}: {error}"))?;
    let list::Listed {
        pieces: listed,
        open,
    } = list::read(&listed)?;
    measure(budget)?;
    let report =
        fs::read_to_string(root.join(REPORT)).map_err(|error| format!("{REPORT}: {error}"))?;
    let export: Export =
        serde_json::from_str(&report).map_err(|error| format!("{REPORT}: {error}"))?;
    let sources = sources(&export, &root)?;
    let seen = pieces::of(&export, &sources);
    let stale = listed.iter().filter(|piece| !piece.is_in(&sources));
    let stale = stale
        .inspect(|piece| println!("{LIST}: the source has no such line: {piece}"))
        .count();
    let unknown: Vec<_> = seen
        .unreached
        .iter()
        .filter(|piece| !listed.contains(piece))
        .collect();
    for piece in &unknown {
        println!("not reached, and not listed: {piece}");
    }
    if stale + unknown.len() > 0 {
        let unknown = unknown.len();
        return Err(format!(
            "{unknown} pieces are neither reached nor in {LIST}, and {stale} of its lines are \
             in no source"
        ));
    }
    Ok(Tally {
        count: seen.reached,
        note: format!(
            "of {}; the list has {} pieces, {open} of them open; {} were reached this time",
            seen.all,
            listed.len(),
            listed.len() - seen.unreached.len()
        ),
    })
}

/// Runs all measured tests, and leaves the report.
fn measure(budget: &Budget) -> Result<(), String> {
    // This removes only the counts of earlier runs, and not the builds.
    let mut clean = run::cargo(&["llvm-cov", "clean", "--profraw-only"]);
    if !run::run(&mut clean, budget.search, Output::Show).passed() {
        return Err("the counts of earlier runs cannot be removed".to_owned());
    }
    for packages in MEASURED {
        measure_packages(packages, budget)?;
    }
    let mut report = run::cargo(&["llvm-cov", "report", "--json", "--skip-functions"]);
    report.args(["--output-path", REPORT]);
    if run::run(&mut report, budget.search, Output::Show).passed() {
        Ok(())
    } else {
        Err("there is no report of the counts".to_owned())
    }
}

/// Runs the tests of these packages with counters, and keeps the counts.
fn measure_packages(packages: &[&str], budget: &Budget) -> Result<(), String> {
    // `--no-report` keeps the counts of earlier runs.
    let mut tool = run::cargo(&["llvm-cov", "--no-cfg-coverage", "--no-report"]);
    for package in packages {
        tool.args(["--package", package]);
    }
    tool.args(["--tests", "--no-fail-fast"]);
    tool.arg("--").args(skip(&NOT_MEASURED));
    // A counter may lose an increment to another thread. Then code that runs looks like
    // code that does not run, and the reverse.
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let atomic = "-Cllvm-args=--instrprof-atomic-counter-update-all";
    tool.env("RUSTFLAGS", format!("{flags} {atomic}").trim());
    tool.env("CARGO_PROFILE_DEV_DEBUG", "0");
    // The tool builds and runs in one step.
    let ended = run::run(&mut tool, BUILD + budget.search, Output::Show);
    if ended.passed() {
        Ok(())
    } else {
        let packages = packages.join(" and ");
        Err(format!(
            "the tests of {packages} ended as {:?}",
            ended.verdict
        ))
    }
}

/// Returns the texts of the files in scope, by their paths from the root.
fn sources(export: &Export, root: &Path) -> Result<BTreeMap<String, String>, String> {
    let mut sources = BTreeMap::new();
    for file in export.files() {
        let Ok(path) = Path::new(file).strip_prefix(root) else {
            continue;
        };
        let path = path.to_string_lossy().replace('\\', "/");
        if SCOPE.iter().any(|scope| path.starts_with(scope)) && !path.ends_with("tests.rs") {
            let text = fs::read_to_string(file).map_err(|error| format!("{path}: {error}"))?;
            sources.insert(path, text);
        }
    }
    if sources.is_empty() {
        return Err("the report names no file of the pool".to_owned());
    }
    Ok(sources)
}
