//! The program `mixed_frameworks`: a sync and an async server that call each other.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    thread,
};

use crate::child::{Child, number_before, under_load, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mixed_frameworks");

/// Fetches a path. Returns nothing if the server has gone.
fn fetch(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}

/// Starts the servers. Returns the address of the front too.
fn servers() -> (Child, String) {
    let mut servers = Child::start(PROGRAM, &["--serve"]);
    let front = servers.until("front:");
    servers.until("back:");
    let address = front.trim().rsplit("http://").next().unwrap().to_owned();
    (servers, address)
}

fn demonstration() {
    let (status, output) = Child::start(PROGRAM, &["--threads", "2"]).end();
    assert!(status.success(), "{output}");
    assert!(output.contains("400 of 400 orders"), "{output}");
    assert_eq!(number_before(&output, "requests"), 400, "{output}");
    // Each order needs two requests to the back. If the connections died with the calls,
    // there would be 800 of them.
    assert!(output.contains("800 requests"), "{output}");
    assert!(number_before(&output, "connections") < 100, "{output}");
    // Both threads of the pool wait at times for work that needs the pool again.
    assert_eq!(number_before(&output, "closures"), 800, "{output}");
    assert!(number_before(&output, "were parked") >= 2, "{output}");
}

#[test]
fn both_directions_work_over_pooled_connections() {
    within(demonstration);
}

#[test]
fn both_directions_work_under_load() {
    within(|| under_load(demonstration));
}

/// Nobody has set the size of the pool here. It adds threads for all orders that wait.
#[test]
fn more_orders_wait_than_the_pool_has_threads_at_first() {
    within(|| {
        let arguments = ["--clients", "200", "--orders", "400"];
        let (status, output) = Child::start(PROGRAM, &arguments).end();
        assert!(status.success(), "{output}");
        assert!(output.contains("400 of 400 orders"), "{output}");
    });
}

#[test]
fn an_error_of_the_innermost_call_arrives() {
    within(|| {
        let (servers, address) = servers();
        let answer = fetch(&address, "/order/7/xyz").unwrap();
        assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
        let answer = fetch(&address, "/elsewhere").unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        let answer = fetch(&address, "/order/7/chf").unwrap();
        assert!(answer.ends_with("you pay 665 chf"), "{answer}");
        servers.signal("INT");
        let (status, output) = servers.end();
        assert!(status.success(), "{output}");
    });
}

#[test]
fn a_signal_amid_requests_ends_both_servers() {
    for signal in ["INT", "TERM"] {
        within(|| {
            let (servers, address) = servers();
            let right = AtomicU32::new(0);
            let signalled = AtomicBool::new(false);
            thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| {
                        while let Some(answer) = fetch(&address, "/order/7/chf") {
                            if answer.starts_with("HTTP/1.1 50") {
                                // The server refuses what comes after the signal.
                                assert!(signalled.load(SeqCst), "{answer}");
                                break;
                            }
                            assert!(answer.ends_with("you pay 665 chf"), "{answer}");
                            right.fetch_add(1, SeqCst);
                        }
                    });
                }
                while right.load(SeqCst) < 30 {
                    thread::yield_now();
                }
                signalled.store(true, SeqCst);
                servers.signal(signal);
            });
            let (status, output) = servers.end();
            assert!(status.success(), "{output}");
            assert!(output.contains("stopped by a signal"), "{output}");
            assert!(output.contains("0 cut off"), "{output}");
            let answered = number_before(&output, "requests");
            assert!(answered >= right.into_inner(), "{output}");
        });
    }
}

#[test]
fn a_signal_amid_the_demonstration_ends_it() {
    within(|| {
        let mut servers = Child::start(PROGRAM, &["--orders", "4000000000"]);
        servers.until("back:");
        servers.signal("TERM");
        let (status, output) = servers.ended();
        assert!(status.success(), "{output}");
        assert!(output.contains("stopped by a signal"), "{output}");
    });
}
