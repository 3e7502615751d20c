//! A database file with a pool of connections, as a service has one.

use std::{path::Path, time::Duration};

use r2d2::{ManageConnection, Pool, PooledConnection};
use rusqlite::Connection;
use tempfile::TempDir;

/// How many rows there are; row `n` holds `n * n`.
pub const ROWS: u64 = 1_000;

/// How many connections there are at most. `r2d2` has this default.
pub const CONNECTIONS: u32 = 10;

/// How long a request waits for a connection before it fails.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whatever may go wrong with a query.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Opens connections to one file, as `r2d2_sqlite` does.
#[derive(Debug)]
pub struct File {
    directory: TempDir,
}

impl File {
    fn path(&self) -> impl AsRef<Path> + use<> {
        self.directory.path().join("squares.db")
    }
}

impl ManageConnection for File {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        Connection::open(self.path())
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.execute_batch("")
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}

/// The pool. Its file is deleted with the last clone.
#[derive(Clone, Debug)]
pub struct Database(Pool<File>);

impl Database {
    /// A new file with a table of [`ROWS`] rows.
    ///
    /// # Errors
    ///
    /// If the file can't be written.
    pub fn create() -> Result<Self, Failure> {
        let file = File {
            directory: tempfile::tempdir()?,
        };
        file.connect()?.execute_batch(&format!(
            "pragma journal_mode = wal;
             create table squares (number integer primary key, square integer);
             with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {ROWS})
             insert into squares select i, i * i from n;"
        ))?;
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .connection_timeout(PATIENCE)
            .build(file)?;
        Ok(Self(pool))
    }

    /// A connection. This blocks until one is free.
    ///
    /// # Errors
    ///
    /// If none is free in time.
    pub fn connection(&self) -> Result<PooledConnection<File>, Failure> {
        Ok(self.0.get()?)
    }

    /// The square of `number`. This blocks.
    ///
    /// # Errors
    ///
    /// If no connection is free in time, or there is no such row.
    pub fn square(&self, number: u64) -> Result<i64, Failure> {
        square(&*self.connection()?, number)
    }
}

/// The square of `number`, on a connection that the caller holds.
///
/// # Errors
///
/// If there is no such row.
pub fn square(connection: &Connection, number: u64) -> Result<i64, Failure> {
    let mut query = connection.prepare_cached("select square from squares where number = ?1")?;
    Ok(query.query_row([number.cast_signed()], |row| row.get(0))?)
}
