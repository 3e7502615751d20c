//! Requests from sync code to a server on this machine.
//!
//! The clients are the same crate's, so that what differs is how they are
//! waited for.

use bridge::smartasync;
use tokio::runtime::{Builder, Runtime};

use super::{answering::TEXT, run};

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
    const NAME: &'static str = "tokio_runtime_block_on";

    fn fetch(&self, url: &str) -> reqwest::Result<String> {
        self.1.block_on(async {
            let response = self.0.get(url).send().await?;
            response.error_for_status()?.text().await
        })
    }
}

/// The same under a current-thread runtime. It belongs to one thread, because the
/// runtime is driven by one at a time.
#[derive(Debug)]
pub struct CurrentThread(ByHand);

impl CurrentThread {
    /// A client and a runtime of its own.
    ///
    /// # Errors
    ///
    /// If the client can't be set up.
    ///
    /// # Panics
    ///
    /// If the system refuses what a runtime needs.
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
