//! Tests of programs, most of which are lines of a shell.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::AtomicUsize,
};

use super::*;
use crate::{panic_text, within};

fn shell(script: &str) -> Program {
    Program::start("sh", &["-c", script])
}

fn panic_of<R>(body: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).err();
    panic_text(&*payload.expect("it panics")).to_owned()
}

#[test]
fn lines_pass_in_both_directions() {
    within(|| {
        let mut program = shell("while read a; do echo got $a; done; printf last; echo e >&2");
        program.line("one");
        program.line("two");
        assert_eq!(program.until("two"), "got two");
        let ended = program.end();
        assert_eq!(ended.output, "got one\ngot two\nlast");
        assert_eq!(ended.errors, "e\n");
        assert!(ended.status.success());
    });
}

#[test]
fn a_missing_line_fails_with_all_texts() {
    within(|| {
        let mut program = shell("echo here; echo why >&2; exit 3");
        let text = panic_of(|| program.until("elsewhere"));
        for part in ["no line with `elsewhere`", "here\n", "why\n"] {
            assert!(text.contains(part), "{text}");
        }
        let text = panic_of(|| run("sh", &["-c", "echo why >&2; exit 3"]).success());
        assert!(text.contains(": 3\n") && text.contains("why\n"), "{text}");
    });
}

#[test]
fn a_signal_ends_a_program_while_its_input_stays_open() {
    within(|| {
        let mut program = shell("echo begun; exec sleep 3600");
        program.until("begun");
        program.signal("TERM");
        assert_eq!(program.ended().signal(), Some(15));
    });
}

#[test]
fn the_kill_timer_ends_a_program_that_hangs() {
    within(|| {
        let hang = || {
            let limit = Duration::from_millis(50);
            Program::start_with_limit("sleep", &["3600"], limit)
        };
        let text = panic_of(|| hang().ended());
        assert!(text.contains("it ran for 50ms and was killed"), "{text}");
        let text = panic_of(|| hang().until("a line"));
        assert!(text.contains("it was killed after 50ms"), "{text}");
        // The output is closed, and the program still runs.
        let args = ["-c", "exec >&- 2>&-; exec sleep 3600"];
        let program = Program::start_with_limit("sh", &args, Duration::from_millis(50));
        let text = panic_of(|| program.ended());
        assert!(text.contains("it ran for 50ms and was killed"), "{text}");
    });
}

#[test]
fn a_drop_kills_the_program() {
    within(|| {
        let mut program = shell("echo $$; exec sleep 3600");
        let id = program.until("");
        let is_alive = || {
            run("sh", &["-c", &format!("kill -0 {id}")])
                .status
                .success()
        };
        assert!(is_alive());
        drop(program);
        assert!(!is_alive());
    });
}

#[test]
fn a_number_stands_before_its_words() {
    let text = "12 pages\n3 open, 4 left";
    assert_eq!(number_before(text, "pages"), 12);
    assert_eq!(number_before(text, "open"), 3);
    assert_eq!(number_before(text, "left"), 4);
    // The text ends with a number, but has no such words.
    let text = panic_of(|| number_before("pages: 7", "open"));
    assert!(text.contains("no number before `open`"), "{text}");
    let text = panic_of(|| number_before("no pages", "pages"));
    assert!(text.contains("no number before `pages`"), "{text}");
}

#[test]
fn the_load_ends_with_its_body() {
    within(|| {
        let ran = AtomicUsize::new(0);
        assert_eq!(under_load(|| ran.fetch_add(1, SeqCst)), 0);
        let text = panic_of(|| under_load(|| panic!("seven")));
        assert_eq!(text, "seven");
    });
}
