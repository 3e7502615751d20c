//! The library's error.

use std::{error::Error, fmt, io};

/// The reason why a note can't be read or written.
#[derive(Debug)]
pub enum NotesError {
    /// The service can't be reached, or refused the request.
    Http(reqwest::Error),
    /// A file can't be read or written.
    File(io::Error),
}

impl fmt::Display for NotesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http(_) => "the service of the notes failed",
            Self::File(_) => "a file of the notes failed",
        })
    }
}

impl Error for NotesError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(match self {
            Self::Http(error) => error,
            Self::File(error) => error,
        })
    }
}

impl From<reqwest::Error> for NotesError {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

impl From<io::Error> for NotesError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}
