//! `http_cli`: one async client serves sync code, async code and many threads.

use testkit::within_limit;

use crate::program::{Running, TEST_LIMIT, number_before, run, under_load};

const PROGRAM: &str = env!("CARGO_BIN_EXE_http_cli");
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

#[test]
fn the_demonstration_ends_by_itself() {
    within_limit(TEST_LIMIT, || {
        let text = run(PROGRAM, &[]).success();
        for expected in [
            "list().wait()                  1 note\n",
            "list().await                   2 notes\n",
            "read(1).wait()                 buy milk\n",
            "400 of 400 answers right",
            "there is no note 99",
            "http_cli/demo.rs:",
        ] {
            assert!(text.contains(expected), "no {expected:?} in:\n{text}");
        }
    });
}

#[test]
fn threads_share_connections_under_load() {
    within_limit(TEST_LIMIT, || {
        let args = ["demo", "--threads", "32", "--calls", "50"];
        let text = under_load(|| run(PROGRAM, &args)).success();
        assert!(text.contains("1600 of 1600 answers right"), "{text}");
        assert!(number_before(&text, " new connections") < 1600, "{text}");
    });
}

#[test]
fn commands_talk_to_the_service() {
    within_limit(TEST_LIMIT, || {
        let (service, url) = serve();
        let command = |args: &[&str]| run(PROGRAM, &[&["--url", &url], args].concat());
        assert_eq!(command(&["add", "buy milk"]).success(), "1\n");
        assert_eq!(command(&["add", "call mum"]).success(), "2\n");
        assert_eq!(command(&["read", "2"]).success(), "call mum\n");
        let listed = command(&["list"]).success();
        assert_eq!(listed, "   1  buy milk\n   2  call mum\n");

        let missing = command(&["read", "7"]);
        assert_eq!(missing.status.code(), Some(1), "{missing:#?}");
        assert!(
            missing.errors.contains("there is no note 7"),
            "{missing:#?}"
        );
        let late = command(&["--timeout", "0", "read", "0"]);
        assert_eq!(late.status.code(), Some(1), "{late:#?}");
        assert!(late.errors.contains("ran out of time"), "{late:#?}");

        service.signal("TERM");
        assert_eq!(service.ended().signal(), Some(SIGTERM));
        let gone = command(&["list"]);
        assert_eq!(gone.status.code(), Some(1), "{gone:#?}");
        assert!(gone.errors.contains("did not answer"), "{gone:#?}");
    });
}

#[test]
fn an_interrupt_ends_a_call_that_waits() {
    within_limit(TEST_LIMIT, || {
        let (mut service, url) = serve();
        for (name, number) in [("INT", SIGINT), ("TERM", SIGTERM)] {
            // The time limit is longer than the kill timer.
            let args = ["--url", &url, "--timeout", "600", "read", "0"];
            let reader = Running::start(PROGRAM, &args);
            service.line_with("looks for note 0");
            reader.signal(name);
            assert_eq!(reader.ended().signal(), Some(number));
        }
        let mut busy = Running::start(PROGRAM, &["demo", "--calls", "100000000"]);
        busy.line_with("read(1).wait()");
        busy.signal("INT");
        assert_eq!(busy.ended().signal(), Some(SIGINT));
        // The service has lost its clients, and works.
        assert_eq!(run(PROGRAM, &["--url", &url, "add", "a"]).success(), "1\n");
    });
}

/// Starts the service at a free port. Returns it with its address.
fn serve() -> (Running, String) {
    let mut service = Running::start(PROGRAM, &["serve", "--port", "0"]);
    let line = service.line_with("the note service runs at ");
    let url = line.split(' ').next_back().expect("an address").to_owned();
    (service, url)
}
