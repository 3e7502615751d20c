//! The client of the note service: three methods, for sync and for async callers.

use std::{error::Error, fmt};

use bridge::smartasync;
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};

/// A note, as the service sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The number by which the service knows the note.
    pub id: u32,
    /// The text of the note.
    pub text: String,
}

/// The client. Threads and tasks share one, and so they share its connections.
#[derive(Clone, Debug)]
pub struct Notes {
    http: reqwest::Client,
    base: String,
}

impl Notes {
    /// Makes a client of the service at this address.
    pub fn at(base: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            base: base.trim_end_matches('/').to_owned(),
        }
    }

    /// Returns all notes.
    #[smartasync]
    pub async fn list(&self) -> Result<Vec<Note>, Failure> {
        let url = format!("{}/notes", self.base);
        let answer = self.http.get(url).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Returns one note.
    #[smartasync]
    pub async fn read(&self, id: u32) -> Result<Note, Failure> {
        let url = format!("{}/notes/{id}", self.base);
        let answer = self.http.get(url).send().await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(Failure::NoSuchNote(id));
        }
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Adds a note, and returns it with its number.
    #[smartasync]
    pub async fn add(&self, text: &str) -> Result<Note, Failure> {
        let url = format!("{}/notes", self.base);
        let answer = self.http.post(url).json(&text).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

/// The reason why the service gave no answer.
#[derive(Debug)]
pub enum Failure {
    /// The service has no note of this number.
    NoSuchNote(u32),
    /// The request failed.
    Http(reqwest::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNote(id) => write!(f, "there is no note {id}; `list` shows all notes"),
            Self::Http(_) => f.write_str("the note service did not answer; start it with `serve`"),
        }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoSuchNote(_) => None,
            Self::Http(error) => Some(error),
        }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}
