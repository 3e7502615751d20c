//! The errors of the functions: a text for the command line, and a status for HTTP.

use std::{error::Error, fmt};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

/// Why a function has no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The caller has named a task that is not there.
    NoTask(i64),
    /// The caller has given no title.
    NoTitle,
    Database(rusqlite::Error),
    /// Another server has failed.
    Remote(reqwest::Error),
    Io(std::io::Error),
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoTask(_) => StatusCode::NOT_FOUND,
            Self::NoTitle => StatusCode::BAD_REQUEST,
            Self::Remote(_) => StatusCode::BAD_GATEWAY,
            Self::Database(_) | Self::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// For HTTP.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.to_string() });
        (self.status(), Json(body)).into_response()
    }
}

/// For the command line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTask(id) => write!(f, "there is no task {id}; `list --all` shows all tasks"),
            Self::NoTitle => f.write_str("the title is empty; say what is to be done"),
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Remote(error) => write!(f, "the other server failed: {error}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for Failure {}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::Remote(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}
