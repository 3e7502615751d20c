//! A database file with a pool of connections, as a service has it.

use std::{path::Path, time::Duration};

use r2d2::{ManageConnection, Pool, PooledConnection};
use rusqlite::Connection;
use tempfile::TempDir;

/// The number of rows. Row `n` holds `n * n`.
pub const ROWS: u64 = 1_000;

/// The greatest number of connections, which is the default of `r2d2`.
pub const CONNECTIONS: u32 = 10;

/// The time that a request waits for a connection before it fails.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(4);

/// Any error of a query.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A manager of connections to one file, like the manager of `r2d2_sqlite`.
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

/// The pool of connections. Its last clone deletes the file.
#[derive(Clone, Debug)]
pub struct Database(Pool<File>);

impl Database {
    /// Creates a file with a table of [`ROWS`] rows.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be written.
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
            .connection_timeout(CONNECTION_TIMEOUT)
            .build(file)?;
        Ok(Self(pool))
    }

    /// Returns a connection. This call blocks until one is free.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection becomes free in time.
    pub fn connection(&self) -> Result<PooledConnection<File>, Failure> {
        Ok(self.0.get()?)
    }

    /// Returns the square of `number`. This call blocks.
    ///
    /// # Errors
    ///
    /// Returns an error if no connection is free in time, or if there is no such row.
    pub fn square(&self, number: u64) -> Result<i64, Failure> {
        square(&*self.connection()?, number)
    }
}

/// Returns the square of `number`, on a connection that the caller holds.
///
/// # Errors
///
/// Returns an error if there is no such row.
pub fn square(connection: &Connection, number: u64) -> Result<i64, Failure> {
    let mut query = connection.prepare_cached("select square from squares where number = ?1")?;
    Ok(query.query_row([number.cast_signed()], |row| row.get(0))?)
}
