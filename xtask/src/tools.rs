//! The tools that a machine may lack, and the commands that install them.

use std::{process::Command, time::Duration};

use crate::run::{self, Ended, Output, Verdict};

/// The version of the runner that the benches are built for.
const RUNNER: &str = "0.16.1";

/// Asks the nightly toolchain for Miri's version.
const MIRI: [&str; 5] = ["run", "nightly", "cargo", "miri", "--version"];

/// Lists the components of the nightly toolchain.
const SOURCE: [&str; 6] = [
    "component",
    "list",
    "--installed",
    "--toolchain",
    "nightly",
    "--quiet",
];

/// A program that some machines lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Clippy,
    Rustfmt,
    Deny,
    Nightly,
    NightlySource,
    Miri,
    CargoFuzz,
    Valgrind,
    LlvmCov,
    LlvmTools,
    CallgrindRunner,
    /// The sources of the crates whose tests the audit runs.
    Peers,
}

impl Tool {
    /// Returns the command that installs the tool, in one line.
    pub(crate) fn remedy(self) -> &'static str {
        match self {
            Self::Clippy => "rustup component add clippy",
            Self::Rustfmt => "rustup component add rustfmt",
            Self::Deny => "cargo install --locked cargo-deny",
            Self::Nightly => "rustup toolchain install nightly",
            Self::NightlySource => "rustup component add rust-src --toolchain nightly",
            Self::Miri => "rustup component add miri --toolchain nightly",
            Self::CargoFuzz => "cargo install --locked cargo-fuzz",
            Self::Valgrind => "install valgrind with the system's package manager",
            Self::LlvmCov => "cargo install --locked cargo-llvm-cov",
            Self::LlvmTools => "rustup component add llvm-tools",
            Self::CallgrindRunner => "cargo install --locked --version 0.16.1 iai-callgrind-runner",
            Self::Peers => "cargo fetch --locked --manifest-path xtask/peers/Cargo.toml",
        }
    }

    /// Returns the tool's name in a sentence.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Clippy => "clippy",
            Self::Rustfmt => "rustfmt",
            Self::Deny => "cargo-deny",
            Self::Nightly => "a nightly toolchain",
            Self::NightlySource => "the source of the nightly standard library",
            Self::Miri => "Miri",
            Self::CargoFuzz => "cargo-fuzz",
            Self::Valgrind => "valgrind",
            Self::LlvmCov => "cargo-llvm-cov",
            Self::LlvmTools => "llvm-tools",
            Self::CallgrindRunner => "iai-callgrind-runner 0.16.1",
            Self::Peers => "a connection to the package registry",
        }
    }

    fn probe(self) -> Command {
        match self {
            Self::Clippy => run::cargo(&["clippy", "--version"]),
            Self::Rustfmt => run::cargo(&["fmt", "--version"]),
            Self::Deny => run::cargo(&["deny", "--version"]),
            Self::Nightly => run::program("rustup", &["run", "nightly", "rustc", "--version"]),
            Self::NightlySource => run::program("rustup", &SOURCE),
            Self::Miri => run::program("rustup", &MIRI),
            Self::CargoFuzz => run::cargo(&["fuzz", "--version"]),
            Self::Valgrind => run::program("valgrind", &["--version"]),
            Self::LlvmCov => run::cargo(&["llvm-cov", "--version"]),
            Self::LlvmTools => run::program("rustup", &["component", "list", "--installed"]),
            Self::CallgrindRunner => run::program("iai-callgrind-runner", &["--version"]),
            // It goes through the network only for what is not in Cargo's cache.
            Self::Peers => run::cargo(&[
                "fetch",
                "--locked",
                "--manifest-path",
                "xtask/peers/Cargo.toml",
            ]),
        }
    }

    /// Returns whether the tool is installed, from the end of its probe.
    fn is_present(self, ended: &Ended) -> bool {
        match self {
            // The runner has no `--version`, but any complaint names its version. A
            // runner of another version refuses to work with our benches.
            Self::CallgrindRunner => ended.text.contains(RUNNER),
            Self::LlvmTools => ended
                .text
                .lines()
                .any(|line| line.starts_with("llvm-tools")),
            Self::NightlySource => ended.text.lines().any(|line| line == "rust-src"),
            // Cargo fails for other reasons too, such as a lock file that is out of date. A
            // stage must not be skipped because of them: it runs, and fails as Cargo does.
            Self::Peers => !lacks_connection(ended),
            _ => ended.passed(),
        }
    }

    /// Returns the line that says how to install the tool, or `None` if it is
    /// installed.
    pub(crate) fn missing(self) -> Option<String> {
        let limit = match self {
            // A first fetch downloads all the sources.
            Self::Peers => Duration::from_mins(5),
            _ => Duration::from_secs(30),
        };
        let ended = run::run(&mut self.probe(), limit, Output::Keep);
        (!self.is_present(&ended))
            .then(|| format!("{} is missing; get it with: {}", self.name(), self.remedy()))
    }
}

/// Returns whether Cargo failed because it could not download something.
fn lacks_connection(ended: &Ended) -> bool {
    let reasons = ["failed to download", "download of", "network failure"];
    let reason = || reasons.iter().any(|reason| ended.text.contains(reason));
    match ended.verdict {
        Verdict::Passed | Verdict::Absent => false,
        Verdict::Failed => reason(),
        Verdict::Killed => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise the steps and stages that need the tool are skipped on every machine.
    #[test]
    fn a_tool_whose_probe_passes_is_present() {
        for tool in [Tool::Rustfmt, Tool::Clippy, Tool::Deny, Tool::Miri] {
            assert!(tool.is_present(&Ended::of(Verdict::Passed, "")), "{tool:?}");
            for verdict in [Verdict::Failed, Verdict::Absent] {
                assert!(!tool.is_present(&Ended::of(verdict, "")), "{tool:?}");
            }
        }
    }

    /// Otherwise the stages that need the tool are skipped on every machine, and the audit passes.
    #[test]
    fn a_tool_is_found_in_the_text_of_its_probe() {
        let found = |tool: Tool, text: &str| tool.is_present(&Ended::of(Verdict::Failed, text));
        let runner = format!("needs {RUNNER}");
        for (tool, text) in [
            (Tool::NightlySource, "cargo\nrust-src\n"),
            (
                Tool::LlvmTools,
                "cargo\nllvm-tools-x86_64-unknown-linux-gnu (installed)\n",
            ),
            (Tool::CallgrindRunner, &*runner),
        ] {
            assert!(found(tool, text), "{tool:?}");
            assert!(!found(tool, "cargo\n"), "{tool:?}");
        }
    }

    /// Otherwise the audit skips the peers' tests on every machine, and passes.
    #[test]
    fn a_lock_file_that_is_out_of_date_is_no_missing_connection() {
        let present = |verdict, text| Tool::Peers.is_present(&Ended::of(verdict, text));
        let lock = "error: cannot update the lock file because --locked was passed";
        assert!(present(Verdict::Failed, lock));
        assert!(present(Verdict::Passed, "Downloaded 3 crates"));
        let offline = "error: failed to download from `https://example.org/x`";
        assert!(!present(Verdict::Failed, offline));
        assert!(!present(Verdict::Killed, ""));
    }
}
