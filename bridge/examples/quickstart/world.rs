//! The server and the database that the functions use.

use std::{net::TcpListener, path::PathBuf, thread};

use axum::{Router, routing::get};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{runtime::Builder, sync::oneshot};

use crate::smart::Failure;

/// A server on this machine and a database in a temporary directory. Dropping
/// it stops the server and deletes the directory.
pub struct World {
    /// An address that the server answers.
    pub url: String,
    /// A file with a table `pages`.
    pub database: PathBuf,
    /// Stops the server when it is dropped, before the directory goes.
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

/// Starts a server on a thread and a runtime of its own.
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
                // Nobody sends: this ends when the sender is dropped.
                _ = stopped => Ok(()),
            }
        })
    });
    Ok((url, stop))
}
