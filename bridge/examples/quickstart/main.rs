//! Calls the same functions from sync and from async code.
//!
//! Run it with `cargo run --release --example quickstart`. It starts a small
//! HTTP server and fills a small `SQLite` file. It calls the functions of
//! `smart.rs` in all four cases and nested in each other, and shows which
//! thread ran each call. At the end it shows why the bridge moves blocking work
//! away.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod smart;
mod ticks;
mod trail;
mod world;

use std::{path::Path, time::Instant};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use crate::{
    smart::{Failure, count_rows, fetch, first_page, slow_count, summary},
    world::World,
};

fn main() -> Result<(), Failure> {
    let world = World::start()?;
    println!(
        "An HTTP server runs at {}, a database lies in {}.",
        world.url,
        world.database.display()
    );
    println!("The functions of smart.rs, called from sync and from async code:\n");
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["case", "route taken", "result", "ms"]);

    from_sync(&world, &mut table)?;
    tokio::runtime::Runtime::new()?.block_on(from_async(&world, &mut table))?;
    println!("{table}\n");

    // One thread drives everything here, as in many services and user
    // interfaces. A call that blocks this thread stops everything.
    println!("A slow query, beside a clock that ticks every millisecond on the same thread:\n");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(keep_ticking(&world.database))
}

/// Calls the functions on a plain thread. Nothing is async here, and the bridge
/// needs no setup.
fn from_sync(world: &World, table: &mut Table) -> Result<(), Failure> {
    let (url, database) = (&world.url, &world.database);

    let start = Instant::now();
    let page = fetch(url).wait()?;
    row(table, "sync → async", start, &page);

    let start = Instant::now();
    let count = count_rows(database, "pages").wait()?;
    row(table, "sync → sync", start, &format!("{count} rows"));

    let start = Instant::now();
    let text = summary(database).wait()?;
    row(table, "sync → async → sync → async", start, &text);
    Ok(())
}

/// Calls the same functions in async code, with `.await` in place of `.wait()`.
async fn from_async(world: &World, table: &mut Table) -> Result<(), Failure> {
    let (url, database) = (&world.url, &world.database);

    let start = Instant::now();
    let page = fetch(url).await?;
    row(table, "async → async", start, &page);

    let start = Instant::now();
    let count = count_rows(database, "pages").await?;
    row(table, "async → sync", start, &format!("{count} rows"));

    let start = Instant::now();
    let page = first_page(database).await?;
    row(table, "async → sync → async", start, &page);

    let start = Instant::now();
    let text = summary(database).await?;
    row(table, "async → async → sync → async", start, &text);
    Ok(())
}

fn row(table: &mut Table, case: &str, start: Instant, result: &str) {
    let time = format!("{:.2}", start.elapsed().as_secs_f64() * 1e3);
    table.add_row([case, &trail::take(), result, &time]);
}

/// Runs the same slow query in place and on the pool, beside a ticking clock.
async fn keep_ticking(database: &Path) -> Result<(), Failure> {
    // `.wait()` on a blocking function blocks this thread, as the plain call
    // would.
    let (count, blocked) = ticks::during(async { slow_count(database).wait() }).await;
    println!(
        "  .wait()   in place, blocking the event loop:  {blocked}, counted {}",
        count?
    );

    let (count, offloaded) = ticks::during(slow_count(database)).await;
    println!(
        "  .await    moved to a thread of the pool:      {offloaded}, counted {}",
        count?
    );
    Ok(())
}
