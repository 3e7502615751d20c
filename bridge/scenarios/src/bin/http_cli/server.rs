//! The note service, which the demonstration and the command `serve` start.

use std::{
    future::pending,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
    serve::ListenerExt as _,
};
use tokio::net::TcpListener;

use crate::notes::Note;

/// The number of a note that the service never finds. A client that reads it needs a time
/// limit.
pub const LOST: u32 = 0;

/// The service: its notes, and its count of connections. Clones share both.
#[derive(Clone, Debug, Default)]
pub struct Service {
    notes: Arc<Mutex<Vec<Note>>>,
    connections: Arc<AtomicUsize>,
}

impl Service {
    /// Answers requests until the task is dropped.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let connections = Arc::clone(&self.connections);
        let counted = listener.tap_io(move |_| {
            connections.fetch_add(1, Relaxed);
        });
        let routes = Router::new()
            .route("/notes", get(list).post(add))
            .route("/notes/{id}", get(read))
            .with_state(self);
        axum::serve(counted, routes).await
    }

    /// Returns how many connections clients have opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    fn with<T>(&self, body: impl FnOnce(&mut Vec<Note>) -> T) -> T {
        body(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn list(State(service): State<Service>) -> Json<Vec<Note>> {
    Json(service.with(|notes| notes.clone()))
}

async fn read(
    State(service): State<Service>,
    Path(id): Path<u32>,
) -> Result<Json<Note>, StatusCode> {
    if id == LOST {
        println!("  (the service looks for note {LOST})");
        return pending().await;
    }
    let found = service.with(|notes| notes.iter().find(|note| note.id == id).cloned());
    found.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn add(State(service): State<Service>, Json(text): Json<String>) -> Json<Note> {
    Json(service.with(|notes| {
        let id = LOST + 1 + u32::try_from(notes.len()).unwrap_or(u32::MAX - 1);
        notes.push(Note { id, text });
        notes[notes.len() - 1].clone()
    }))
}
