//! `sqlite_service`: an async service and a command line over one blocking class.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
    time::Duration,
};

use bridge::Wait as _;
use reqwest::{Client, StatusCode};
use tempfile::tempdir;
use testkit::within_limit;

use crate::program::{Ended, Running, TEST_LIMIT, number_before, run, under_load};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sqlite_service");
const SIGKILL: i32 = 9;

/// The number of clients that ask for transfers at a time.
const CLIENTS: u64 = 8;

/// The number of transfers that are done before the signal comes.
const BEFORE_SIGNAL: u64 = 200;

/// The money in all accounts.
const MONEY: u64 = 2_000_000;

#[test]
fn the_demonstration_ends_by_itself() {
    within_limit(TEST_LIMIT, || {
        let text = run(PROGRAM, &[]).success();
        for expected in [
            "400 the account `bob` exists",
            "404 there is no account `nobody`",
            "409 the account `alice` holds too little money",
            "GET /accounts               alice 70, bob 80\n",
            "bank.show(\"alice\").wait()  70 cents\n",
            "200 of 200 were answered, on ",
            "4 transfers block, 16 are queued, 10 were refused with 503\n",
            "20 of 20 answered meanwhile\n",
            "20 of 20 accepted transfers are done\n",
            "0 jobs cut off, 21 transfers, 150 cents in all\n",
        ] {
            assert!(text.contains(expected), "no {expected:?} in:\n{text}");
        }
        assert!(number_before(&text, " threads\n") <= 4, "{text}");
    });
}

#[test]
fn no_client_starves_under_load() {
    within_limit(TEST_LIMIT, || {
        let text = under_load(|| run(PROGRAM, &["demo", "--clients", "500"])).success();
        assert!(text.contains("500 of 500 were answered, on "), "{text}");
        assert!(number_before(&text, " threads\n") <= 4, "{text}");
    });
}

#[test]
fn the_class_serves_a_command_line() {
    within_limit(TEST_LIMIT, || {
        let directory = tempdir().unwrap();
        let file = directory.path().join("bank.sqlite");
        let bank = |args: &[&str]| command(&file, args);
        assert_eq!(bank(&["create", "alice", "100"]).success(), "");
        assert_eq!(bank(&["create", "bob", "50"]).success(), "");
        refused(&bank(&["create", "bob", "1"]), "the account `bob` exists");
        assert_eq!(bank(&["transfer", "alice", "bob", "30"]).success(), "");
        refused(
            &bank(&["transfer", "alice", "eve", "30"]),
            "no account `eve`",
        );
        refused(
            &bank(&["transfer", "alice", "bob", "71"]),
            "too little money",
        );
        assert_eq!(bank(&["rename", "bob", "rob"]).success(), "");
        refused(&bank(&["delete", "bob"]), "no account `bob`");
        let listed = "alice            70 cents\nrob              80 cents\n";
        assert_eq!(bank(&["list"]).success(), listed);
        assert_eq!(
            bank(&["audit"]).success(),
            "1 transfers, 150 cents in all\n"
        );
    });
}

#[test]
fn sigint_loses_no_transfer() {
    let (ended, answered, noted) = transfers_until("INT");
    assert!(ended.output.contains("Interrupt: "), "{ended:#?}");
    assert!(
        ended.output.contains("\n0 jobs were cut off\n"),
        "{ended:#?}"
    );
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
    assert_eq!(noted, answered);
}

#[test]
fn sigterm_loses_no_transfer() {
    let (ended, answered, noted) = transfers_until("TERM");
    assert!(ended.output.contains("Terminate: "), "{ended:#?}");
    assert!(
        ended.output.contains("\n0 jobs were cut off\n"),
        "{ended:#?}"
    );
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
    assert_eq!(noted, answered);
}

#[test]
fn sigkill_leaves_the_file_consistent() {
    let (ended, answered, noted) = transfers_until("KILL");
    assert_eq!(ended.signal(), Some(SIGKILL), "{ended:#?}");
    // Each client may have lost one answer.
    let range = answered..=answered + CLIENTS;
    assert!(range.contains(&noted), "{noted}, not in {range:?}");
}

#[test]
fn a_client_that_leaves_withdraws_its_queued_transfer() {
    within_limit(TEST_LIMIT, || {
        let directory = tempdir().unwrap();
        let file = directory.path().join("bank.sqlite");
        for name in ["alice", "bob"] {
            command(&file, &["create", name, "1000000"]).success();
        }
        let (service, url) = start(&file);
        // While the lock is held, the transfers that run block.
        let lock = rusqlite::Connection::open(&file).unwrap();
        lock.execute_batch("begin immediate").unwrap();
        let http = Client::new();
        async {
            let running: Vec<_> = (0..4)
                .map(|_| tokio::spawn(transfer(&http, &url)))
                .collect();
            health(&http, &url, "running", 4).await;
            let queued: Vec<_> = (0..3)
                .map(|_| tokio::spawn(transfer(&http, &url)))
                .collect();
            health(&http, &url, "queued", 3).await;
            queued.iter().for_each(tokio::task::JoinHandle::abort);
            health(&http, &url, "queued", 0).await;
            // A client leaves while its transfer runs. The transfer is made all the same.
            running[0].abort();
            lock.execute_batch("rollback").unwrap();
            for transfer in running.into_iter().skip(1) {
                assert_eq!(transfer.await.unwrap().unwrap(), StatusCode::NO_CONTENT);
            }
        }
        .wait();
        service.signal("INT");
        assert_eq!(service.ended().status.code(), Some(0));
        let audit = command(&file, &["audit"]).success();
        assert_eq!(number_before(&audit, " transfers"), 4);
    });
}

/// Waits until the service reports this figure.
async fn health(http: &Client, url: &str, figure: &str, wanted: u64) {
    loop {
        let answer = http.get(format!("{url}/health")).send().await.unwrap();
        let health: serde_json::Value = answer.json().await.unwrap();
        if health[figure] == wanted {
            return;
        }
    }
}

/// Asks for a transfer.
fn transfer(
    http: &Client,
    url: &str,
) -> impl Future<Output = reqwest::Result<StatusCode>> + Send + use<> {
    let order = serde_json::json!({ "source": "alice", "target": "bob", "cents": 1 });
    let sent = http.post(format!("{url}/transfers")).json(&order).send();
    async { Ok(sent.await?.status()) }
}

/// Sends a signal to a service while clients make transfers.
///
/// Returns how the service ended, how many transfers it has confirmed, and how many are in
/// the file.
fn transfers_until(signal: &str) -> (Ended, u64, u64) {
    within_limit(TEST_LIMIT, || {
        let directory = tempdir().unwrap();
        let file = directory.path().join("bank.sqlite");
        for name in ["alice", "bob"] {
            command(&file, &["create", name, "1000000"]).success();
        }
        let (service, url) = start(&file);
        let answered = AtomicU64::new(0);
        let http = Client::new();
        let ended = thread::scope(|scope| {
            let client = || transfer_until_gone(&http, &url, &answered);
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
            while answered.load(SeqCst) < BEFORE_SIGNAL {
                assert!(!clients.iter().all(thread::ScopedJoinHandle::is_finished));
                thread::sleep(Duration::from_millis(1));
            }
            // The command line works on the same file meanwhile.
            command(&file, &["list"]).success();
            service.signal(signal);
            service.ended()
        });
        let audit = command(&file, &["audit"]).success();
        assert_eq!(number_before(&audit, " cents in all"), MONEY);
        (
            ended,
            answered.into_inner(),
            number_before(&audit, " transfers"),
        )
    })
}

/// Asks for transfers until the service is gone, and counts those that it confirms.
fn transfer_until_gone(http: &Client, url: &str, answered: &AtomicU64) {
    while let Ok(status) = transfer(http, url).wait() {
        assert_eq!(status, StatusCode::NO_CONTENT);
        answered.fetch_add(1, SeqCst);
    }
}

/// Starts the service at a free port. Returns it with its address.
fn start(file: &Path) -> (Running, String) {
    let file = file.to_str().expect("a temporary path is UTF-8");
    let mut service = Running::start(PROGRAM, &["--db", file, "serve", "--port", "0"]);
    let line = service.line_with("the bank runs at ");
    let url = line.split(' ').next_back().expect("an address").to_owned();
    (service, url)
}

#[track_caller]
fn command(file: &Path, args: &[&str]) -> Ended {
    let file = file.to_str().expect("a temporary path is UTF-8");
    run(PROGRAM, &[&["--db", file], args].concat())
}

#[track_caller]
fn refused(ended: &Ended, why: &str) {
    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
    assert!(ended.errors.contains(why), "{ended:#?}");
}
