//! A small service over `SQLite` that shows what it is doing.
//!
//! Run it with `cargo run --release --example observed`.
//!
//! 1. It answers some requests, and shows how long they were queued and how long they ran.
//! 2. A closure on a thread of the pool writes to the log. The line is in the span of its
//!    request, and the closure sees the task-local that the request has set.
//! 3. A client leaves while its query runs. The query is interrupted.
//! 4. A request hangs, because it waits for a closure while it holds the lock that the
//!    closure needs. The program prints the report of that moment. The request has a time
//!    limit, so the program ends.
//! 5. Prometheus scrapes the figures.

mod service;

use std::{
    error::Error,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use bridge::{Bridge, Timing};
use metrics_exporter_prometheus::PrometheusBuilder;
use observed_ledger as ledger;
use tokio::runtime::Runtime;

use crate::service::Service;

/// The number of requests for the table of timings.
const REQUESTS: usize = 400;

/// The figures that the excerpt of the last part shows.
const EXCERPT: [&str; 5] = [
    "bridge_completed_total{",
    "bridge_peak_threads{",
    "bridge_queued_for_seconds{",
    "bridge_ran_for_seconds{",
    "bridge_running{",
];

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .without_time()
        .with_target(false)
        .with_thread_names(true)
        .with_writer(std::io::stdout)
        .init();
    let directory = tempfile::tempdir()?;
    let connection = ledger::open(&directory.path().join("accounts.db"))?;
    let db = service::bridge()?;
    let service = Service {
        db: db.clone(),
        connection: Arc::new(Mutex::new(connection)),
        prometheus: PrometheusBuilder::new().install_recorder()?,
    };
    let runtime = Runtime::new()?;
    let address = runtime.block_on(service.start())?;
    let url = |path: &str| format!("http://{address}/{path}");

    title("Timings: hundreds of requests at once, on the two threads of the bridge `db`");
    runtime.block_on(ask_often(&url("balance")))?;
    show("queued for", db.metrics().queued_for);
    show("ran for", db.metrics().ran_for);

    title("Context: a line of the log from a thread of the pool, in the span of its request");
    let total = runtime.block_on(ask(url("total")))?;
    println!("  The answer: {total}");

    title("Stopping: a client leaves after 200 ms, while its query runs");
    leave(&runtime, &db, url("endless"))?;

    title("Report: a request waits for a closure while it holds the closure's lock");
    let stuck = runtime.spawn(ask(url("transfer")));
    thread::sleep(Duration::from_secs(1));
    println!("{}\n", db.report());
    let answer = runtime.block_on(stuck)??;
    println!("  The answer, after a time limit: {answer}");

    title("Figures: an excerpt of what Prometheus scrapes, with the name of the bridge");
    let text = runtime.block_on(ask(url("metrics")))?;
    excerpt(&text);
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}\n");
}

async fn ask(url: String) -> Result<String, reqwest::Error> {
    reqwest::get(url).await?.text().await
}

/// Sends all requests at once, and awaits the answers.
async fn ask_often(url: &str) -> Result<(), Box<dyn Error>> {
    let client = reqwest::Client::new();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..REQUESTS {
        let request = client.get(url).send();
        requests.spawn(async { request.await?.text().await });
    }
    while let Some(answer) = requests.join_next().await {
        assert_eq!(answer??, "100");
    }
    Ok(())
}

/// Sends a request, and leaves before the answer. Returns when the query has ended.
fn leave(runtime: &Runtime, db: &Bridge, url: String) -> Result<(), Box<dyn Error>> {
    let left = runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_millis(200));
        client.build()?.get(url).send().await
    });
    match left {
        Err(error) if error.is_timeout() => {}
        other => return Err(format!("this query never ends by itself: {other:?}").into()),
    }
    while db.metrics().running > 0 {
        thread::sleep(Duration::from_millis(1)); // until the interrupt has ended the query
    }
    Ok(())
}

fn show(what: &str, timing: Option<Timing>) {
    let Some(timing) = timing else { return };
    println!(
        "  {what:<11} p50 {:<10.1?} p90 {:<10.1?} p99 {:<10.1?} max {:.1?}",
        timing.p50, timing.p90, timing.p99, timing.max
    );
}

/// Prints some of the lines that Prometheus reads.
fn excerpt(text: &str) {
    let is_wanted = |line: &&str| EXCERPT.iter().any(|figure| line.starts_with(figure));
    let mut lines: Vec<_> = text.lines().filter(is_wanted).collect();
    lines.sort_unstable();
    for line in &lines {
        println!("  {line}");
    }
    let figures = text.lines().filter(|line| line.starts_with("bridge_"));
    println!("  … and {} more lines", figures.count() - lines.len());
}
