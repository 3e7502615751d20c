//! The program `client_library`: one implementation, for sync and for async users.

use crate::child::{Child, under_load, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_client_library");

fn run(notes: usize) {
    let (status, output) = Child::start(PROGRAM, &["--notes", &notes.to_string()]).end();
    assert!(status.success(), "{output}");
    let users = [
        ("by the plain twins", notes),
        ("by `.wait()`", notes),
        ("by `.await`", 2 * notes),
        ("generic over the trait", 2 * notes),
        ("behind `dyn`, in sync code", 2 * notes),
        ("behind `dyn`, in a task", 2 * notes),
        ("a copy in async, and one in sync code", 5 * notes),
    ];
    for (user, expected) in users {
        let lines: Vec<_> = output.lines().filter(|line| line.contains(user)).collect();
        let [line] = lines[..] else {
            panic!("{user}: {output}");
        };
        assert!(line.contains(&format!(" {expected} of ")), "{line}");
        assert!(line.ends_with(" ok"), "{line}");
    }
}

#[test]
fn every_user_reads_what_it_wrote() {
    within(|| run(20));
}

#[test]
fn every_user_reads_what_it_wrote_under_load() {
    within(|| under_load(|| run(30)));
}
