//! A database in a file, behind ten pooled connections.

use std::{sync::Arc, time::Duration};

use r2d2::{ManageConnection, Pool, PooledConnection};
use rusqlite::Connection;
use tempfile::{NamedTempFile, TempPath};

/// The number of rows.
pub(crate) const ITEMS: i64 = 64;

const CONNECTIONS: u32 = 10;

/// The longest time that a request waits for a connection.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(4);

/// Returns the price of an item.
pub(crate) fn price(item: i64) -> i64 {
    100 + item
}

/// A pool of connections. Its clones share the connections.
#[derive(Clone)]
pub(crate) struct Store {
    pool: Pool<File>,
}

/// One connection. Dropping it returns it to the pool.
pub(crate) struct StoreConnection {
    connection: PooledConnection<File>,
}

/// Opens connections to one file. `r2d2_sqlite` cannot be used, because it
/// needs an older version of `rusqlite`.
struct File {
    path: Arc<TempPath>,
}

impl Store {
    /// Makes a database of [`ITEMS`] rows.
    pub(crate) fn new() -> Self {
        let path = Arc::new(NamedTempFile::new().unwrap().into_temp_path());
        let mut connection = Connection::open(&**path).unwrap();
        let filling = connection.transaction().unwrap();
        let table = "create table items (id integer primary key, price integer)";
        filling.execute(table, []).unwrap();
        for item in 0..ITEMS {
            let row = "insert into items values (?1, ?2)";
            filling.execute(row, [item, price(item)]).unwrap();
        }
        filling.commit().unwrap();
        let builder = Pool::builder()
            .max_size(CONNECTIONS)
            .connection_timeout(CONNECTION_TIMEOUT);
        Self {
            pool: builder.build(File { path }).unwrap(),
        }
    }

    /// Blocks until a connection is free.
    pub(crate) fn connection(&self) -> StoreConnection {
        let connection = self.pool.get();
        StoreConnection {
            connection: connection.expect("a connection within 4 s"),
        }
    }
}

impl StoreConnection {
    /// Reads the price of an item.
    pub(crate) fn price(&self, item: i64) -> i64 {
        let query = "select price from items where id = ?1";
        let row = self.connection.query_row(query, [item], |row| row.get(0));
        row.unwrap()
    }
}

impl ManageConnection for File {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> Result<Connection, rusqlite::Error> {
        Connection::open(&**self.path)
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
        connection.execute_batch("select 1")
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}
