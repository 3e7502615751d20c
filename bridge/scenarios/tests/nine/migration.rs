//! `migration`: a library becomes async one function at a time, and its callers stay.

use std::{collections::BTreeMap, fs, path::PathBuf};

use testkit::within_limit;

use crate::program::{Running, TEST_LIMIT, run, under_load};

const PROGRAM: &str = env!("CARGO_BIN_EXE_migration");
const FUNCTIONS: [&str; 3] = ["price", "stock", "quote"];
const SIGINT: i32 = 2;

#[test]
fn each_step_gives_the_same_answers() {
    within_limit(TEST_LIMIT, || {
        let text = run(PROGRAM, &[]).success();
        let catalogue = "  coffee: 100 cents, 10 in stock\n  sugar: 101 cents, 11 in stock\n  \
                         tea: 102 cents, 12 in stock\n  all goods are worth 3335 cents\n";
        assert!(text.contains(catalogue), "{text}");
        assert!(
            text.contains("all answers were those of the start"),
            "{text}"
        );
        // The last column of a step: how many calls of its async callers took a thread.
        let jobs = |step: &str| {
            let line = text.lines().find(|line| line.starts_with(step));
            let line = line.unwrap_or_else(|| panic!("no {step:?} in:\n{text}"));
            line.split_whitespace().next_back().unwrap().to_owned()
        };
        let steps = ["start", "step 1", "step 2", "step 3", "step 4"];
        assert_eq!(steps.map(jobs), ["none", "100", "100", "100", "0"]);
    });
}

#[test]
fn many_callers_finish_under_load() {
    within_limit(TEST_LIMIT, || {
        let text = under_load(|| run(PROGRAM, &["--callers", "200"])).success();
        assert!(
            text.contains("all answers were those of the start"),
            "{text}"
        );
    });
}

#[test]
fn an_interrupt_ends_it() {
    within_limit(TEST_LIMIT, || {
        let mut program = Running::start(PROGRAM, &["--rounds", "100000"]);
        program.line_with("step 4");
        program.line_with("step 2");
        program.signal("INT");
        assert_eq!(program.ended().signal(), Some(SIGINT));
    });
}

/// The difference between two steps is one function, and no caller.
#[test]
fn each_step_changes_one_function() {
    let start = functions("start");
    let steps = ["step1", "step2", "step3", "step4"].map(functions);
    // Step 1 adds the attribute and a name. The bodies stay.
    for name in FUNCTIONS {
        assert_eq!(
            steps[0][name],
            start[name].replace(
                &format!("pub fn {name}("),
                &format!("#[smartasync(blocking = {name})]\npub fn {name}_async("),
            )
        );
    }
    for (pair, changed) in steps.windows(2).zip(FUNCTIONS) {
        for name in FUNCTIONS {
            assert_eq!(pair[0][name] != pair[1][name], name == changed, "{name}");
        }
        assert!(pair[0][changed].contains("\npub fn "));
        assert!(pair[1][changed].contains("\npub async fn "));
    }
}

/// No step has callers of its own.
#[test]
fn all_steps_have_the_same_callers() {
    let sync = "#[path = \"../callers.rs\"]\npub mod callers;\n";
    let asynchronous = "#[path = \"../async_callers.rs\"]\npub mod async_callers;\n";
    for step in ["start", "step1", "step2", "step3", "step4"] {
        let text = read(&format!("steps/{step}.rs"));
        let (_, modules) = text.split_once("\n\n").expect("a head, then modules");
        let expected = match step {
            "start" => format!("{sync}pub mod shop;\n"),
            _ => format!("{asynchronous}{sync}pub mod shop;\n"),
        };
        assert_eq!(modules, expected, "{step}");
        let files = fs::read_dir(source(&format!("steps/{step}"))).unwrap();
        let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        assert_eq!(names, ["shop.rs"], "{step}");
    }
}

/// Returns the functions of a step, by their first names, with attributes and comments.
fn functions(step: &str) -> BTreeMap<&'static str, String> {
    let text = read(&format!("steps/{step}/shop.rs"));
    let items = text.split("\n\n").filter(|item| item.starts_with("///"));
    let items: Vec<_> = items.map(|item| item.trim_end().to_owned()).collect();
    assert_eq!(items.len(), FUNCTIONS.len(), "{step}");
    FUNCTIONS.into_iter().zip(items).collect()
}

fn read(file: &str) -> String {
    let path = source(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn source(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/bin/migration")
        .join(file)
}
