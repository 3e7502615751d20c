//! The connections to the database file, and its tables.

use std::{path::PathBuf, time::Duration};

use rusqlite::Connection;

/// The longest time that a statement waits for a lock of another connection or process.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// No account may be overdrawn, and each transfer leaves a row.
const TABLES: &str = "
    pragma journal_mode = wal;
    create table if not exists accounts (
        name text primary key,
        cents integer not null check (cents >= 0)
    );
    create table if not exists transfers (
        id integer primary key,
        source text not null,
        target text not null,
        cents integer not null
    );";

/// Opens connections to one file, for `r2d2`.
#[derive(Debug)]
pub struct Database {
    path: PathBuf,
}

impl Database {
    /// Makes the file and its tables, unless they exist.
    pub fn open(path: PathBuf) -> rusqlite::Result<Self> {
        let database = Self { path };
        database.connection()?.execute_batch(TABLES)?;
        Ok(database)
    }

    fn connection(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(LOCK_LIMIT)?;
        Ok(connection)
    }
}

impl r2d2::ManageConnection for Database {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> rusqlite::Result<Connection> {
        self.connection()
    }

    fn is_valid(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        connection.execute_batch("select 1")
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}
