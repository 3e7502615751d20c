//! Many clients at a time.

use std::path::Path;

use bridge::smartasync;
use futures::{StreamExt as _, future, stream::FuturesUnordered};
use reqwest::StatusCode;
use rusqlite::Connection;
use tokio::task::JoinHandle;

use crate::{Failed, client::Client};

/// Locks the database for all other writers, until the connection is dropped.
pub fn lock(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch("begin immediate")?;
    Ok(connection)
}

/// Reads an account with so many clients at a time. All of them get it.
#[smartasync]
pub async fn readers(client: &Client, count: usize) -> Result<(), Failed> {
    let answers = future::join_all((0..count).map(|_| client.show("alice"))).await;
    for answer in answers {
        if answer?.name != "alice" {
            return Err("a client got a wrong answer".into());
        }
    }
    Ok(())
}

/// Requests for transfers, each in a task of its own.
#[derive(Debug, Default)]
pub struct Transfers(FuturesUnordered<JoinHandle<Result<StatusCode, reqwest::Error>>>);

impl Transfers {
    /// Sends so many requests.
    pub fn send(&self, client: &Client, count: usize) {
        for _ in 0..count {
            let client = client.clone();
            self.0.push(bridge::spawn(async move {
                client.ask_transfer("bob", "alice", 1).await
            }));
        }
    }

    /// Waits for the next `count` answers, all of which must have this status.
    pub async fn expect(&mut self, count: usize, status: StatusCode) -> Result<(), Failed> {
        for number in 0..count {
            let got = self.0.next().await.ok_or("too few requests")???;
            if got != status {
                return Err(format!("answer {number} was {got}, not {status}").into());
            }
        }
        Ok(())
    }
}
