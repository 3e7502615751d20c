//! Runs the service in one process, and its clients in another.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, runtime::Runtime};

use super::Handling;
use crate::{
    helper::{Helper, obey},
    usage::Usage,
    workload::{
        client::{self, Questions},
        database::{Database, Failure, ROWS},
        run,
    },
};

/// The role of a helper that calls [`run_clients`].
pub const CLIENTS: &str = "clients";

/// The role of a helper that calls [`run_server`] is this, followed by the name of a
/// [`Handling`].
const SERVER: &str = "server:";

/// Returns the clients' questions: the square of one number after the other.
#[must_use]
pub fn question(kind: &str) -> impl Questions + use<> {
    let kind = kind.to_owned();
    move |number| {
        let number = number % ROWS;
        (format!("/{kind}/{number}"), (number * number).to_string())
    }
}

/// Starts to serve on any free port, in tasks of `runtime`.
///
/// # Errors
///
/// Returns an error if there is no free port, or if the database can't be written.
pub fn serve(runtime: &Runtime, way: Handling) -> Result<SocketAddr, Failure> {
    let router = way.router(Database::create()?);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async { axum::serve(listener, router).await });
    Ok(address)
}

/// Returns the service that a helper of this role runs, if any.
#[must_use]
pub fn served_by(role: &str) -> Option<Handling> {
    Handling::named(role.strip_prefix(SERVER)?)
}

/// Runs the service until there are no more orders. Only a helper calls this.
///
/// # Errors
///
/// Returns an error if the service can't be started, or if the bench has ended.
pub fn run_server(way: Handling) -> Result<(), Failure> {
    let runtime = run::multi_thread();
    let address = serve(&runtime, way)?;
    obey(|order| match order {
        "address" => address.to_string(),
        _ => Usage::now().map_or_else(|| "unknown".to_owned(), Usage::line),
    })?;
    // A job that still waits for a connection must not delay the end of the process.
    runtime.shutdown_background();
    Ok(())
}

/// Runs the clients, which make the load that each order describes. Only a helper calls
/// this.
///
/// # Errors
///
/// Returns an error if the bench has ended.
pub fn run_clients() -> io::Result<()> {
    obey(|order| follow(order).unwrap_or_else(|why| format!("failed: {why}")))
}

fn follow(order: &str) -> Result<String, Failure> {
    let words: Vec<_> = order.split(' ').collect();
    match words[..] {
        ["load", address, connections, millis] => {
            let length = Duration::from_millis(millis.parse()?);
            let question = question("square");
            let load = client::load(address.parse()?, connections.parse()?, length, &question)?;
            Ok(format!(
                "{} {} {} {}",
                load.times.len(),
                load.length.as_nanos(),
                load.times.value_at_quantile(0.5),
                load.times.value_at_quantile(0.99)
            ))
        }
        ["wave", address, connections] => {
            let question = question("nested");
            let wave = client::wave(address.parse()?, connections.parse()?, &question)?;
            Ok(format!("{} {}", wave.failed, wave.length.as_nanos()))
        }
        _ => Err(format!("no such order: {order}").into()),
    }
}

/// A service that runs in a process of its own.
#[derive(Debug)]
pub struct Server {
    helper: Helper,
    address: String,
}

/// The result of one load.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Answers per second.
    pub per_second: f64,
    /// The nanoseconds within which half of the requests were answered.
    pub p50: f64,
    /// The nanoseconds within which 99 of 100 requests were answered.
    pub p99: f64,
    /// The server's nanoseconds of CPU time and context switches for each request.
    ///
    /// `None` on a system that does not tell them.
    pub each: Option<[f64; 2]>,
}

impl Server {
    /// Starts the service that handles requests in this way.
    ///
    /// # Errors
    ///
    /// Returns an error if the service can't be started.
    pub fn start(way: Handling) -> io::Result<Self> {
        let mut helper = Helper::start(&format!("{SERVER}{}", way.name()))?;
        let address = helper.ask("address")?;
        Ok(Self { helper, address })
    }

    fn usage(&mut self) -> io::Result<Option<Usage>> {
        Ok(self.helper.ask("usage")?.parse().ok())
    }

    /// Lets `connections` clients make a load for `length`.
    ///
    /// # Errors
    ///
    /// Returns an error if a request fails.
    #[expect(clippy::cast_precision_loss, reason = "seconds of work")]
    pub fn load(
        &mut self,
        clients: &mut Helper,
        connections: u64,
        length: Duration,
    ) -> Result<Shown, Failure> {
        let before = self.usage()?;
        let order = format!("load {} {connections} {}", self.address, length.as_millis());
        let [count, nanos, p50, p99] = numbers(&clients.ask(&order)?)?;
        let used = before.zip(self.usage()?);
        let count = count as f64;
        Ok(Shown {
            per_second: count / Duration::from_nanos(nanos).as_secs_f64(),
            p50: p50 as f64,
            p99: p99 as f64,
            each: used.map(|(before, after)| {
                let used = after - before;
                [
                    used.cpu.as_nanos() as f64 / count,
                    used.switches as f64 / count,
                ]
            }),
        })
    }

    /// Lets `connections` clients send one nested request each, all at once.
    ///
    /// Returns the number of failed requests, and the nanoseconds until the last
    /// answer.
    ///
    /// # Errors
    ///
    /// Returns an error if the clients can't connect.
    #[expect(clippy::cast_precision_loss, reason = "seconds of work")]
    pub fn wave(&self, clients: &mut Helper, connections: u64) -> Result<[f64; 2], Failure> {
        let order = format!("wave {} {connections}", self.address);
        let numbers: [u64; 2] = numbers(&clients.ask(&order)?)?;
        Ok(numbers.map(|number| number as f64))
    }
}

/// Parses the numbers in an answer of the clients. Any other answer says what failed.
fn numbers<const N: usize>(answer: &str) -> Result<[u64; N], Failure> {
    let numbers: Result<Vec<u64>, _> = answer.split(' ').map(str::parse).collect();
    let numbers = numbers.ok().and_then(|numbers| numbers.try_into().ok());
    numbers.ok_or_else(|| format!("the clients said: {answer}").into())
}
