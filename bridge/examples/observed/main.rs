//! A small service over `SQLite` that shows what it is doing.
//!
//! Run it with `cargo run --release --example observed`. It answers some requests and
//! shows how long they were queued and how long they ran. Then one request hangs, because
//! it waits for a closure while it holds the lock that the closure needs. The program
//! prints the report of that moment. The request has a time limit, so the program ends.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use bridge::{Bridge, Timing};
use observed_ledger as ledger;
use tokio::net::TcpListener;

/// The number of requests for the table of timings.
const REQUESTS: usize = 400;

/// The part that all requests share.
#[derive(Clone)]
struct Service {
    db: Bridge,
    connection: Arc<Mutex<rusqlite::Connection>>,
}

impl Service {
    /// Runs a query on the pool of the bridge `db`.
    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let connection = Arc::clone(&self.connection);
        let locked = move || query(&connection.lock().unwrap_or_else(PoisonError::into_inner));
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
