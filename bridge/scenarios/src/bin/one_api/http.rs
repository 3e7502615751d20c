//! The HTTP API: the functions themselves are the handlers.

use axum::{
    Router,
    routing::{get, post},
};
use bridge::smartasync;
use tokio::{
    net::TcpListener,
    select,
    signal::unix::{SignalKind, signal},
};

use crate::{api, failure::Failure, store::Store};

/// Returns the service.
pub(crate) fn router(store: Store) -> Router {
    Router::new()
        .route("/add", post(api::add))
        .route("/list", get(api::list))
        .route("/finish", post(api::finish))
        .route("/import", post(api::import))
        .with_state(store)
}

/// Serves until Ctrl-C or a `SIGTERM`, and ends the requests that have begun.
#[smartasync]
pub(crate) async fn serve(store: Store, port: u16) -> Result<String, Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = async move {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("serving on http://{}", listener.local_addr()?);
    axum::serve(listener, router(store))
        .with_graceful_shutdown(stopped)
        .await?;
    Ok("stopped by a signal; all requests that had begun are answered".to_owned())
}
