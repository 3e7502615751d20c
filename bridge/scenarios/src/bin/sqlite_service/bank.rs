//! The bank: blocking methods over `SQLite`, which async code awaits.
//!
//! The bank has a bridge of its own, with as many threads as there are connections. So a
//! method that runs on the pool finds a free connection, and never blocks a thread for one.

use std::{path::Path, time::Duration};

use bridge::{Bridge, smartasync};
use r2d2::PooledConnection;
use rusqlite::{TransactionBehavior::Immediate, params};
use serde::{Deserialize, Serialize};

use crate::{database::Database, failure::Failure};

/// The longest time that a method waits for a connection.
const CONNECTION_LIMIT: Duration = Duration::from_secs(5);

/// An account, as the service shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The name of the owner.
    pub name: String,
    /// The balance.
    pub cents: i64,
}

/// The accounts in a file. Clones share the connections and the bridge.
#[derive(Clone, Debug)]
pub struct Bank {
    connections: r2d2::Pool<Database>,
    bridge: Bridge,
}

impl Bank {
    /// Opens the file. At most `connections` methods run at a time, and at most `queue`
    /// more are queued.
    pub fn open(path: &Path, connections: u32, queue: usize) -> Result<Self, Failure> {
        let database = Database::open(path.to_owned())?;
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .connection_timeout(CONNECTION_LIMIT);
        let bridge = Bridge::builder()
            .max_threads(connections as usize)
            .queue_capacity(queue);
        Ok(Self {
            connections: pool.build(database)?,
            bridge: bridge.build()?,
        })
    }

    /// Creates an account.
    #[smartasync(bridge = self.bridge)]
    pub fn create(&self, name: &str, cents: u32) -> Result<(), Failure> {
        let insert = "insert into accounts values (?1, ?2)";
        match self.connection()?.execute(insert, params![name, cents]) {
            Err(error) if Failure::is_duplicate(&error) => Err(Failure::Duplicate(name.to_owned())),
            other => Ok(other.map(drop)?),
        }
    }

    /// Returns one account.
    #[smartasync(bridge = self.bridge)]
    pub fn show(&self, name: &str) -> Result<Account, Failure> {
        let query = "select cents from accounts where name = ?1";
        let found = self
            .connection()?
            .query_row(query, [name], |row| row.get(0));
        match found {
            Err(rusqlite::Error::QueryReturnedNoRows) => Err(Failure::missing(name)),
            other => Ok(Account {
                name: name.to_owned(),
                cents: other?,
            }),
        }
    }

    /// Returns all accounts, by name.
    #[smartasync(bridge = self.bridge)]
    pub fn list(&self) -> Result<Vec<Account>, Failure> {
        let connection = self.connection()?;
        let mut query = connection.prepare("select name, cents from accounts order by name")?;
        let rows = query.query_map([], |row| {
            Ok(Account {
                name: row.get(0)?,
                cents: row.get(1)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives an account another name.
    #[smartasync(bridge = self.bridge)]
    pub fn rename(&self, name: &str, new: &str) -> Result<(), Failure> {
        let update = "update accounts set name = ?2 where name = ?1";
        match self.connection()?.execute(update, [name, new]) {
            Err(error) if Failure::is_duplicate(&error) => Err(Failure::Duplicate(new.to_owned())),
            Ok(0) => Err(Failure::missing(name)),
            other => Ok(other.map(drop)?),
        }
    }

    /// Deletes an account.
    #[smartasync(bridge = self.bridge)]
    pub fn delete(&self, name: &str) -> Result<(), Failure> {
        let delete = "delete from accounts where name = ?1";
        match self.connection()?.execute(delete, [name])? {
            0 => Err(Failure::missing(name)),
            _ => Ok(()),
        }
    }

    /// Moves money from one account to another: all of it, or nothing.
    #[smartasync(bridge = self.bridge)]
    pub fn transfer(&self, source: &str, target: &str, cents: u32) -> Result<(), Failure> {
        let mut connection = self.connection()?;
        // A `?` below drops the transaction, which rolls back what it has done.
        let transaction = connection.transaction_with_behavior(Immediate)?;
        let add = "update accounts set cents = cents + ?2 where name = ?1";
        for (name, change) in [(source, -i64::from(cents)), (target, i64::from(cents))] {
            match transaction.execute(add, params![name, change]) {
                Err(error) if Failure::is_overdraft(&error) => {
                    return Err(Failure::TooPoor(name.to_owned()));
                }
                Ok(0) => return Err(Failure::missing(name)),
                other => other?,
            };
        }
        let note = "insert into transfers (source, target, cents) values (?1, ?2, ?3)";
        transaction.execute(note, params![source, target, cents])?;
        Ok(transaction.commit()?)
    }

    /// Returns the number of transfers that were made, and the money in all accounts.
    #[smartasync(bridge = self.bridge)]
    pub fn audit(&self) -> Result<(i64, i64), Failure> {
        let query = "select (select count(*) from transfers),
                            (select coalesce(sum(cents), 0) from accounts)";
        let connection = self.connection()?;
        Ok(connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Returns the bridge. The service reads its metrics and shuts it down.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    fn connection(&self) -> Result<PooledConnection<Database>, Failure> {
        Ok(self.connections.get()?)
    }
}
