//! Clients that keep a server busy: each sends its next request when the last
//! one has been answered, on a connection that is kept.

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
use tokio::{net::TcpStream, runtime::Builder, task::JoinSet};

use super::latency;

/// Whatever may go wrong with a request.
pub type Failure = Box<dyn Error + Send + Sync>;

/// What the clients did.
#[derive(Debug)]
pub struct Load {
    /// The time of each request.
    pub times: Histogram<u64>,
    /// How long there were requests.
    pub length: Duration,
}

/// `connections` clients on one thread, for `length` and for one request at
/// least, each answered `wanted`.
///
/// # Errors
///
/// If a request fails, or is answered otherwise.
pub fn load(
    address: SocketAddr,
    connections: usize,
    length: Duration,
    wanted: &str,
) -> Result<Load, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let start = Instant::now();
        let mut clients = JoinSet::new();
        for _ in 0..connections {
            clients.spawn(client(address, start + length, wanted.to_owned()));
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

async fn client(
    address: SocketAddr,
    end: Instant,
    wanted: String,
) -> Result<Histogram<u64>, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let host = address.to_string();
    let mut times = latency::histogram();
    loop {
        let start = Instant::now();
        let answer = ask(&mut sender, &host).await?;
        latency::note(&mut times, start.elapsed());
        if answer != wanted {
            return Err(format!("the server said {answer:?}, not {wanted:?}").into());
        }
        if Instant::now() >= end {
            break;
        }
    }
    drop(sender);
    connection.await??;
    Ok(times)
}

async fn ask(sender: &mut SendRequest<Empty<Bytes>>, host: &str) -> Result<Bytes, Failure> {
    sender.ready().await?;
    let request = Request::get("/").header(HOST, host).body(Empty::new())?;
    let response = sender.send_request(request).await?;
    if !response.status().is_success() {
        return Err(response.status().to_string().into());
    }
    Ok(response.into_body().collect().await?.to_bytes())
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

    fn answers(way: impl Way) {
        let runtime = run::multi_thread();
        let address = serve(&runtime, way, STEPS).expect("a server");
        let load = load(address, 3, LENGTH, &work(STEPS).to_string()).expect("answers");
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
            assert!(load(address, 1, LENGTH, "7").is_err());
        });
    }
}
