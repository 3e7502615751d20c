//! The service: each request has an id and a span, and its queries run on the bridge `db`.

use std::{
    error::Error,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use bridge::{Bridge, BuildError, carry::TaskLocal, offload::on_cancel};
use metrics_exporter_prometheus::PrometheusHandle;
use observed_ledger as ledger;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tracing::{Instrument, info, info_span, warn};

tokio::task_local! {
    /// The number of the request that a task handles.
    static REQUEST: u64;
}

/// Returns the bridge for the queries. It measures them, and takes the number of their
/// request along. Every bridge takes the span along.
pub(crate) fn bridge() -> Result<Bridge, BuildError> {
    Bridge::builder()
        .name("db")
        .max_threads(2)
        .timings(true)
        .carry(TaskLocal::of(&REQUEST))
        .build()
}

/// The part that all requests share.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) db: Bridge,
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) prometheus: PrometheusHandle,
}

impl Service {
    /// Runs a query on the pool of the bridge `db`. If the request is dropped meanwhile, the
    /// query is interrupted.
    async fn query<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let connection = Arc::clone(&self.connection);
        let locked = move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let interrupt = connection.get_interrupt_handle();
            // The next query is safe: when this guard drops, no interrupt comes any more.
            let _guard = on_cancel(move || interrupt.interrupt());
            // The number was set in the task of the request, and not on this thread.
            query(&connection)
                .inspect_err(|error| warn!(request = REQUEST.get(), "the query ended: {error}"))
        };
        self.db
            .offload(locked)
            .await
            .map_err(|error| error.to_string())
    }

    /// Starts the service, and returns its address.
    pub(crate) async fn start(self) -> Result<SocketAddr, Box<dyn Error>> {
        let routes = Router::new()
            .route("/balance", get(balance))
            .route("/total", get(total))
            .route("/endless", get(endless))
            .route("/transfer", get(transfer))
            .layer(from_fn(in_its_context))
            .route("/metrics", get(scrape))
            .with_state(self);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(axum::serve(listener, routes).into_future());
        Ok(address)
    }
}

/// Handles a request in a span of its own, and with a number of its own.
async fn in_its_context(request: Request, next: Next) -> Response {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let span = info_span!("request", path = request.uri().path());
    REQUEST
        .scope(number, next.run(request).instrument(span))
        .await
}

async fn balance(State(service): State<Service>) -> Result<String, String> {
    let balance = service
        .query(|connection| ledger::balance(connection, 1))
        .await?;
    Ok(balance.to_string())
}

/// Adds the balances up. A thread of the pool writes a line to the log.
async fn total(State(service): State<Service>) -> Result<String, String> {
    let total = service.query(|connection| {
        info!(request = REQUEST.get(), "adds the balances up");
        ledger::total(connection)
    });
    Ok(total.await?.to_string())
}

/// Counts until its client leaves.
async fn endless(State(service): State<Service>) -> Result<String, String> {
    let count = service.query(ledger::endless).await?;
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

/// Gives Prometheus the figures of the bridge, as they are now.
async fn scrape(State(service): State<Service>) -> String {
    service.db.publish_metrics();
    service.prometheus.render()
}
