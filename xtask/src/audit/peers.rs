//! The stage `peers`: the tests of other crates, with blocking code on the bridge.
//!
//! Cargo fetches the sources of the peers, in the versions that `xtask/peers` names.
//! The stage copies them to `target/peers`, puts the bridge where each ran its
//! blocking code, and runs the peers' own tests there. No copied code is in the tree.
//!
//! | peer | runs on the bridge | its tests |
//! |---|---|---|
//! | `blocking` | each poll of a task of its executor | its own, but that of its thread limit |
//! | `async-fs` | all of it, by `blocking` | the examples in its documentation, run |
//! | Tokio | `spawn_blocking`, `block_in_place` | those of both, in four files |

mod edit;
mod sources;

use std::time::Duration;

use self::edit::Edit;
use super::stage::{Budget, Tally};
use crate::{
    loom,
    run::{self, Ended, Output, Verdict},
};

/// The directory of the copies.
const COPIES: &str = "target/peers";

/// The time for building the peers, in addition to the budget.
const BUILD: Duration = Duration::from_mins(15);

pub(super) fn run(budget: &Budget) -> Result<Tally, String> {
    let found = sources::find()?;
    sources::copy(&found, "blocking", &["src", "tests"], &edit::BLOCKING)?;
    sources::copy(&found, "async-fs", &["src"], &edit::ASYNC_FS)?;
    sources::copy_tests(&found, "tokio", &edit::TOKIO_FILES, &edit::TOKIO)?;
    sources::workspace()?;
    let mut count = 0;
    let mut notes = Vec::new();
    for (package, args) in [
        (
            "blocking",
            &["--lib", "--tests", "--", "--skip", "test_max_threads"][..],
        ),
        ("async-fs", &["--doc"]),
        ("tokio-tests", &["--tests"]),
    ] {
        let passed = test(package, args, budget)?;
        notes.push(format!("{package} {passed}"));
        count += passed;
    }
    Ok(Tally {
        count,
        note: notes.join(", "),
    })
}

/// Runs the tests of one copy, and counts those that passed.
fn test(package: &str, args: &[&str], budget: &Budget) -> Result<u64, String> {
    let manifest = format!("{COPIES}/Cargo.toml");
    let mut test = run::cargo(&[
        "test",
        "--manifest-path",
        &manifest,
        "--target-dir",
        "target",
    ]);
    test.args(["--no-fail-fast", "--package", package])
        .args(args);
    let ended = run::run(&mut test, budget.search + BUILD, Output::Keep);
    counted(&ended).map_err(|why| format!("{package} {why}"))
}

/// Counts the tests of a run in which all passed.
fn counted(ended: &Ended) -> Result<u64, String> {
    match (ended.verdict, loom::passed(&ended.text)) {
        (Verdict::Passed, 0) => Err("ran no test".to_owned()),
        (Verdict::Passed, passed) => Ok(passed),
        (Verdict::Killed, _) => Err("hangs".to_owned()),
        (Verdict::Failed | Verdict::Absent, _) => {
            Err(format!("failed\n{}", run::last_lines(&ended.text)))
        }
    }
}

/// Returns a file of a peer with its edits.
fn edited(file: &str, mut text: String, edits: &[Edit]) -> Result<String, String> {
    for edit in edits.iter().filter(|edit| file.ends_with(edit.file)) {
        text = edit.apply(&text).map_err(|why| format!("{file}: {why}"))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a peer runs on its own pool, and its tests pass.
    #[test]
    fn a_file_gets_its_edits() {
        let text = "```no_run\nfs::create_dir(\"/some/dir\"); \"/some/dir\"".to_owned();
        let text = edited("x/async-fs/src/lib.rs", text, &edit::ASYNC_FS);
        let expected = "```\nfs::create_dir_all(\"some/dir\"); \"some/dir\"";
        assert_eq!(text.as_deref(), Ok(expected));
        let other = edited("x/async-fs/src/unix.rs", "x".to_owned(), &edit::ASYNC_FS);
        assert_eq!(other.as_deref(), Ok("x"));
    }

    #[test]
    fn tests_of_a_peer_count_only_if_all_passed() {
        let text = "test result: ok. 2 passed; 0 failed\n";
        assert_eq!(counted(&Ended::of(Verdict::Passed, text)), Ok(2));
        for verdict in [Verdict::Failed, Verdict::Killed, Verdict::Absent] {
            assert!(counted(&Ended::of(verdict, text)).is_err(), "{verdict:?}");
        }
        assert!(counted(&Ended::of(Verdict::Passed, "")).is_err());
    }
}
