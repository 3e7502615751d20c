//! Builds all benches in one go, and finds their programs.
//!
//! Building is apart from measuring, so that no compiler runs beside a measurement, and
//! a run's time is that of its measurements.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use indicatif::ProgressBar;
use serde::Deserialize;

use super::progress;
use crate::run;

/// The part of Cargo's messages that this module needs.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// Builds `benches`, and returns the program of each.
pub(super) fn build(benches: &[&str]) -> Result<BTreeMap<String, PathBuf>, String> {
    let bar = progress::spinner("building the benches");
    let mut cargo = run::cargo(&["bench", "--package", "bench-suite", "--no-run"]);
    cargo.arg("--message-format=json-render-diagnostics");
    for bench in benches {
        cargo.args(["--bench", bench]);
    }
    let shown = bar.clone();
    let ended = run::watch(&mut cargo, Duration::from_mins(30), move |line| {
        show(&shown, line);
    });
    bar.finish_and_clear();
    if ended.passed() {
        println!(
            "built {} benches in {}",
            benches.len(),
            progress::seconds(ended.time)
        );
        Ok(executables(&ended.text))
    } else {
        let text: Vec<_> = ended
            .text
            .lines()
            .filter(|line| !line.starts_with('{'))
            .collect();
        Err(format!(
            "the benches don't build: {:?}\n{}",
            ended.verdict,
            text.join("\n")
        ))
    }
}

fn show(bar: &ProgressBar, line: &str) {
    let step = line.trim_start();
    if step.starts_with("Compiling") || step.starts_with("Blocking") {
        bar.set_message(format!("building the benches: {step}"));
    }
}

/// Returns the programs that Cargo's messages name.
fn executables(text: &str) -> BTreeMap<String, PathBuf> {
    let messages = text.lines().filter(|line| line.starts_with('{'));
    let messages = messages.filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let benches = messages.filter_map(|message| {
        let target = message.target?;
        let is_bench = target.kind.iter().any(|kind| kind == "bench");
        is_bench.then_some((target.name, message.executable?))
    });
    benches.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_among_cargos_messages() {
        let text = r#"   Compiling bench-suite
{"reason":"compiler-artifact","target":{"name":"bench_suite","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"build-script-build","kind":["custom-build"]},"executable":"a/build"}
{"reason":"compiler-artifact","target":{"name":"wall_wait","kind":["bench"]},"executable":"a/wall_wait-1"}
{"reason":"build-finished","success":true}"#;
        let found = executables(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found["wall_wait"], PathBuf::from("a/wall_wait-1"));
    }
}
