//! The surroundings of the plugins: a temporary folder, and a server on loopback.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use axum::{Router, extract::State, routing::post};
use bridge::smartasync;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};

use crate::plugin::Failure;

/// The things that plugins may use. Dropping it removes the folder.
#[derive(Debug)]
pub(crate) struct Site {
    folder: TempDir,
    client: reqwest::Client,
    url: String,
    notes: Counter,
    told: Counter,
    /// It is bound and does not listen, so nobody can connect to it.
    unused: TcpSocket,
}

/// A number that several threads raise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counter(Arc<AtomicU32>);

impl Counter {
    /// Adds one, and returns the new number.
    pub(crate) fn add(&self) -> u32 {
        self.0.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn get(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

impl Site {
    /// Makes the folder and starts the server.
    #[smartasync]
    pub(crate) async fn open() -> io::Result<Self> {
        let notes = Counter::default();
        let router = Router::new()
            .route("/hello", post("the server is there"))
            .route("/bye", post("the server knows"))
            .route(
                "/note",
                post(async |State(notes): State<Counter>| format!("note {}", notes.add())),
            )
            .with_state(notes.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        bridge::spawn(async { axum::serve(listener, router).await });
        let unused = TcpSocket::new_v4()?;
        unused.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self {
            folder: TempDir::new()?,
            client: reqwest::Client::new(),
            url,
            notes,
            told: Counter::default(),
            unused,
        })
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("documents.db")
    }

    pub(crate) fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    pub(crate) fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Returns the counter of calls that were told to stop.
    pub(crate) fn told(&self) -> Counter {
        self.told.clone()
    }

    /// Returns an address where nobody listens.
    pub(crate) fn nobody(&self) -> io::Result<SocketAddr> {
        self.unused.local_addr()
    }

    /// Returns how many documents the database, the server and the folder have.
    pub(crate) fn arrived(&self) -> Result<[(&'static str, u32); 3], Failure> {
        let rows = match self.database() {
            path if path.exists() => rusqlite::Connection::open(path)?.query_row(
                "select count(*) from documents",
                [],
                |row| row.get(0),
            )?,
            _ => 0,
        };
        let files = match self.archive() {
            folder if folder.exists() => u32::try_from(folder.read_dir()?.count())?,
            _ => 0,
        };
        Ok([
            ("store", rows),
            ("notify", self.notes.get()),
            ("archive", files),
        ])
    }
}
