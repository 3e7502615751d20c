//! The bank over HTTP. Each handler awaits a blocking method of the bank.

use std::{io, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::{
    bank::{Account, Bank},
    failure::Failure,
};

/// The longest time that accepted work may take after the last answer.
const GRACE: Duration = Duration::from_secs(5);

/// The body of a request for a new account.
#[derive(Debug, Serialize, Deserialize)]
pub struct New {
    pub name: String,
    pub cents: u32,
}

/// The body of a request for another name.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rename {
    pub name: String,
}

/// The body of a request for a transfer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub source: String,
    pub target: String,
    pub cents: u32,
}

/// The work of the bank's bridge at this moment.
#[derive(Debug, Serialize, Deserialize)]
pub struct Health {
    pub running: usize,
    pub queued: usize,
}

/// Answers requests until `stop` is ready, and finishes what it has accepted.
///
/// Returns the number of jobs that were cut off.
pub async fn serve(
    bank: Bank,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<usize> {
    let bridge = bank.bridge().clone();
    let routes = Router::new()
        .route("/accounts", get(list).post(create))
        .route("/accounts/{name}", get(show).put(rename).delete(delete))
        .route("/transfers", post(transfer))
        .route("/health", get(health))
        .with_state(bank);
    axum::serve(listener, routes)
        .with_graceful_shutdown(stop)
        .await?;
    Ok(bridge.shutdown(GRACE).await.running.len())
}

async fn list(State(bank): State<Bank>) -> Result<Json<Vec<Account>>, Failure> {
    Ok(Json(bank.list().await?))
}

async fn create(State(bank): State<Bank>, Json(new): Json<New>) -> Result<StatusCode, Failure> {
    bank.create(&new.name, new.cents).await?;
    Ok(StatusCode::CREATED)
}

async fn show(
    State(bank): State<Bank>,
    Path(name): Path<String>,
) -> Result<Json<Account>, Failure> {
    Ok(Json(bank.show(&name).await?))
}

async fn rename(
    State(bank): State<Bank>,
    Path(name): Path<String>,
    Json(new): Json<Rename>,
) -> Result<StatusCode, Failure> {
    bank.rename(&name, &new.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(bank): State<Bank>, Path(name): Path<String>) -> Result<StatusCode, Failure> {
    bank.delete(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses the request at once if the queue is full. The other handlers wait for room.
async fn transfer(
    State(bank): State<Bank>,
    Json(order): Json<Order>,
) -> Result<StatusCode, Failure> {
    let call = bank.transfer(&order.source, &order.target, order.cents);
    let job = call.try_offload().map_err(|_full| Failure::Busy)?;
    job.outcome().await??;
    Ok(StatusCode::NO_CONTENT)
}

/// Answers without the database.
async fn health(State(bank): State<Bank>) -> Json<Health> {
    let now = bank.bridge().metrics();
    Json(Health {
        running: now.running,
        queued: now.queued,
    })
}
