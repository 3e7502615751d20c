//! Finds what a run needs, before anything is built.
//!
//! Each missing tool is named in one line, with the command that installs it. The run
//! continues without the rows that need the tool.

use std::time::Duration;

use super::catalogue::Row;
use crate::{
    run::{self, Output},
    tools::Tool,
};

/// The beginning of the names of benches that Callgrind runs.
const COUNTED: &str = "icount";

/// The benches and tools that a run can use on this machine.
#[derive(Debug)]
pub(super) struct Needs {
    /// The benches that can run, each once.
    pub(super) benches: Vec<&'static str>,
    /// One line for each missing bench or tool.
    pub(super) missing: Vec<String>,
    /// The name of the Python program, if it was asked for and is installed.
    pub(super) python: Option<&'static str>,
}

/// Returns whether Callgrind runs this bench.
pub(super) fn is_counted(bench: &str) -> bool {
    bench.starts_with(COUNTED)
}

/// Finds what `rows` need.
pub(super) fn look(rows: &[Row], python: bool) -> Needs {
    let mut benches: Vec<_> = rows.iter().map(|row| row.bench).collect();
    // The catalogue names only one of the benches that count. The others run with it.
    if benches.iter().any(|bench| is_counted(bench)) {
        benches.extend(counted());
    }
    benches.sort_unstable();
    benches.dedup();
    let mut missing = Vec::new();
    if benches.iter().any(|bench| is_counted(bench)) {
        let lacking = counting_tools();
        if !lacking.is_empty() {
            benches.retain(|bench| !is_counted(bench));
            missing.extend(
                lacking
                    .iter()
                    .map(|line| format!("instructions are not counted: {line}")),
            );
        }
    }
    let (here, gone): (Vec<_>, Vec<_>) = benches.into_iter().partition(|bench| exists(bench));
    missing.extend(
        gone.iter()
            .map(|bench| format!("there is no bench `{bench}`, so its rows stay empty")),
    );
    let found = python.then(find_python).flatten();
    if python && found.is_none() {
        missing.push(
            "SmartAsync is not measured: python3 is missing; install it with the system's package manager"
                .to_owned(),
        );
    }
    Needs {
        benches: here,
        missing,
        python: found,
    }
}

/// Returns the benches that count instructions.
pub(super) fn counted() -> Vec<&'static str> {
    let all = ["icount_calls", "icount_paths"];
    all.into_iter().filter(|bench| exists(bench)).collect()
}

/// Returns a line for each missing tool that counting needs.
pub(super) fn counting_tools() -> Vec<String> {
    let tools = [Tool::Valgrind, Tool::CallgrindRunner];
    tools.into_iter().filter_map(Tool::missing).collect()
}

fn exists(bench: &str) -> bool {
    let benches = crate::root().join("bench-suite").join("benches");
    benches.join(bench).with_extension("rs").is_file()
}

fn find_python() -> Option<&'static str> {
    ["python3", "python"].into_iter().find(|name| {
        let probe = [
            "-c",
            "import sys, venv; sys.exit(sys.version_info < (3, 10))",
        ];
        run::run(
            &mut run::program(name, &probe),
            Duration::from_secs(30),
            Output::Keep,
        )
        .passed()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::catalogue;

    #[test]
    fn a_bench_that_is_not_there_is_named_and_left_out() {
        let mut rows = catalogue::rows(Some("P8"));
        rows.extend(catalogue::rows(Some("P9")));
        let whole = look(&rows, false);
        assert_eq!(whole.benches, ["wall_offload"]);
        assert!(whole.missing.is_empty(), "{:?}", whole.missing);
        rows[0].bench = "no_such_bench";
        let part = look(&rows, false);
        assert_eq!(part.benches, ["wall_offload"]);
        assert_eq!(part.missing.len(), 1);
        assert!(
            part.missing[0].contains("no_such_bench"),
            "{:?}",
            part.missing
        );
    }
}
