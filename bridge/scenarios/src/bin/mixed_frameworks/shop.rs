//! The sync code: a database of prices and a file of rates, both of which block.

use std::{fs, path::PathBuf, sync::Arc};

use bridge::smartasync;
use r2d2::{ManageConnection, Pool};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{Failure, remote::Remote};

/// The number of items.
pub const ITEMS: u32 = 50;

/// The currencies, and what a hundred of the database's money is worth in each.
pub const RATES: [(&str, u32); 3] = [("eur", 100), ("chf", 95), ("usd", 110)];

/// The shop. Its clones share the connections and the folder.
#[derive(Clone)]
pub struct Shop {
    connections: Pool<Database>,
    folder: Arc<TempDir>,
}

/// Opens connections to one file.
struct Database(PathBuf);

impl Shop {
    /// Writes the database and the file.
    pub fn open() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("prices.sqlite");
        let mut connection = Connection::open(&path)?;
        let filling = connection.transaction()?;
        filling.execute(
            "create table prices (item integer primary key, price integer)",
            [],
        )?;
        for item in 0..ITEMS {
            filling.execute("insert into prices values (?1, ?2)", [item, price(item)])?;
        }
        filling.commit()?;
        for (currency, rate) in RATES {
            fs::write(folder.path().join(currency), rate.to_string())?;
        }
        Ok(Self {
            connections: Pool::builder().max_size(4).build(Database(path))?,
            folder: Arc::new(folder),
        })
    }

    /// Returns what an item costs. It blocks, and calls an async function in between.
    ///
    /// The connection goes back to its pool before the wait. Otherwise the requests that
    /// wait would hold all connections, and those that could end the wait would find none.
    #[smartasync]
    pub fn total(&self, item: u32, currency: &str, remote: &Remote) -> Result<String, Failure> {
        let query = "select price from prices where item = ?1";
        let price: u32 = self
            .connections
            .get()?
            .query_row(query, [item], |row| row.get(0))?;
        // `try_wait`, because a pool of a set size can run out of threads.
        let rate: u32 = remote
            .ask(&format!("/rate/{currency}"))
            .try_wait()??
            .parse()?;
        Ok(format!("{} {currency}", price * rate / 100))
    }

    /// Reads a rate from its file.
    #[smartasync]
    pub fn rate(&self, currency: &str) -> Result<u32, Failure> {
        let known = RATES.iter().any(|(known, _)| *known == currency);
        if !known {
            return Err(format!("no rate for {currency}").into());
        }
        Ok(fs::read_to_string(self.folder.path().join(currency))?.parse()?)
    }
}

/// Returns the price of an item.
pub fn price(item: u32) -> u32 {
    item * 100
}

impl ManageConnection for Database {
    type Connection = Connection;
    type Error = rusqlite::Error;

    fn connect(&self) -> Result<Connection, rusqlite::Error> {
        Connection::open(&self.0)
    }

    fn is_valid(&self, connection: &mut Connection) -> Result<(), rusqlite::Error> {
        connection.execute_batch("select 1")
    }

    fn has_broken(&self, _: &mut Connection) -> bool {
        false
    }
}
