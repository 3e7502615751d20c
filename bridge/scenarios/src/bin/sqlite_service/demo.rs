//! The demonstration: every request, then a crowd of clients and a locked database.

use std::{io, path::Path, thread};

use bridge::smartasync;
use reqwest::StatusCode;
use tempfile::tempdir;
use tokio::{net::TcpListener, runtime, sync::oneshot};

use crate::{Failed, bank::Bank, client::Client, crowd, service};

/// The number of methods of the bank that run at a time.
pub const CONNECTIONS: u32 = 4;

/// The number of calls that may be queued behind them.
pub const QUEUE: usize = 16;

/// Runs the service on a thread of its own, and talks to it.
pub fn run(clients: usize) -> Result<(), Failed> {
    let directory = tempdir()?;
    let path = directory.path().join("bank.sqlite");
    let bank = Bank::open(&path, CONNECTIONS, QUEUE)?;
    let (url, stop, server) = start(bank.clone())?;
    println!("the bank runs at {url}, on one thread and {CONNECTIONS} connections");
    let client = Client::at(&url);

    println!("\nrequests");
    requests(&client)?;
    println!("\nthe same class in sync code: plain calls, in place");
    let alice = bank.show("alice").wait()?;
    println!("  bank.show(\"alice\").wait()  {} cents", alice.cents);

    println!("\n{clients} clients at a time");
    crowd::readers(&client, clients).wait()?;
    let peak = bank.bridge().metrics().peak_threads;
    println!("  {clients} of {clients} were answered, on {peak} threads");
    if peak > CONNECTIONS as usize {
        return Err("there were more threads than connections".into());
    }

    println!("\nanother process locks the database");
    locked(&client, &path).wait()?;

    // The server finishes its answers. Then the bank's bridge finishes its jobs.
    drop(stop);
    let cut_off = server.join().map_err(|_| "the server panicked")??;
    let (transfers, cents) = bank.audit().wait()?;
    println!("\nthe end: {cut_off} jobs cut off, {transfers} transfers, {cents} cents in all");
    if (cut_off, cents) != (0, 150) {
        return Err("work or money was lost".into());
    }
    Ok(())
}

/// A server on a thread of its own. Dropping the sender stops it.
type Server = thread::JoinHandle<io::Result<usize>>;

/// Starts the service on a current-thread runtime, which one blocking call would stop.
fn start(bank: Bank) -> Result<(String, oneshot::Sender<()>, Server), Failed> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel();
    let serve = service::serve(bank, listener, async {
        // Nobody sends: this ends when the sender is dropped.
        let _dropped = stopped.await;
    });
    let server = thread::spawn(move || runtime.block_on(serve));
    Ok((url, stop, server))
}

/// Makes each request once, and those that are refused.
fn requests(client: &Client) -> Result<(), Failed> {
    client.create("alice", 100, StatusCode::CREATED)?;
    client.create("bob", 50, StatusCode::CREATED)?;
    client.create("bob", 7, StatusCode::BAD_REQUEST)?;
    client.create("eve", 0, StatusCode::CREATED)?;
    client.rename("eve", "eva", StatusCode::NO_CONTENT)?;
    client.delete("eva", StatusCode::NO_CONTENT)?;
    client.delete("eva", StatusCode::NOT_FOUND)?;
    client.transfer("alice", "bob", 30, StatusCode::NO_CONTENT)?;
    // This one takes the money from Alice, and then finds no target.
    client.transfer("alice", "nobody", 30, StatusCode::NOT_FOUND)?;
    client.transfer("alice", "bob", 1000, StatusCode::CONFLICT)?;
    let accounts = client.list()?;
    println!("  GET /accounts               {accounts}");
    if accounts != "alice 70, bob 80" {
        return Err("a transfer that failed was not rolled back".into());
    }
    Ok(())
}

/// Holds the database's lock while clients ask for transfers, so that all connections
/// block.
#[smartasync]
async fn locked(client: &Client, path: &Path) -> Result<(), Failed> {
    let lock = crowd::lock(path)?;
    let (running, queued) = (CONNECTIONS as usize, QUEUE);
    let mut sent = crowd::Transfers::default();
    sent.send(client, running);
    client.until(|health| health.running == running).await?;
    let refused = 10;
    sent.send(client, queued + refused);
    client.until(|health| health.queued == queued).await?;
    sent.expect(refused, StatusCode::SERVICE_UNAVAILABLE)
        .await?;
    println!("  {running} transfers block, {queued} are queued, {refused} were refused with 503");

    let answers = 20;
    for _ in 0..answers {
        client.until(|health| health.running == running).await?;
    }
    println!("  GET /health                 {answers} of {answers} answered meanwhile");

    drop(lock);
    let accepted = running + queued;
    sent.expect(accepted, StatusCode::NO_CONTENT).await?;
    println!("  unlocked: {accepted} of {accepted} accepted transfers are done");
    Ok(())
}
