//! The steps of `cargo xtask test`, the quick ones first.

use std::time::Duration;

use super::{
    packages,
    step::{Step, Work},
    versions,
};
use crate::{
    audit,
    run::{self, Output},
    tidy,
    tools::Tool,
};

/// The oldest toolchain that the workspace promises to build with.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

const fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

pub(super) fn all() -> Vec<Step> {
    let mut steps = vec![
        step(
            "fmt",
            "the code is formatted",
            minutes(2),
            cargo(&["fmt", "--all", "--check"]),
        ),
        step(
            "tidy",
            "documents, licences and code agree",
            minutes(1),
            Work::Chore(tidy::run),
        ),
        step(
            "clippy",
            "lints, warnings denied",
            minutes(20),
            cargo(CLIPPY),
        ),
        step(
            "tests",
            "unit, integration, property and UI tests",
            minutes(30),
            tests(TESTS),
        ),
        step(
            "featureless",
            "the bridge's clock, jobs and waits without its features, as most users build it",
            minutes(10),
            tests(FEATURELESS),
        ),
        step(
            "doc tests",
            "every example in the docs",
            minutes(10),
            tests(DOC_TESTS),
        ),
        step(
            "rustdoc",
            "the documentation builds, warnings denied",
            minutes(10),
            rustdoc(),
        ),
        step(
            "audit",
            "the quick form of the safety audit, with loom among its stages",
            minutes(15),
            Work::Chore(|| audit::run(&audit::Args::quick())),
        ),
        step(
            "package",
            "the packages to publish are complete",
            minutes(5),
            Work::Chore(packages::run),
        ),
        step(
            "oldest",
            "the oldest promised compiler builds the libraries",
            minutes(10),
            oldest(),
        ),
        step(
            "current-thread",
            "detection with a Tokio that has no multi-thread runtime",
            minutes(5),
            tests(CURRENT_THREAD),
        ),
        step(
            "tokio",
            "detection on the oldest and the newest Tokio",
            minutes(15),
            Work::Chore(versions::run),
        ),
        step(
            "deny",
            "licences, versions and sources of dependencies",
            minutes(5),
            cargo(DENY),
        ),
    ];
    for step in &mut steps {
        step.needs = match step.name {
            "fmt" => Some(Tool::Rustfmt),
            "clippy" => Some(Tool::Clippy),
            "deny" => Some(Tool::Deny),
            _ => None,
        };
    }
    steps
}

const CLIPPY: &[&str] = &[
    "clippy",
    "--workspace",
    "--all-targets",
    "--",
    "-D",
    "warnings",
];
// The benches are left out: they would run, and check nothing that a test does not
// check.
const TESTS: &[&str] = &[
    "test",
    "--workspace",
    "--lib",
    "--bins",
    "--tests",
    "--examples",
    "--no-fail-fast",
];
// In the workspace another package switches on `test-util`, which changes these tests. All
// tests of the bridge would take minutes more.
const FEATURELESS: &[&str] = &[
    "test",
    "--package",
    "bridge",
    "--lib",
    "--test",
    "clock",
    "--test",
    "jobs",
    "--test",
    "wait",
    "--no-fail-fast",
];
const DOC_TESTS: &[&str] = &["test", "--workspace", "--doc", "--no-fail-fast"];
// The package is tested alone: another package would add its features to Tokio.
const CURRENT_THREAD: &[&str] = &["test", "--package", "bridge-current-thread", "--tests"];
const DENY: &[&str] = &[
    "deny",
    "--workspace",
    "check",
    "licenses",
    "bans",
    "sources",
];

fn step(name: &'static str, purpose: &'static str, limit: Duration, work: Work) -> Step {
    Step {
        name,
        purpose,
        needs: None,
        limit,
        work,
    }
}

fn cargo(args: &[&str]) -> Work {
    Work::Program(run::cargo(args))
}

fn tests(args: &[&str]) -> Work {
    Work::Tests(run::cargo(args))
}

fn rustdoc() -> Work {
    let mut doc = run::cargo(&["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    Work::Program(doc)
}

/// Returns a check of the libraries with the oldest promised compiler.
///
/// The step does nothing if that compiler is missing, or if all steps run with it
/// anyway.
fn oldest() -> Work {
    let limit = Duration::from_secs(30);
    let current = run::run(
        &mut run::program("rustc", &["--version"]),
        limit,
        Output::Keep,
    );
    if current.text.starts_with(&format!("rustc {OLDEST}")) {
        return Work::Covered(format!(
            "this compiler is {OLDEST}, which is the oldest promised"
        ));
    }
    let probe = ["run", OLDEST, "rustc", "--version"];
    if !run::run(&mut run::program("rustup", &probe), limit, Output::Keep).passed() {
        return Work::Nothing(format!(
            "Rust {OLDEST} is missing; get it with: rustup toolchain install {OLDEST}"
        ));
    }
    let mut check = run::program("rustup", &["run", OLDEST, "cargo", "check", "--target-dir"]);
    check.arg("target/oldest");
    Work::Program(check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_leave_out_no_kind_of_test() {
        for kind in ["--workspace", "--lib", "--bins", "--tests", "--examples"] {
            assert!(TESTS.contains(&kind), "{kind}");
        }
        for kind in ["--workspace", "--doc"] {
            assert!(DOC_TESTS.contains(&kind), "{kind}");
        }
    }

    /// Otherwise a step that runs no test passes, or a step is gone and nobody sees it.
    #[test]
    fn the_steps_are_these_and_those_of_tests_must_run_one() {
        let steps = all();
        let names: Vec<_> = steps.iter().map(|step| step.name).collect();
        let expected = [
            "fmt",
            "tidy",
            "clippy",
            "tests",
            "featureless",
            "doc tests",
            "rustdoc",
            "audit",
            "package",
            "oldest",
            "current-thread",
            "tokio",
            "deny",
        ];
        assert_eq!(names, expected);
        for step in &steps {
            if let Work::Program(program) = &step.work {
                let runs_tests = program.get_args().next().is_some_and(|arg| arg == "test");
                assert!(!runs_tests, "{}", step.name);
            }
        }
    }

    #[test]
    fn warnings_of_rustdoc_are_denied() {
        let Work::Program(doc) = rustdoc() else {
            panic!("it is a program");
        };
        let flags = run::variable(&doc, "RUSTDOCFLAGS");
        assert_eq!(flags.as_deref(), Some("-D warnings"));
    }

    #[test]
    fn lints_are_denied_in_every_target() {
        let (targets, flags) = CLIPPY.split_at(CLIPPY.len() - 3);
        assert!(targets.contains(&"--workspace") && targets.contains(&"--all-targets"));
        assert_eq!(flags, ["--", "-D", "warnings"]);
    }

    /// Otherwise a part of the file looks like a check, and nobody makes it.
    #[test]
    fn each_part_of_deny_toml_is_checked() {
        let text = std::fs::read_to_string(crate::root().join("deny.toml")).unwrap();
        let file: toml::Table = text.parse().unwrap();
        let mut parts: Vec<_> = file.keys().filter(|part| *part != "graph").collect();
        parts.sort_unstable();
        let (_, checks) = DENY.split_at(3);
        let mut checks = checks.to_vec();
        checks.sort_unstable();
        assert_eq!(parts, checks);
    }
}
