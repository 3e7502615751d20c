//! The reasons why the bank refuses something, and their HTTP status.

use std::{error::Error, fmt};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use bridge::{BuildError, OffloadError};
use rusqlite::ffi::{
    SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE,
};

/// The reason why the bank did not do something.
#[derive(Debug)]
pub enum Failure {
    /// No account has this name.
    NoSuchAccount(String),
    /// An account of this name exists.
    Duplicate(String),
    /// The account of this name holds too little money.
    TooPoor(String),
    /// As many requests as the bank allows are queued.
    Busy,
    /// The database has failed.
    Database(rusqlite::Error),
    /// No connection was to be had.
    Connection(r2d2::Error),
    /// A setting of the bridge is out of range.
    Settings(BuildError),
    /// The bridge gave no result.
    Offload(OffloadError),
}

impl Failure {
    pub fn missing(name: &str) -> Self {
        Self::NoSuchAccount(name.to_owned())
    }

    /// Returns whether a row with this key exists.
    pub fn is_duplicate(error: &rusqlite::Error) -> bool {
        let code = error.sqlite_extended_error_code();
        code == Some(SQLITE_CONSTRAINT_PRIMARYKEY) || code == Some(SQLITE_CONSTRAINT_UNIQUE)
    }

    /// Returns whether a balance would be below zero.
    pub fn is_overdraft(error: &rusqlite::Error) -> bool {
        error.sqlite_extended_error_code() == Some(SQLITE_CONSTRAINT_CHECK)
    }

    /// Returns the status of the answer.
    fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchAccount(_) => StatusCode::NOT_FOUND,
            Self::Duplicate(_) => StatusCode::BAD_REQUEST,
            Self::TooPoor(_) => StatusCode::CONFLICT,
            Self::Busy | Self::Offload(OffloadError::ShutDown { .. }) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchAccount(name) => write!(f, "there is no account `{name}`"),
            Self::Duplicate(name) => write!(f, "the account `{name}` exists; choose another name"),
            Self::TooPoor(name) => write!(f, "the account `{name}` holds too little money"),
            Self::Busy => f.write_str("the bank is busy; try again later"),
            Self::Database(error) => write!(f, "the database failed: {error}"),
            Self::Connection(error) => write!(f, "no connection to the database: {error}"),
            Self::Settings(error) => error.fmt(f),
            Self::Offload(error) => error.fmt(f),
        }
    }
}

impl Error for Failure {}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<r2d2::Error> for Failure {
    fn from(error: r2d2::Error) -> Self {
        Self::Connection(error)
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::Settings(error)
    }
}

impl From<OffloadError> for Failure {
    fn from(error: OffloadError) -> Self {
        Self::Offload(error)
    }
}
