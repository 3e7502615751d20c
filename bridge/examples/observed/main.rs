//! A small service over `SQLite` that shows what it is doing.
//!
//! Run it with `cargo run --release --example observed`.
//!
//! 1. It answers some requests, and shows how long they were queued and how long they ran.
//! 2. A client leaves while its query runs. The query is interrupted, and the log line of
//!    the pool's thread is in the span of that request.
//! 3. A request hangs, because it waits for a closure while it holds the lock that the
//!    closure needs. The program prints the report of that moment. The request has a time
//!    limit, so the program ends.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use bridge::{Bridge, Timing, offload::on_cancel};
use observed_ledger as ledger;
use tokio::net::TcpListener;
use tracing::Instrument;

/// The number of requests for the table of timings.
const REQUESTS: usize = 400;

/// The part that all requests share.
#[derive(Clone)]
struct Service {
    db: Bridge,
    connection: Arc<Mutex<rusqlite::Connection>>,
}

impl Service {
    /// Runs a query on the pool of the bridge `db`. If the request is dropped meanwhile, the
    /// query is interrupted.
    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let connection = Arc::clone(&self.connection);
        let locked = move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let interrupt = connection.get_interrupt_handle();
            // The next query is safe: when this guard drops, no interrupt comes any more.
            let _guard = on_cancel(move || interrupt.interrupt());
            query(&connection).inspect_err(|error| tracing::warn!("the query ended: {error}"))
        };
        self.db
            .offload(locked)
            .await
            .map_err(|error| error.to_string())
    }
}

async fn balance(State(service): State<Service>) -> Result<String, String> {
    let balance = service
        .query(|connection| ledger::balance(connection, 1))
        .await?;
    Ok(balance.to_string())
}

/// Counts until its client leaves. The log of the pool's thread is in the span `request`.
async fn endless(State(service): State<Service>) -> Result<String, String> {
    let span = tracing::info_span!("request", path = "/endless");
    let count = service.query(ledger::endless).instrument(span).await?;
    Ok(count.to_string())
}

/// Moves money, and checks the total before it releases the connection. The check needs
/// the connection too, so this hangs until its time limit.
async fn transfer(State(service): State<Service>) -> Result<String, String> {
    let own = service.clone();
    let body = move || {
        let connection = own
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        ledger::transfer(&connection, 2, 1, 50).map_err(|error| error.to_string())?;
        let total = own.query(ledger::total);
        match own.db.wait_timeout(total, Duration::from_secs(2)) {
            Ok(total) => total.map(|total| format!("the total is {total}")),
            Err(error) => Err(error.to_string()),
        }
    };
    service.db.offload(body).await
}

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .without_time()
        .with_writer(std::io::stdout)
        .init();
    let directory = tempfile::tempdir()?;
    let connection = ledger::open(&directory.path().join("accounts.db"))?;
    let db = Bridge::builder()
        .name("db")
        .max_threads(2)
        .timings(true)
        .build()?;
    let service = Service {
        db: db.clone(),
        connection: Arc::new(Mutex::new(connection)),
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let address = runtime.block_on(serve(service))?;

    runtime.block_on(ask_often(&format!("http://{address}/balance")))?;
    println!("{REQUESTS} requests, on the threads of the bridge `db`:\n");
    show("queued for", db.metrics().queued_for);
    show("ran for", db.metrics().ran_for);

    println!("\nA client that leaves after 200 ms, while its query runs:\n");
    let url = format!("http://{address}/endless");
    let left = runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(Duration::from_millis(200));
        client.build()?.get(url).send().await
    });
    assert!(left.is_err_and(|error| error.is_timeout()));
    while db.metrics().running > 0 {
        thread::sleep(Duration::from_millis(1)); // until the interrupt has ended the query
    }

    println!("\nA request that waits for a closure while it holds the closure's lock:\n");
    let url = format!("http://{address}/transfer");
    let stuck = runtime.spawn(async move { reqwest::get(url).await?.text().await });
    thread::sleep(Duration::from_secs(1));
    println!("{}\n", db.report());
    println!(
        "Its answer, after its time limit: {}",
        runtime.block_on(stuck)??
    );
    Ok(())
}

/// Starts the service, and returns its address.
async fn serve(service: Service) -> Result<std::net::SocketAddr, Box<dyn Error>> {
    let routes = Router::new()
        .route("/balance", get(balance))
        .route("/endless", get(endless))
        .route("/transfer", get(transfer))
        .with_state(service);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, routes).into_future());
    Ok(address)
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

fn show(what: &str, timing: Option<Timing>) {
    let Some(timing) = timing else { return };
    println!(
        "  {what:<11} p50 {:<10.1?} p90 {:<10.1?} p99 {:<10.1?} max {:<10.1?}",
        timing.p50, timing.p90, timing.p99, timing.max
    );
}
