//! The program `repl`: calls at the prompt, tasks between the prompts, and signals.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
};

use testkit::program::{Program, number_before, under_load, within};

fn session() -> Program {
    Program::start(env!("CARGO_BIN_EXE_repl"), &[])
}

/// Asks the service of a session how many requests it works on.
fn open_requests(address: &str) -> u64 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /log HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    number_before(&answer, "open")
}

#[test]
fn a_pipe_works_and_the_end_of_input_ends_it() {
    within(|| {
        let mut session = session();
        for line in ["get 7", "primes 100", "get", "stop 1", "nonsense"] {
            session.line(line);
        }
        session.line("quit\nget 8");
        let output = session.end().success();
        assert!(output.contains("item 7 costs 70"), "{output}");
        assert!(output.contains("25 primes below 100"), "{output}");
        assert!(output.contains("required arguments"), "{output}");
        assert!(output.contains("error: there is no watch 1"), "{output}");
        assert!(output.contains("unrecognized subcommand"), "{output}");
        assert!(!output.contains("item 8"), "{output}");
        assert!(output.contains("bye"), "{output}");
    });
}

/// Otherwise a background task would only run while a call is waited for, as on a runtime
/// that each call starts and drops.
#[test]
fn a_task_lives_between_the_prompts() {
    within(|| {
        let mut session = session();
        session.line("watch 3 1");
        session.until("watch 1 runs");
        // Nobody waits for anything now: the session is at its prompt.
        let mut ticks = 0;
        while ticks < 10 {
            session.line("watches");
            ticks = number_before(&session.until("ticks"), "ticks");
            thread::yield_now();
        }
        session.line("stop 1");
        loop {
            session.line("watches");
            if session.until("watch 1 of").contains("stopped") {
                break;
            }
            thread::yield_now();
        }
        session.end().success();
    });
}

#[test]
fn an_interrupt_cancels_the_running_call_and_nothing_else() {
    within(|| {
        let mut session = session();
        let banner = session.until("A service runs at");
        let address = banner.split("http://").nth(1).unwrap();
        let address = address.split(". ").next().unwrap();
        session.line("watch 3 1");
        session.line("slow 3600000");
        session.until("slow 3600000");
        while open_requests(address) == 0 {
            thread::yield_now();
        }
        session.signal("INT");
        session.until("interrupted");
        // The server has lost its caller.
        while open_requests(address) > 0 {
            thread::yield_now();
        }
        session.line("log");
        assert_eq!(number_before(&session.until("given"), "given up"), 1);
        // The task in the background goes on, and so does the session.
        session.line("watches");
        let before = session.until("running");
        let mut ticks = number_before(&before, "ticks");
        while ticks <= number_before(&before, "ticks") {
            session.line("watches");
            ticks = number_before(&session.until("running"), "ticks");
        }
        session.line("get 5");
        session.until("item 5 costs 50");
        session.end().success();
    });
}

#[test]
fn an_interrupt_stops_a_function_on_the_pool() {
    within(|| {
        let mut session = session();
        session.line("primes 18446744073709551615");
        session.until("counting on");
        session.signal("INT");
        session.until("interrupted");
        let mut running = 1;
        while running > 0 {
            session.line("pool");
            running = number_before(&session.until("running"), "running");
        }
        let output = session.end().success();
        assert!(output.contains("0 jobs cut off"), "{output}");
    });
}

#[test]
fn an_interrupt_at_the_prompt_ends_nothing() {
    within(|| {
        let mut session = session();
        session.until("A service runs at");
        session.signal("INT");
        session.until("no call runs");
        session.line("get 1");
        session.until("item 1 costs 10");
        session.end().success();
    });
}

#[test]
fn a_termination_ends_it_at_once() {
    for call in ["slow 3600000", "primes 18446744073709551615", ""] {
        within(|| {
            let mut session = session();
            session.until("A service runs at");
            session.line("watch 3 1");
            session.line(call);
            session.until(&format!("> {call}"));
            session.signal("TERM");
            // The input stays open, so only the signal can end it.
            let ended = session.ended();
            assert_eq!(ended.status.code(), Some(143), "{ended}");
            assert!(ended.output.contains("0 jobs cut off"), "{ended}");
        });
    }
}

#[test]
fn many_sessions_under_load() {
    within(|| {
        under_load(|| {
            let mut sessions: Vec<_> = (0..4).map(|_| session()).collect();
            for session in &mut sessions {
                session.line("watch 3 1");
                for item in 0..50 {
                    session.line(&format!("get {item}"));
                    session.line("primes 50");
                }
            }
            for session in sessions {
                let output = session.end().success();
                for item in 0..50 {
                    let answer = format!("item {item} costs {} ", item * 10);
                    assert!(output.contains(&answer), "{output}");
                }
                assert_eq!(output.matches("15 primes").count(), 50, "{output}");
            }
        });
    });
}
