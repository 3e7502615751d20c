//! Requests from sync code, from several threads: the clients, and the cost of a
//! request.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use bridge::smartasync;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Builder,
};

use super::{
    answering::{Addresses, MESSAGE, TEXT},
    http::{Blocking, Bridged, ByHand, CurrentThread, Fetch},
    run,
};
use crate::usage::Usage;

/// Sends one request on a kept connection, and checks the answer.
type Request = Box<dyn FnMut()>;

/// A client, from which each thread gets a connection and requests of its own.
pub struct Client {
    /// The name under which the client is measured.
    pub name: &'static str,
    open: Box<dyn Fn() -> Request + Sync>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.name).finish()
    }
}

impl Client {
    fn new<R: FnMut() + 'static>(
        name: &'static str,
        open: impl Fn() -> R + Sync + 'static,
    ) -> Self {
        Self {
            name,
            open: Box::new(move || Box::new(open())),
        }
    }

    /// Returns a client whose connections all threads share.
    fn shared<F: Fetch + Send + 'static>(fetch: F, url: &str) -> Self {
        let (fetch, url) = (Arc::new(fetch), url.to_owned());
        Self::new(F::NAME, move || {
            let (fetch, url) = (Arc::clone(&fetch), url.clone());
            move || check(&fetch.fetch(&url).expect("an answer"))
        })
    }
}

fn check(text: &str) {
    assert_eq!(text, TEXT, "another answer than the server's");
}

/// The cost of all requests together.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// The time from the first request to the last answer.
    pub wall: Duration,
    /// The usage of this process meanwhile, or `None` on a system that does not tell it.
    pub used: Option<Usage>,
}

/// Lets each of `threads` threads send `count` requests, and returns their cost.
///
/// Each thread opens and uses its connection once before the time begins.
///
/// # Panics
///
/// Panics if a request fails, or if its answer is not the server's.
#[must_use]
pub fn ask(client: &Client, threads: usize, count: u64) -> Cost {
    let barrier = Barrier::new(threads + 1);
    let one = || {
        let mut request = (client.open)();
        request();
        barrier.wait();
        for _ in 0..count {
            request();
        }
        barrier.wait();
        // The connections are closed after the time has ended.
        barrier.wait();
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(one);
        }
        let before = Usage::now();
        let start = {
            barrier.wait();
            Instant::now()
        };
        barrier.wait();
        let wall = start.elapsed();
        let used = Usage::now().zip(before).map(|(now, before)| now - before);
        barrier.wait();
        Cost { wall, used }
    })
}

/// Returns the HTTP clients, for at most `threads` threads at once.
///
/// # Errors
///
/// Returns an error if a client can't be set up.
///
/// # Panics
///
/// A client's request panics if it is not answered.
pub fn http_clients(addresses: Addresses, threads: usize) -> reqwest::Result<Vec<Client>> {
    let url = addresses.url();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .max_idle_connections_per_host(threads)
        .build()
        .into();
    let (for_current, for_ureq) = (url.clone(), url.clone());
    Ok(vec![
        Client::shared(Bridged::new(threads)?, &url),
        Client::new(CurrentThread::NAME, move || {
            let (client, url) = (CurrentThread::new().expect("a client"), for_current.clone());
            move || check(&client.fetch(&url).expect("an answer"))
        }),
        Client::shared(ByHand::new(threads)?, &url),
        Client::shared(Blocking::new(threads)?, &url),
        Client::new("ureq", move || {
            let (agent, url) = (agent.clone(), for_ureq.clone());
            move || {
                let mut response = agent.get(&url).call().expect("an answer");
                check(&response.body_mut().read_to_string().expect("a text"));
            }
        }),
        Client::new("raw_std", move || {
            let mut stream = connect(addresses.http).expect("a connection");
            let request = format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", addresses.http);
            move || check(&get(&mut stream, &request).expect("an answer"))
        }),
    ])
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends a request by hand, with the least work that HTTP needs.
///
/// The answer is known to be short, so the function reads until the body has arrived.
fn get(stream: &mut TcpStream, request: &str) -> io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let mut buffer = [0; 1024];
    let mut filled = 0;
    while !buffer[..filled].ends_with(TEXT.as_bytes()) {
        let read = stream.read(&mut buffer[filled..])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
    }
    let head = filled - TEXT.len();
    Ok(String::from_utf8_lossy(&buffer[head..filled]).into_owned())
}

#[smartasync]
async fn exchange(stream: &mut tokio::net::TcpStream) -> io::Result<()> {
    let mut message = [7; MESSAGE];
    stream.write_all(&message).await?;
    stream.read_exact(&mut message).await?;
    Ok(())
}

#[smartasync]
async fn open(address: SocketAddr) -> io::Result<tokio::net::TcpStream> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns the clients that use a bare TCP connection.
///
/// # Panics
///
/// A client's request panics if it is not answered.
#[must_use]
pub fn tcp_clients(addresses: Addresses) -> Vec<Client> {
    let address = addresses.tcp;
    let shared = Arc::new(run::multi_thread());
    vec![
        Client::new(Bridged::NAME, move || {
            let mut stream = open(address).wait().expect("a connection");
            move || exchange(&mut stream).wait().expect("an answer")
        }),
        Client::new(CurrentThread::NAME, move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            let mut stream = runtime.block_on(open(address)).expect("a connection");
            move || runtime.block_on(exchange(&mut stream)).expect("an answer")
        }),
        Client::new(ByHand::NAME, move || {
            let runtime = Arc::clone(&shared);
            let mut stream = runtime.block_on(open(address)).expect("a connection");
            move || runtime.block_on(exchange(&mut stream)).expect("an answer")
        }),
        Client::new("raw_std", move || {
            let mut stream = connect(address).expect("a connection");
            move || {
                let mut message = [7; MESSAGE];
                let sent = stream.write_all(&message);
                sent.and_then(|()| stream.read_exact(&mut message))
                    .expect("an answer");
            }
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::answering;

    #[test]
    fn every_client_asks_from_several_threads() {
        testkit::within(|| {
            let server = run::multi_thread();
            let addresses = answering::serve(&server).expect("a server");
            let mut clients = http_clients(addresses, 3).expect("clients");
            assert_eq!(clients.len(), 6);
            clients.extend(tcp_clients(addresses));
            for client in &clients {
                let cost = ask(client, 3, 4);
                assert!(cost.wall > Duration::ZERO, "{client:?}");
                assert_eq!(cost.used.is_some(), cfg!(unix), "{client:?}");
            }
        });
    }
}
