//! Notes in an HTTP service: the async implementation, and its plain sync twins.

use bridge::{Call, smartasync};

use super::{Notes, NotesError};

/// A client of the service. Its clones share the connections.
#[derive(Clone)]
pub struct Remote {
    url: String,
    client: reqwest::Client,
}

impl Remote {
    /// Makes a client. It connects at the first call.
    pub fn new(url: &str) -> Result<Self, NotesError> {
        Ok(Self {
            url: url.to_owned(),
            // The service is on this machine, and no proxy leads there.
            client: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// Returns the names of all notes, sorted. `names_blocking` is the plain sync twin.
    #[smartasync(blocking = names_blocking)]
    pub async fn names(&self) -> Result<Vec<String>, NotesError> {
        let request = self.client.get(format!("{}/notes", self.url));
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Returns the text of a note. `get_blocking` is the plain sync twin.
    #[smartasync(blocking = get_blocking)]
    pub async fn get(&self, name: &str) -> Result<String, NotesError> {
        let request = self.client.get(format!("{}/notes/{name}", self.url));
        Ok(request.send().await?.error_for_status()?.text().await?)
    }

    /// Writes a note. `put_blocking` is the plain sync twin.
    #[smartasync(blocking = put_blocking)]
    pub async fn put(&self, name: &str, text: &str) -> Result<(), NotesError> {
        let request = self.client.put(format!("{}/notes/{name}", self.url));
        request
            .body(text.to_owned())
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }
}

/// Each method returns the call of the method above, which has the same name.
impl Notes for Remote {
    fn names(&self) -> impl Call<Output = Result<Vec<String>, NotesError>> + Send {
        Self::names(self)
    }

    fn get(&self, name: &str) -> impl Call<Output = Result<String, NotesError>> + Send {
        Self::get(self, name)
    }

    fn put(&self, name: &str, text: &str) -> impl Call<Output = Result<(), NotesError>> + Send {
        Self::put(self, name, text)
    }
}
