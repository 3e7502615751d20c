//! Checks the helper processes, and the figures of a small P15 and P16.
//!
//! This program starts itself again, so it can't use the standard test harness.

use std::{env, process, time::Duration};

use bench_suite::{
    helper::{self, BUSY, Helper, role},
    usage::Usage,
    workload::{
        answering::{self, ANSWERING},
        request::{ask, tcp_clients},
        service::{
            Handling,
            process::{CLIENTS, Server, run_clients, run_server, served_by},
        },
    },
};

/// The role of a helper that answers each order with the order itself.
const ECHO: &str = "echo";

fn main() {
    match role().as_deref() {
        None => testkit::within(tests),
        Some(ECHO) => helper::obey(str::to_owned).expect("orders"),
        Some(BUSY) => helper::busy().expect("orders"),
        Some(CLIENTS) => run_clients().expect("orders"),
        Some(ANSWERING) => answering::run().expect("a server"),
        Some(role) => match served_by(role) {
            Some(way) => run_server(way).expect("a service"),
            None => process::exit(1),
        },
    }
}

fn tests() {
    // `cargo test` asks every harness for its list of tests now and then.
    if env::args().any(|arg| arg == "--list") {
        return;
    }
    a_helper_answers_and_ends();
    a_helper_that_has_failed_is_an_error();
    a_service_is_loaded_from_another_process();
    a_server_answers_from_another_process();
    println!("all passed");
}

fn a_helper_answers_and_ends() {
    let mut echo = Helper::start(ECHO).expect("a process");
    assert_eq!(echo.ask("one").expect("an answer"), "one");
    assert_eq!(echo.ask("two words").expect("an answer"), "two words");
    drop(echo);
    // A busy helper ends only when its input is closed. Otherwise this test would hang.
    drop(Helper::start(BUSY).expect("a process"));
}

fn a_helper_that_has_failed_is_an_error() {
    let mut none = Helper::start("no such role").expect("a process");
    let error = none.ask("anything").expect_err("it has panicked");
    assert!(!error.to_string().is_empty());
}

fn a_service_is_loaded_from_another_process() {
    let mut clients = Helper::start(CLIENTS).expect("clients");
    for way in Handling::ALL {
        let mut server = Server::start(way).expect("a service");
        let length = Duration::from_millis(50);
        let shown = server.load(&mut clients, 2, length).expect("answers");
        assert!(
            shown.per_second > 0.0 && shown.p50 <= shown.p99,
            "{shown:?}"
        );
        assert_eq!(shown.each.is_some(), cfg!(unix), "{shown:?}");
        if let Some([cpu, _]) = shown.each {
            // The clients' process uses CPU time too, which must not be counted here.
            assert!(cpu > 0.0 && cpu < 1e9, "{shown:?}");
        }
        let [failed, nanos] = server.wave(&mut clients, 3).expect("answers");
        assert!(failed <= 0.0 && nanos > 0.0, "{failed} failed");
    }
    let refused = clients.ask("load 127.0.0.1:1 1 1").expect("an answer");
    assert!(refused.starts_with("failed: "), "{refused}");
    let unknown = clients.ask("dance").expect("an answer");
    assert!(unknown.contains("no such order"), "{unknown}");
}

fn a_server_answers_from_another_process() {
    let mut server = Helper::start(ANSWERING).expect("a server");
    let addresses = answering::addresses(&mut server).expect("its addresses");
    for client in tcp_clients(addresses) {
        let cost = ask(&client, 2, 10);
        let used = cost.used.map(|used: Usage| used.cpu);
        assert!(
            used.is_none_or(|cpu| cpu < Duration::from_secs(10)),
            "{cost:?}"
        );
    }
}
