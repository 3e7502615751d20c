//! Functions written once, for both kinds of caller.
//!
//! Each is an ordinary function with `#[smartasync]` on it. The calls of
//! [`trail::mark`] only tell the table which thread ran the function.

use std::{error::Error, path::Path};

use bridge::smartasync;
use rusqlite::Connection;

use crate::trail;

/// Any error, from a database or a network.
pub type Failure = Box<dyn Error + Send + Sync>;

/// An async function: it waits for the network.
#[smartasync]
pub async fn fetch(url: &str) -> Result<String, reqwest::Error> {
    trail::mark("fetch");
    // The server is on this machine, and no proxy leads there.
    let client = reqwest::Client::builder().no_proxy().build()?;
    client
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await
}

/// A sync function: it blocks while the database works.
#[smartasync]
pub fn count_rows(database: &Path, table: &str) -> rusqlite::Result<i64> {
    trail::mark("count_rows");
    let query = format!("select count(*) from {table}");
    Connection::open(database)?.query_row(&query, [], |row| row.get(0))
}

/// A sync function that needs an async one.
#[smartasync]
pub fn first_page(database: &Path) -> Result<String, Failure> {
    trail::mark("first_page");
    let query = "select url from pages order by id limit 1";
    let url: String = Connection::open(database)?.query_row(query, [], |row| row.get(0))?;
    Ok(fetch(&url).wait()?)
}

/// An async function that needs a sync one, which needs an async one.
#[smartasync]
pub async fn summary(database: &Path) -> Result<String, Failure> {
    trail::mark("summary");
    let page = first_page(database).await?;
    Ok(format!("{} bytes: {page}", page.len()))
}

/// A sync function that takes long, because it counts one by one.
#[smartasync]
pub fn slow_count(database: &Path) -> rusqlite::Result<i64> {
    let query = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000)
                 select count(*) from n";
    Connection::open(database)?.query_row(query, [], |row| row.get(0))
}
