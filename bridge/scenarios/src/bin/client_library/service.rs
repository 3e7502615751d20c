//! The service that the client talks to: notes in memory, behind HTTP.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use tokio::net::TcpListener;

type Shelf = Arc<Mutex<BTreeMap<String, String>>>;

/// Starts the service as a task of the bridge's runtime. Returns its address.
pub fn start() -> io::Result<String> {
    let listener = bridge::wait(TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let routes = Router::new()
        .route("/notes", get(names))
        .route("/notes/{name}", get(read).put(write))
        .with_state(Shelf::default());
    bridge::spawn(async move { axum::serve(listener, routes).await });
    Ok(url)
}

async fn names(State(shelf): State<Shelf>) -> Json<Vec<String>> {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    Json(shelf.keys().cloned().collect())
}

async fn read(State(shelf): State<Shelf>, Path(name): Path<String>) -> Result<String, StatusCode> {
    let shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    shelf.get(&name).cloned().ok_or(StatusCode::NOT_FOUND)
}

async fn write(State(shelf): State<Shelf>, Path(name): Path<String>, text: String) {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    shelf.insert(name, text);
}
