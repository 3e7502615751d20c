//! The program `one_api`: one set of functions, as commands and over HTTP.

use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use bridge::Wait as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::child::{Child, under_load, within};

const PROGRAM: &str = env!("CARGO_BIN_EXE_one_api");

/// A database file in a folder of its own.
struct Database(TempDir, String);

impl Database {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("tasks.db");
        let path = path.to_str().unwrap().to_owned();
        Self(folder, path)
    }

    /// Starts the program on this database.
    fn start(&self, args: &[&str]) -> Child {
        let mut all = vec!["--database", &self.1];
        all.extend(args);
        Child::start(PROGRAM, &all)
    }

    /// Runs a command that succeeds. Returns what it prints.
    fn run(&self, args: &[&str]) -> String {
        let (status, output) = self.start(args).end();
        assert!(status.success(), "{args:?}: {output}");
        output
    }

    /// Starts the server. Returns its address too.
    fn serve(&self) -> (Child, String) {
        let mut server = self.start(&["serve", "--port", "0"]);
        let line = server.until("serving on ");
        let url = line.trim().rsplit("serving on ").next().unwrap().to_owned();
        (server, url)
    }
}

/// Posts a body. Returns the status and the answer, or nothing if the server has gone.
fn post(url: &str, body: &Value) -> Option<(u16, Value)> {
    async {
        let request = reqwest::Client::new().post(url).json(body);
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }
    .wait()
}

fn demonstration() {
    let (status, output) = Child::start(PROGRAM, &[]).end();
    assert!(status.success(), "{output}");
    assert!(output.contains("124 of 124 tasks are there"), "{output}");
    // Both sides have the same error.
    let error = "there is no task 99; `list --all` shows all tasks";
    assert!(output.contains(&format!("one_api: {error}\n")), "{output}");
    assert!(
        output.contains(&format!("404 {{\"error\":\"{error}\"}}")),
        "{output}"
    );
    // Commands run in place. The pool runs the sync functions of 64 requests. Each of the
    // two imports lists the tasks of the other server, and adds one here.
    assert!(output.contains("the pool ran 68 closures"), "{output}");
}

#[test]
fn commands_and_requests_call_the_same_functions() {
    within(demonstration);
}

#[test]
fn commands_and_requests_work_under_load() {
    within(|| under_load(demonstration));
}

#[test]
fn commands_see_what_requests_did_and_the_reverse() {
    within(|| {
        let database = Database::new();
        assert_eq!(
            database.run(&["add", "buy milk"]),
            "[ ] 1: buy milk (priority 2)\n"
        );
        let (server, url) = database.serve();
        let bread = serde_json::json!({ "title": "bread", "priority": 1 });
        let (status, task) = post(&format!("{url}/add"), &bread).unwrap();
        assert_eq!((status, &task["id"]), (200, &2.into()), "{task}");
        let finish = serde_json::json!({ "id": 1 });
        assert_eq!(post(&format!("{url}/finish"), &finish).unwrap().0, 200);
        assert_eq!(database.run(&["list"]), "[ ] 2: bread (priority 1)\n");
        assert_eq!(
            database.run(&["list", "--all"]),
            "[ ] 2: bread (priority 1)\n[x] 1: buy milk (priority 2)\n"
        );
        // The command waits for an async function, which asks this server.
        let copy = Database::new();
        assert_eq!(copy.run(&["import", &url]), "[ ] 1: bread (priority 1)\n");
        // Each side reports a mistake in its own way.
        let (status, output) = database.start(&["finish", "99"]).end();
        assert_eq!(status.code(), Some(1), "{output}");
        let (status, output) = database.start(&["finish", "milk"]).end();
        assert_eq!(status.code(), Some(2), "{output}");
        let empty = serde_json::json!({ "title": " " });
        assert_eq!(post(&format!("{url}/add"), &empty).unwrap().0, 400);
        server.signal("INT");
        assert!(server.end().0.success());
    });
}

#[test]
fn a_signal_amid_requests_loses_no_answered_task() {
    for signal in ["INT", "TERM"] {
        within(|| {
            let database = Database::new();
            let (server, url) = database.serve();
            let (answered, stop) = (Mutex::new(Vec::new()), AtomicBool::new(false));
            thread::scope(|scope| {
                let (url, answered, stop) = (&url, &answered, &stop);
                for caller in 0..4 {
                    scope.spawn(move || {
                        for number in 0.. {
                            let title = format!("task {caller}.{number}.");
                            let body = serde_json::json!({ "title": title });
                            let Some((status, task)) = post(&format!("{url}/add"), &body) else {
                                // It refuses connections only after the signal.
                                assert!(stop.load(SeqCst));
                                break;
                            };
                            assert_eq!(status, 200, "{task}");
                            answered.lock().unwrap().push(title);
                        }
                    });
                }
                while answered.lock().unwrap().len() < 20 {
                    thread::yield_now();
                }
                stop.store(true, SeqCst);
                server.signal(signal);
            });
            let (status, output) = server.end();
            assert!(status.success(), "{output}");
            assert!(output.contains("stopped by a signal"), "{output}");
            let listed = database.run(&["list"]);
            let answered = answered.into_inner().unwrap();
            for title in &answered {
                assert!(listed.contains(title), "{title} is not in {listed}");
            }
            assert_eq!(fs::read_dir(database.0.path()).unwrap().count(), 1);
        });
    }
}
