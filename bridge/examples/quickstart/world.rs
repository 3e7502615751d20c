//! What the functions need to work with: a server and a database.

use std::{net::TcpListener, path::PathBuf, thread};

use axum::{Router, routing::get};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{runtime::Builder, sync::oneshot};

use crate::smart::Failure;

/// A server on this machine and a database in a temporary directory; both
/// are gone once this is dropped.
pub struct World {
    /// An address that the server answers.
    pub url: String,
    /// A file with a table `pages`.
    pub database: PathBuf,
    /// Dropped first: the server stops.
    _server: oneshot::Sender<()>,
    _directory: TempDir,
}

impl World {
    /// Starts the server and fills the database.
    pub fn start() -> Result<Self, Failure> {
        let (url, server) = serve()?;
        let directory = tempfile::tempdir()?;
        let database = directory.path().join("quickstart.sqlite");
        let connection = Connection::open(&database)?;
        connection.execute("create table pages (id integer primary key, url text)", [])?;
        for number in 0..3 {
            let page = format!("{url}?page={number}");
            connection.execute("insert into pages (url) values (?1)", [page])?;
        }
        Ok(Self {
            url,
            database,
            _server: server,
            _directory: directory,
        })
    }
}

/// A server on a thread and a runtime of its own, as if it were elsewhere.
fn serve() -> Result<(String, oneshot::Sender<()>), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}/hello", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let hello = Router::new().route("/hello", get(async || "hello from the server"));
            tokio::select! {
                served = axum::serve(listener, hello) => served,
                // The sender is never used: it is dropped.
                _ = stopped => Ok(()),
            }
        })
    });
    Ok((url, stop))
}
