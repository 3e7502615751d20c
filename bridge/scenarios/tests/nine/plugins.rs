//! The program `plugins`: sync and async plugins in one registry.

use std::os::unix::process::ExitStatusExt as _;

use crate::child::{Child, number_before, under_load, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plugins");

/// The end and the kind of each plugin, in the order in which they run.
const ENDS: [(&str, &str, &str); 8] = [
    ("count", "done", "sync"),
    ("store", "done", "sync"),
    ("notify", "done", "async"),
    ("archive", "done", "async"),
    ("spell", "failed", "sync"),
    ("crash", "panicked", "async"),
    ("slow", "late", "async"),
    ("stuck", "late", "sync"),
];

/// Returns the first three words of each line that belongs to a heading.
fn under<'a>(heading: &str, output: &'a str) -> Vec<(&'a str, &'a str, &'a str)> {
    let (_, rest) = output.split_once(heading).expect(heading);
    let lines = rest
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "));
    lines
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            (words[0], words[1], words[2])
        })
        .collect()
}

/// Asserts that all documents which were reported have arrived, and nothing is left.
fn nothing_is_lost(output: &str) -> u32 {
    let mut documents = Vec::new();
    for plugin in ["store", "notify", "archive"] {
        let (_, found) = output.split_once(&format!("\n{plugin}: ")).expect(plugin);
        let arrived = number_before(found, "documents arrived");
        assert_eq!(arrived, number_before(found, "were reported"), "{output}");
        documents.push(arrived);
    }
    assert!(documents.iter().all(|n| *n == documents[0]), "{output}");
    assert!(output.contains(", 0 still run"), "{output}");
    documents[0]
}

fn demonstration() {
    let (status, output) = Child::start(PROGRAM, &[]).end();
    assert!(status.success(), "{output}");
    // Both sides call all plugins in their order, and get the same.
    assert_eq!(
        under("document 1, from sync code", &output),
        ENDS,
        "{output}"
    );
    assert_eq!(under("document 2, from a task", &output), ENDS, "{output}");
    assert!(
        output.contains("called `stor`; did you mean `store`?"),
        "{output}"
    );
    assert!(
        output.contains("absent   failed   sync   Connection refused"),
        "{output}"
    );
    // Four plugins fail at each call, and disturb no other.
    for (plugin, end, _) in ENDS {
        let count = |word| if word == end { 102 } else { 0 };
        let [done, failed, panicked, late] = ["done", "failed", "panicked", "late"].map(count);
        let line = format!(
            "  {plugin:8} {done} done, {failed} failed, {panicked} panicked, {late} late\n"
        );
        assert!(output.contains(&line), "no `{line}` in {output}");
    }
    assert_eq!(nothing_is_lost(&output), 102, "{output}");
}

#[test]
fn plugins_of_both_kinds_do_the_same_on_both_sides() {
    within(demonstration);
}

#[test]
fn plugins_of_both_kinds_work_under_load() {
    within(|| under_load(demonstration));
}

#[test]
fn plugins_run_in_their_order_and_end_in_reverse() {
    within(|| {
        let args = ["run", "notify", "archive", "count", "store"];
        let (status, output) = Child::start(PROGRAM, &args).end();
        assert!(status.success(), "{output}");
        let names = |heading| under(heading, &output).into_iter().map(|line| line.0);
        assert!(
            names("set up:").eq(["store", "notify", "archive"]),
            "{output}"
        );
        assert!(names("torn down,").eq(["notify", "store"]), "{output}");
        assert_eq!(nothing_is_lost(&output), 1, "{output}");
    });
}

#[test]
fn an_unknown_plugin_is_an_error() {
    within(|| {
        let (status, output) = Child::start(PROGRAM, &["run", "storr"]).end();
        assert_eq!(status.code(), Some(1), "{output}");
    });
}

#[test]
fn a_signal_amid_the_work_loses_nothing() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        within(|| {
            let args =
                "run store notify archive crash slow stuck --callers 8 --documents 4000000000";
            let args: Vec<_> = args.split(' ').collect();
            let mut program = Child::start(PROGRAM, &args);
            program.until("the first of them is done");
            program.signal(signal);
            let (status, output) = program.ended();
            assert_eq!(status.code(), Some(code), "{:?} {output}", status.signal());
            assert!(output.contains("stopped by a signal"), "{output}");
            assert!(nothing_is_lost(&output) > 0, "{output}");
        });
    }
}
