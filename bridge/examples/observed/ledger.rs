//! The database of the service: accounts in a `SQLite` file. Every function blocks.

use std::path::Path;

use rusqlite::Connection;

/// Makes the accounts.
///
/// # Errors
///
/// Returns the error of the database.
pub fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "create table account (id integer primary key, balance integer not null);
         insert into account (balance) values (100), (200), (300);",
    )?;
    Ok(connection)
}

/// Returns the balance of one account.
///
/// # Errors
///
/// Returns the error of the database.
pub fn balance(connection: &Connection, account: i64) -> rusqlite::Result<i64> {
    let sql = "select balance from account where id = ?1";
    connection.query_row(sql, [account], |row| row.get(0))
}

/// Moves money from one account to another.
///
/// # Errors
///
/// Returns the error of the database.
pub fn transfer(connection: &Connection, from: i64, to: i64, amount: i64) -> rusqlite::Result<()> {
    let sql = "update account set balance = balance + ?2 where id = ?1";
    connection.execute(sql, [from, -amount])?;
    connection.execute(sql, [to, amount])?;
    Ok(())
}

/// Counts for ever, as a query without an index may seem to do.
///
/// # Errors
///
/// Returns the error of the database, for example when the query was interrupted.
pub fn endless(connection: &Connection) -> rusqlite::Result<i64> {
    let sql =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Returns the sum of all balances.
///
/// # Errors
///
/// Returns the error of the database.
pub fn total(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("select sum(balance) from account", [], |row| row.get(0))
}
