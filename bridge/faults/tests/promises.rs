//! Runs the program of each promise in a process of its own, under a kill timer.
#![cfg(target_os = "linux")]

#[path = "../src/kit/child.rs"]
mod child;
#[path = "../src/list.rs"]
mod list;

use std::{fs, path::Path, time::Duration};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_bridge-faults");

/// More than the program's own kill timer, whose message is better.
const LIMIT: Duration = Duration::from_secs(90);

/// Asserts that the program of a promise ends well.
fn keeps(promise: &str) {
    let ended = child::run(PROGRAM, &[promise], LIMIT);
    assert!(
        ended.code == Some(0),
        "the promise {promise} is broken: exit code {:?}\n{}\n{}",
        ended.code,
        ended.stdout,
        ended.stderr
    );
}

macro_rules! tests {
    ($($section:ident: $($name:ident)+;)+) => {$(
        mod $section {
            $(#[test]
            fn $name() {
                crate::keeps(concat!(stringify!($section), "/", stringify!($name)));
            })+
        }
    )+};
}

macro_rules! names {
    ($($section:ident: $($name:ident)+;)+) => {
        vec![$($(concat!(stringify!($section), "/", stringify!($name))),+),+]
    };
}

list::promises!(tests);

/// Returns the output of `bridge-faults` for an argument.
fn printed(argument: &str) -> String {
    let ended = child::run(PROGRAM, &[argument], LIMIT);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.stdout
}

/// The programs that are there, by their files.
fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/promises");
    let mut names = Vec::new();
    for section in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if !section.file_type().unwrap().is_dir() {
            continue;
        }
        let about = section.file_name().into_string().unwrap();
        for file in fs::read_dir(section.path()).unwrap().map(Result::unwrap) {
            let file = file.file_name().into_string().unwrap();
            let name = file.strip_suffix(".rs").expect("only programs");
            if name != "mod" {
                names.push(format!("{about}/{name}"));
            }
        }
    }
    names.sort();
    names
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn the_registry_the_files_and_the_tests_agree() {
    let listed = printed("list").lines().map(str::to_owned).collect();
    let tested: Vec<_> = list::promises!(names);
    let tested = tested.into_iter().map(str::to_owned).collect();
    assert_eq!(sorted(listed), files());
    assert_eq!(sorted(tested), files());
}

#[test]
fn audit_md_holds_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("AUDIT.md")).unwrap();
    let table = printed("table");
    assert_eq!(table.lines().count(), files().len() + 2, "a row for each");
    assert!(
        text.contains(&format!("\n\n{table}\n")),
        "AUDIT.md does not hold what `cargo run -p bridge-faults -- table` prints"
    );
}

/// A promise is one sentence, so that a row of the table can be read.
#[test]
fn each_promise_is_one_sentence() {
    for row in printed("table").lines().skip(2) {
        let promise = row.split(" | ").nth(1).unwrap();
        let sentences = promise.matches(". ").count() + 1;
        assert!(promise.ends_with('.') && sentences == 1, "{row}");
    }
}

/// Otherwise each promise is kept, however its program ends.
#[test]
#[should_panic = "is broken: exit code Some(1)"]
fn a_program_that_fails_breaks_its_promise() {
    keeps("wait/no_such_promise");
}

#[test]
fn an_unknown_name_is_an_error() {
    let ended = child::run(PROGRAM, &["wait/no_such_promise"], LIMIT);
    assert_eq!(ended.code, Some(1), "{ended:?}");
}
