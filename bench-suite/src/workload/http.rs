//! Requests from sync code to a server on this machine.
//!
//! The clients are the same crate's, so that what differs is how they are
//! waited for.

use std::{io, net::TcpListener, thread, thread::JoinHandle};

use axum::{Router, routing::get};
use bridge::smartasync;
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
};

use super::run;

/// What the server says.
pub const TEXT: &str = "hello";

/// A server on a thread and a runtime of its own, as if it were elsewhere. It
/// stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    /// An address that it answers.
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Starts it on any free port.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}/", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let thread = thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let hello = Router::new().route("/", get(async || TEXT));
                tokio::select! {
                    served = axum::serve(listener, hello) => served,
                    _ = stopped => Ok(()),
                }
            })
        });
        Ok(Self {
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What went wrong in there, the clients have been told.
            let _ = thread.join();
        }
    }
}

/// Requests whose connections are kept, one way to wait for them each.
pub trait Fetch: Sync {
    /// Under which name it is measured.
    const NAME: &'static str;

    /// The text at `url`.
    ///
    /// # Errors
    ///
    /// If the server does not answer, or with an error.
    fn fetch(&self, url: &str) -> reqwest::Result<String>;
}

/// `reqwest`'s async client, waited for through the bridge.
#[derive(Debug)]
pub struct Bridged(reqwest::Client);

#[smartasync]
async fn fetch(client: &reqwest::Client, url: &str) -> reqwest::Result<String> {
    let response = client.get(url).send().await?;
    response.error_for_status()?.text().await
}

/// No proxy leads to a server on this machine. At most `kept` connections are
/// kept: a request that comes before the last one's connection is back opens
/// another, which must not stay.
fn client(kept: usize) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy();
    builder.pool_max_idle_per_host(kept).build()
}

impl Bridged {
    /// A client of its own, which keeps so many connections.
    ///
    /// # Errors
    ///
    /// If it can't be set up.
    pub fn new(kept: usize) -> reqwest::Result<Self> {
        client(kept).map(Self)
    }
}

impl Fetch for Bridged {
    const NAME: &'static str = "bridge";

    fn fetch(&self, url: &str) -> reqwest::Result<String> {
        fetch(&self.0, url).wait()
    }
}

/// `reqwest`'s own blocking client.
#[derive(Debug)]
pub struct Blocking(reqwest::blocking::Client);

impl Blocking {
    /// A client of its own, which keeps so many connections.
    ///
    /// # Errors
    ///
    /// If it can't be set up.
    pub fn new(kept: usize) -> reqwest::Result<Self> {
        reqwest::blocking::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(kept)
            .build()
            .map(Self)
    }
}

impl Fetch for Blocking {
    const NAME: &'static str = "reqwest_blocking";

    fn fetch(&self, url: &str) -> reqwest::Result<String> {
        self.0.get(url).send()?.error_for_status()?.text()
    }
}

/// The async client under a runtime of the program's own, as one would do it by
/// hand.
#[derive(Debug)]
pub struct ByHand(reqwest::Client, Runtime);

impl ByHand {
    /// A client, which keeps so many connections, and a runtime of its own.
    ///
    /// # Errors
    ///
    /// If the client can't be set up.
    pub fn new(kept: usize) -> reqwest::Result<Self> {
        Ok(Self(client(kept)?, run::multi_thread()))
    }
}

impl Fetch for ByHand {
    const NAME: &'static str = "runtime_block_on";

    fn fetch(&self, url: &str) -> reqwest::Result<String> {
        self.1.block_on(async {
            let response = self.0.get(url).send().await?;
            response.error_for_status()?.text().await
        })
    }
}

/// Requests one after the other.
///
/// # Panics
///
/// If one fails, or its answer is another than the server's.
pub fn fetch_all(fetch: &impl Fetch, url: &str, count: u64) {
    for _ in 0..count {
        let text = fetch.fetch(url).expect("an answer");
        assert_eq!(text, TEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_gets_the_answer() {
        testkit::within(|| {
            let server = Server::start().expect("a server");
            fetch_all(&Bridged::new(1).expect("a client"), &server.url, 3);
            fetch_all(&Blocking::new(1).expect("a client"), &server.url, 3);
            fetch_all(&ByHand::new(1).expect("a client"), &server.url, 3);
        });
    }

    #[test]
    fn a_dropped_server_answers_no_more() {
        testkit::within(|| {
            let server = Server::start().expect("a server");
            let url = server.url.clone();
            drop(server);
            assert!(Bridged::new(1).expect("a client").fetch(&url).is_err());
        });
    }
}
