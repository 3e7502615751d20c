//! A query of a database in memory, from async code.

use std::sync::{Arc, Mutex, PoisonError};

use bridge::smartasync;
use deadpool_runtime::Runtime;
use deadpool_sync::SyncWrapper;
use rusqlite::Connection;

/// The number of rows. Row `n` holds `n * n`.
pub const ROWS: u64 = 1_000;

/// Creates a database in memory with a table.
fn open() -> rusqlite::Result<Connection> {
    let connection = Connection::open_in_memory()?;
    connection.execute_batch(&format!(
        "create table squares (number integer primary key, square integer);
         with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {ROWS})
         insert into squares select i, i * i from n;"
    ))?;
    Ok(connection)
}

/// Makes the query. All ways share this blocking function.
fn query(connection: &Connection, number: u64) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("select square from squares where number = ?1")?
        .query_row([number.cast_signed()], |row| row.get(0))
}

/// A shared connection, which makes one query at a time.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Mutex<Connection>>);

impl Shared {
    /// Creates a database in memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the database can't be created.
    pub fn open() -> rusqlite::Result<Self> {
        Ok(Self(Arc::new(Mutex::new(open()?))))
    }

    /// Makes the query through the bridge: an await offloads it with a clone of `self`.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such row.
    #[smartasync]
    pub fn square(&self, number: u64) -> rusqlite::Result<i64> {
        query(
            &self.0.lock().unwrap_or_else(PoisonError::into_inner),
            number,
        )
    }

    /// Makes the query by hand, on Tokio's blocking pool.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such row.
    ///
    /// # Panics
    ///
    /// Panics if the runtime is shut down meanwhile.
    pub async fn spawn_blocking(&self, number: u64) -> rusqlite::Result<i64> {
        let connection = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            query(
                &connection.lock().unwrap_or_else(PoisonError::into_inner),
                number,
            )
        })
        .await
        .expect("a query does not panic")
    }
}

/// A connection in the wrapper of `deadpool-sync`, which makes it usable from async
/// code.
#[derive(Debug)]
pub struct Wrapped(SyncWrapper<Connection>);

impl Wrapped {
    /// Creates a database in memory.
    ///
    /// # Errors
    ///
    /// Returns an error if the database can't be created.
    pub async fn open() -> rusqlite::Result<Self> {
        SyncWrapper::new(Runtime::Tokio1, open).await.map(Self)
    }

    /// Makes the query through the wrapper.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such row.
    ///
    /// # Panics
    ///
    /// Panics if the runtime is shut down meanwhile.
    pub async fn square(&self, number: u64) -> rusqlite::Result<i64> {
        self.0
            .interact(move |connection| query(connection, number))
            .await
            .expect("a query does not panic")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::run;

    #[test]
    fn every_way_finds_the_row() {
        let all = async {
            let shared = Shared::open()?;
            assert_eq!(shared.square(7).await?, 49);
            assert_eq!(shared.spawn_blocking(8).await?, 64);
            assert_eq!(Wrapped::open().await?.square(ROWS - 1).await?, 999 * 999);
            assert!(shared.square(ROWS).await.is_err(), "there is no such row");
            Ok(())
        };
        let result: rusqlite::Result<()> = testkit::within(|| run::multi_thread().block_on(all));
        result.expect("a database");
    }
}
