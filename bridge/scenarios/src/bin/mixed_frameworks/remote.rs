//! An async client of the back. All threads of the program share its connections.

use bridge::smartasync;

use crate::Failure;

/// A client. Its clones share one pool of connections.
#[derive(Clone)]
pub struct Remote {
    url: String,
    client: reqwest::Client,
}

impl Remote {
    pub fn new(url: String) -> Result<Self, Failure> {
        // The server is on this machine, and no proxy leads there.
        let client = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { url, client })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Fetches a path. A connection that one call opens serves later calls too, whichever
    /// thread makes them.
    #[smartasync]
    pub async fn ask(&self, path: &str) -> Result<String, Failure> {
        let request = self.client.get(format!("{}{path}", self.url));
        Ok(request.send().await?.error_for_status()?.text().await?)
    }
}
