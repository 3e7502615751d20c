//! The functions that the prompt calls, and the service on this machine that they need.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use bridge::{offload::cancelled, smartasync};
use tokio::{net::TcpListener, time::sleep};

use crate::Failure;

/// Counts the primes below `limit`. It blocks, so the pool runs it.
///
/// Nothing can stop a running function from outside. It asks itself whether its caller has
/// left, for example because of Ctrl-C.
#[smartasync]
pub fn count_primes(limit: u64) -> usize {
    let thread = thread::current();
    println!("counting on {}", thread.name().unwrap_or("a thread"));
    let is_prime = |n: &u64| (2..=n.isqrt()).all(|d| !n.is_multiple_of(d));
    (2..limit)
        .take_while(|n| !n.is_multiple_of(64) || !cancelled())
        .filter(is_prime)
        .count()
}

/// A client of the service.
#[derive(Clone)]
pub struct Service {
    url: String,
    client: reqwest::Client,
}

/// The number of requests that the service works on, has answered, and lost because their
/// callers gave up.
#[derive(Default)]
struct Log {
    open: AtomicU32,
    answered: AtomicU32,
    given_up: AtomicU32,
}

impl Service {
    /// Starts the service as a task of the bridge's runtime, where it lives between the
    /// prompts.
    pub fn start() -> Result<Self, Failure> {
        let listener = bridge::wait(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let log = Arc::new(Log::default());
        let routes = Router::new()
            .route("/item/{item}", get(item))
            .route("/slow/{ms}", get(slow))
            .route("/log", get(show))
            .with_state(log);
        bridge::spawn(async move { axum::serve(listener, routes).await });
        // The service is on this machine, and no proxy leads there.
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { url, client })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn get(&self, item: u32) -> Result<String, Failure> {
        self.fetch(format!("/item/{item}")).await
    }

    pub async fn slow(&self, ms: u64) -> Result<String, Failure> {
        self.fetch(format!("/slow/{ms}")).await
    }

    pub async fn log(&self) -> Result<String, Failure> {
        self.fetch("/log".to_owned()).await
    }

    async fn fetch(&self, path: String) -> Result<String, Failure> {
        let request = self.client.get(format!("{}{path}", self.url));
        Ok(request.send().await?.error_for_status()?.text().await?)
    }
}

async fn item(State(log): State<Arc<Log>>, Path(item): Path<u32>) -> String {
    log.answered.fetch_add(1, Relaxed);
    format!("item {item} costs {}", item * 10)
}

async fn slow(State(log): State<Arc<Log>>, Path(ms): Path<u64>) -> String {
    log.open.fetch_add(1, Relaxed);
    let mut request = Request { log, done: false };
    sleep(Duration::from_millis(ms)).await;
    request.done = true;
    format!("an answer that took {ms} ms")
}

async fn show(State(log): State<Arc<Log>>) -> String {
    let [open, answered, given_up] =
        [&log.open, &log.answered, &log.given_up].map(|count| count.load(Relaxed));
    format!("the service: {answered} answered, {given_up} given up, {open} open")
}

/// Notes how a request ended. The server drops a request whose caller has gone.
struct Request {
    log: Arc<Log>,
    done: bool,
}

impl Drop for Request {
    fn drop(&mut self) {
        let count = if self.done {
            &self.log.answered
        } else {
            &self.log.given_up
        };
        count.fetch_add(1, Relaxed);
        self.log.open.fetch_sub(1, Relaxed);
    }
}
