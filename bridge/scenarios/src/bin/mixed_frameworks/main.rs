//! A server with a thread for each request and an async server, which call each other.
//!
//! `cargo run -p bridge-scenarios --bin mixed_frameworks` sends orders to the first server.
//! An order takes this way:
//!
//! 1. [`front`]: `tiny_http`, sync. Its thread waits for an async call of the second server.
//! 2. [`back`]: axum, async. Its handler awaits a sync function that reads a database.
//! 3. The sync function waits for an async call of the second server again.
//! 4. [`back`]: this handler awaits a sync function that reads a file.
//!
//! With `--serve` the servers run until Ctrl-C or a `SIGTERM`, and finish what they began.
#![allow(
    unreachable_pub,
    reason = "a program's modules read more easily with a plain `pub`"
)]

mod back;
mod front;
mod orders;
mod remote;
mod shop;

use std::{error::Error, io, process::ExitCode, sync::Arc, thread, time::Duration};

use bridge::{Bridge, Wait as _};
use clap::Parser;
use tokio::{
    select,
    signal::unix::{SignalKind, signal},
};

use crate::{back::Back, orders::Tally, shop::Shop};

/// Any error. It travels from a thread to its caller.
type Failure = Box<dyn Error + Send + Sync>;

/// The time that everything accepted has to end.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Parser)]
struct Arguments {
    /// Run until Ctrl-C or a SIGTERM, and send no orders.
    #[arg(long)]
    serve: bool,
    /// The number of orders.
    #[arg(long, default_value_t = 400)]
    orders: u32,
    /// The number of clients that send them.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// The threads of the blocking pool. Without this option the pool decides.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> Result<ExitCode, Failure> {
    let arguments = Arguments::parse();
    if let Some(threads) = arguments.threads {
        Bridge::builder().max_threads(threads).install_global()?;
    }
    let stopped = stop_signal()?;

    let shop = Shop::open()?;
    let back = Back::start(shop.clone())?;
    let front = Arc::new(tiny_http::Server::http("127.0.0.1:0")?);
    let url = format!("http://{}", front.server_addr());
    println!("front: tiny_http, a thread for each request, at {url}");
    println!("back:  axum, async, at {}", back.url());
    let serving = {
        let (front, remote) = (Arc::clone(&front), back.remote().clone());
        thread::spawn(move || front::serve(&front, &remote))
    };

    let tally = async {
        let orders = async {
            if arguments.serve {
                std::future::pending::<Tally>().await;
            }
            orders::send(&url, arguments.orders, arguments.clients).await
        };
        select! {
            tally = orders => Some(tally),
            () = stopped => None,
        }
    }
    .wait();

    // The front ends first, because its threads wait for the back.
    front.unblock();
    let answered = serving.join().map_err(|_| "the front panicked")?;
    let (requests, connections) = back.stop();
    let report = Bridge::global().shutdown(GRACE).wait();
    let metrics = Bridge::global().metrics();
    println!("the front has answered {answered} requests");
    println!("the back has answered {requests} requests on {connections} connections");
    println!(
        "the pool: {} closures on at most {} threads, of which {} were parked in a wait, {} cut off",
        metrics.completed,
        metrics.peak_threads,
        metrics.peak_blocked,
        report.running.len()
    );
    Ok(match tally {
        None => {
            println!("stopped by a signal");
            ExitCode::SUCCESS
        }
        Some(tally) => {
            println!("{tally}");
            if tally.all_right() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
    })
}

/// Returns a future that waits for Ctrl-C or a `SIGTERM`. It listens from now on.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    // Tokio registers a signal with the runtime that is entered.
    let _home = bridge::enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
