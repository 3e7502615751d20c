//! HTTP requests from sync code to a server on this machine.
//!
//! All clients are of the same crate, so they differ only in how sync code waits for
//! them.

use bridge::smartasync;
use tokio::runtime::{Builder, Runtime};

use super::{answering::TEXT, run};

/// A client that keeps its connections, with one way to wait for an answer.
pub trait Fetch: Sync {
    /// The name under which the client is measured.
    const NAME: &'static str;

    /// Returns the text at `url`.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not answer, or answers with an error.
    fn fetch(&self, url: &str) -> reqwest::Result<String>;
}

/// `reqwest`'s async client, which sync code waits for through the bridge.
#[derive(Debug)]
pub struct Bridged(reqwest::Client);

#[smartasync]
async fn fetch(client: &reqwest::Client, url: &str) -> reqwest::Result<String> {
    let response = client.get(url).send().await?;
    response.error_for_status()?.text().await
}

/// Returns an async client that keeps at most `kept` connections.
///
/// A request opens another connection if it begins before the last request has given
/// its connection back. The limit closes that connection again. No proxy is used,
/// because none leads to a server on this machine.
fn client(kept: usize) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder().no_proxy();
    builder.pool_max_idle_per_host(kept).build()
}

impl Bridged {
    /// Returns a client that keeps at most `kept` connections.
    ///
    /// # Errors
    ///
    /// Returns an error if the client can't be set up.
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
    /// Returns a client that keeps at most `kept` connections.
    ///
    /// # Errors
    ///
    /// Returns an error if the client can't be set up.
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

/// The async client under a multi-thread runtime of its own, as a program would use it
/// by hand.
#[derive(Debug)]
pub struct ByHand(reqwest::Client, Runtime);

impl ByHand {
    /// Returns a client that keeps at most `kept` connections, with a runtime of its
    /// own.
    ///
    /// # Errors
    ///
    /// Returns an error if the client can't be set up.
    pub fn new(kept: usize) -> reqwest::Result<Self> {
        Ok(Self(client(kept)?, run::multi_thread()))
    }
}

impl Fetch for ByHand {
    const NAME: &'static str = "tokio_runtime_block_on";

    fn fetch(&self, url: &str) -> reqwest::Result<String> {
        self.1.block_on(async {
            let response = self.0.get(url).send().await?;
            response.error_for_status()?.text().await
        })
    }
}

/// The async client under a current-thread runtime of its own.
///
/// It belongs to one thread, because only one thread at a time drives such a runtime.
#[derive(Debug)]
pub struct CurrentThread(ByHand);

impl CurrentThread {
    /// Returns a client with a runtime of its own.
    ///
    /// # Errors
    ///
    /// Returns an error if the client can't be set up.
    ///
    /// # Panics
    ///
    /// Panics if the system refuses what a runtime needs.
    pub fn new() -> reqwest::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self(ByHand(client(1)?, runtime.expect("a runtime"))))
    }
}

impl Fetch for CurrentThread {
    const NAME: &'static str = "current_thread_block_on";

    fn fetch(&self, url: &str) -> reqwest::Result<String> {
        self.0.fetch(url)
    }
}

/// Sends `count` requests one after the other.
///
/// # Panics
///
/// Panics if a request fails, or if its answer is not the server's.
pub fn fetch_all(fetch: &impl Fetch, url: &str, count: u64) {
    for _ in 0..count {
        let text = fetch.fetch(url).expect("an answer");
        assert_eq!(text, TEXT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::answering;

    #[test]
    fn every_client_gets_the_answer() {
        testkit::within(|| {
            let server = run::multi_thread();
            let url = answering::serve(&server).expect("a server").url();
            fetch_all(&Bridged::new(1).expect("a client"), &url, 3);
            fetch_all(&Blocking::new(1).expect("a client"), &url, 3);
            fetch_all(&ByHand::new(1).expect("a client"), &url, 3);
            fetch_all(&CurrentThread::new().expect("a client"), &url, 3);
            drop(server);
            assert!(Bridged::new(1).expect("a client").fetch(&url).is_err());
        });
    }
}
