//! The stage `coverage`: each piece of the pool and of the waits that no test reaches is
//! known, with the reason.
//!
//! `xtask/coverage.toml` is the list. A piece that is neither reached nor listed is a
//! failure. An entry whose line is no longer in the source is a failure too.

mod list;
mod pieces;

use std::{collections::BTreeMap, fs, path::Path};

use self::{
    list::Listed,
    pieces::{Export, Seen},
};
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
    let listed = list::read(&listed)?;
    measure(budget)?;
    let report =
        fs::read_to_string(root.join(REPORT)).map_err(|error| format!("{REPORT}: {error}"))?;
    let export: Export =
        serde_json::from_str(&report).map_err(|error| format!("{REPORT}: {error}"))?;
    let sources = sources(&export, &root)?;
    tally(&pieces::of(&export, &sources), &listed, &sources)
}

/// Counts the pieces that were reached. Fails if another piece is not in the list, or if a
/// piece of the list is in no source.
fn tally(
    seen: &Seen,
    Listed { pieces, open }: &Listed,
    sources: &BTreeMap<String, String>,
) -> Result<Tally, String> {
    let stale = pieces.iter().filter(|piece| !piece.is_in(sources));
    let stale = stale
        .inspect(|piece| println!("{LIST}: the source has no such line: {piece}"))
        .count();
    let unknown: Vec<_> = seen
        .unreached
        .iter()
        .filter(|piece| !pieces.contains(piece))
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
            pieces.len(),
            pieces.len() - seen.unreached.len()
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
        if is_counted(&path) {
            let text = fs::read_to_string(file).map_err(|error| format!("{path}: {error}"))?;
            sources.insert(path, text);
        }
    }
    if sources.is_empty() {
        return Err("the report names no file of the pool".to_owned());
    }
    Ok(sources)
}

/// Returns whether the file is in scope, and is no file of tests.
fn is_counted(path: &str) -> bool {
    let is_test = path.ends_with("tests.rs") || path.contains("/tests/");
    SCOPE.iter().any(|scope| path.starts_with(scope)) && !is_test
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
        [[unreached]]
        file = "a.rs"
        function = "first"
        lines = ["give_up();"]
        why = "It never happens."
    "#;

    fn sources() -> BTreeMap<String, String> {
        let text = "fn first() {\ngive_up();\n}\nfn second() {\ngo_on();\n}\n";
        BTreeMap::from([("a.rs".to_owned(), text.to_owned())])
    }

    /// Returns the verdict on these unreached pieces, of which there is a list.
    fn judged(unreached: &Listed, listed: &Listed) -> Result<Tally, String> {
        let seen = Seen {
            all: 8,
            reached: 7,
            unreached: unreached.pieces.clone(),
        };
        tally(&seen, listed, &sources())
    }

    #[test]
    fn a_piece_that_no_test_reaches_must_be_in_the_list() {
        let listed = list::read(LIST).unwrap();
        let passed = judged(&listed, &listed).unwrap();
        assert_eq!(passed.count, 7);
        let other = LIST.replace("first", "second").replace("give_up", "go_on");
        let other = list::read(&other).unwrap();
        let why = judged(&other, &listed).unwrap_err();
        assert!(why.starts_with("1 pieces are neither"), "{why}");
    }

    #[test]
    fn a_piece_of_the_list_must_be_in_the_source() {
        let gone = list::read(&LIST.replace("give_up", "is_gone")).unwrap();
        let why = judged(&Listed::default(), &gone).unwrap_err();
        assert!(why.contains("and 1 of its lines"), "{why}");
    }

    #[test]
    fn files_of_tests_do_not_count() {
        assert!(is_counted("offload/src/schedule/state.rs"));
        assert!(!is_counted("offload/src/schedule/state/tests.rs"));
        assert!(!is_counted("offload/src/schedule/state/tests/hopeless.rs"));
        assert!(!is_counted("cache/src/cache.rs"));
    }
}
