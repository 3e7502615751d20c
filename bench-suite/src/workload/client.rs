//! Clients that keep a server busy.
//!
//! Each client keeps its connection, and sends its next request when the last request
//! has been answered.

use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::HOST,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    runtime::Builder,
    task::{JoinHandle, JoinSet},
};

use super::latency;

/// Any error of a request.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The result of [`load`].
#[derive(Debug)]
pub struct Load {
    /// The time of each request.
    pub times: Histogram<u64>,
    /// The time from the first request to the last answer.
    pub length: Duration,
}

/// A function from the number of a request to its path and the expected answer.
pub trait Questions: Fn(u64) -> (String, String) + Clone + Send + 'static {}

impl<Q: Fn(u64) -> (String, String) + Clone + Send + 'static> Questions for Q {}

/// Runs `connections` clients on one thread for `length`.
///
/// Each client sends at least one request. The time begins when all clients are
/// connected.
///
/// # Errors
///
/// Returns an error if a request fails, or if its answer is not the expected one.
pub fn load(
    address: SocketAddr,
    connections: usize,
    length: Duration,
    questions: &impl Questions,
) -> Result<Load, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let open = open(address, connections).await?;
        let start = Instant::now();
        let mut clients = JoinSet::new();
        for (number, connection) in (0..).zip(open) {
            let end = start + length;
            clients.spawn(connection.ask_until(end, number * 1_000, questions.clone()));
        }
        let mut times = latency::histogram();
        while let Some(ended) = clients.join_next().await {
            times.add(ended??)?;
        }
        Ok(Load {
            times,
            length: start.elapsed(),
        })
    })
}

/// The result of [`wave`].
#[derive(Clone, Copy, Debug)]
pub struct Wave {
    /// The number of requests that failed or had another answer than the expected one.
    pub failed: u64,
    /// The time from the first request to the last answer.
    pub length: Duration,
}

/// Sends one request on each of `connections`, all at once.
///
/// # Errors
///
/// Returns an error if a connection can't be opened. A request that fails is counted
/// instead.
pub fn wave(
    address: SocketAddr,
    connections: usize,
    questions: &impl Questions,
) -> Result<Wave, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let open = open(address, connections).await?;
        let start = Instant::now();
        let mut clients = JoinSet::new();
        for (number, mut connection) in (0..).zip(open) {
            let (path, wanted) = questions(number);
            clients.spawn(async move {
                let answer = connection.ask(&path).await;
                answer.is_ok_and(|answer| answer == wanted)
            });
        }
        let mut failed = 0;
        while let Some(ended) = clients.join_next().await {
            failed += u64::from(!ended?);
        }
        Ok(Wave {
            failed,
            length: start.elapsed(),
        })
    })
}

async fn open(address: SocketAddr, connections: usize) -> Result<Vec<Connection>, Failure> {
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    Ok(open)
}

/// A kept connection, and the task that drives it.
struct Connection {
    host: String,
    sender: SendRequest<Empty<Bytes>>,
    driver: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        Ok(Self {
            host: address.to_string(),
            sender,
            driver: tokio::spawn(connection),
        })
    }

    /// Sends requests one after the other, beginning with number `first`, and times
    /// each.
    async fn ask_until(
        mut self,
        end: Instant,
        first: u64,
        questions: impl Questions,
    ) -> Result<Histogram<u64>, Failure> {
        let mut times = latency::histogram();
        for number in first.. {
            let (path, wanted) = questions(number);
            let start = Instant::now();
            let answer = self.ask(&path).await?;
            latency::note(&mut times, start.elapsed());
            if answer != wanted {
                return Err(format!("the server said {answer:?}, not {wanted:?}").into());
            }
            if Instant::now() >= end {
                break;
            }
        }
        drop(self.sender);
        self.driver.await??;
        Ok(times)
    }

    async fn ask(&mut self, path: &str) -> Result<Bytes, Failure> {
        self.sender.ready().await?;
        let request = Request::get(path)
            .header(HOST, &self.host)
            .body(Empty::new())?;
        let response = self.sender.send_request(request).await?;
        if !response.status().is_success() {
            return Err(response.status().to_string().into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{
        run,
        server::{serve, work},
        way::{Ours, SpawnBlocking, Way},
    };

    const STEPS: u64 = 10;
    const LENGTH: Duration = Duration::from_millis(50);

    fn question(answer: u64) -> (String, String) {
        ("/".to_owned(), answer.to_string())
    }

    fn answers(way: impl Way) {
        let runtime = run::multi_thread();
        let address = serve(&runtime, way, STEPS).expect("a server");
        let load = load(address, 3, LENGTH, &|_| question(work(STEPS))).expect("answers");
        let wave = wave(address, 7, &|_| question(work(STEPS))).expect("connections");
        assert_eq!(wave.failed, 0);
        assert!(load.times.len() >= 3 && load.length >= LENGTH);
        // The handler sleeps for a millisecond.
        assert!(load.times.min() >= 900_000, "{}", load.times.min());
    }

    #[test]
    fn every_request_is_answered() {
        testkit::within(|| {
            answers(Ours::global());
            answers(SpawnBlocking);
        });
    }

    #[test]
    fn another_answer_is_an_error() {
        testkit::within(|| {
            let runtime = run::multi_thread();
            let address = serve(&runtime, SpawnBlocking, STEPS).expect("a server");
            assert!(load(address, 1, LENGTH, &|_| question(7)).is_err());
            let wave = wave(address, 5, &|_| question(7)).expect("connections");
            assert_eq!(wave.failed, 5);
        });
    }
}
