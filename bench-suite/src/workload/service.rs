//! A service over a database, with an axum handler for each way to run a blocking
//! query.
//!
//! Each way is written as its documentation advises. The bridge's handlers await
//! smart functions, with nothing configured.

pub mod process;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{MethodRouter, get},
};
use bridge::smartasync;
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    task::{self, JoinError},
    time::sleep,
};

use super::{
    database::{self, CONNECTIONS, Database, Failure},
    server::work,
};

/// The way in which a handler runs its blocking query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// The handler awaits a smart function.
    Bridge,
    /// The handler awaits `spawn_blocking`.
    SpawnBlocking,
    /// The handler awaits `spawn_blocking` behind a semaphore with a permit for each
    /// connection.
    ///
    /// Tokio's documentation advises this, so that a runtime does not start all of its
    /// 512 blocking threads.
    Limited,
}

impl Handling {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Bridge, Self::SpawnBlocking, Self::Limited];

    /// Returns the name under which the way is measured.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::SpawnBlocking => "spawn_blocking",
            Self::Limited => "spawn_blocking_limited",
        }
    }

    /// Returns the way of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// Returns the routes of the service.
    ///
    /// `/square/N` makes one query. `/nested/N` holds a connection while it waits for
    /// more async and blocking work, and then makes its query.
    pub fn router(self, database: Database) -> Router {
        let permits = usize::try_from(CONNECTIONS).unwrap_or(usize::MAX);
        let state = Service {
            database,
            permits: Arc::new(Semaphore::new(permits)),
        };
        Router::new()
            .route("/square/{number}", self.square())
            .route("/nested/{number}", self.nested())
            .with_state(state)
    }

    fn square(self) -> MethodRouter<Service> {
        match self {
            Self::Bridge => get(bridged),
            Self::SpawnBlocking => get(spawned),
            Self::Limited => get(limited),
        }
    }

    fn nested(self) -> MethodRouter<Service> {
        match self {
            Self::Bridge => get(bridged_nested),
            Self::SpawnBlocking => get(spawned_nested),
            Self::Limited => get(limited_nested),
        }
    }
}

#[derive(Clone)]
struct Service {
    database: Database,
    permits: Arc<Semaphore>,
}

/// The answer that a client gets.
type Answer = Result<String, (StatusCode, String)>;

fn answer(result: Result<i64, Failure>) -> Answer {
    result
        .map(|square| square.to_string())
        .map_err(|why| (StatusCode::INTERNAL_SERVER_ERROR, why.to_string()))
}

/// Turns the result of a blocking task into an answer. These tasks are never aborted
/// and do not panic.
fn joined(result: Result<Result<i64, Failure>, JoinError>) -> Answer {
    answer(result.unwrap_or_else(|why| Err(why.into())))
}

#[smartasync]
fn square(database: &Database, number: u64) -> Result<i64, Failure> {
    database.square(number)
}

async fn bridged(State(service): State<Service>, Path(number): Path<u64>) -> Answer {
    answer(square(&service.database, number).await)
}

async fn spawned(State(service): State<Service>, Path(number): Path<u64>) -> Answer {
    let database = service.database;
    joined(task::spawn_blocking(move || database.square(number)).await)
}

async fn limited(State(service): State<Service>, Path(number): Path<u64>) -> Answer {
    let database = service.database;
    let _permit = service.permits.acquire().await;
    joined(task::spawn_blocking(move || database.square(number)).await)
}

/// The async part of a nested request: another service takes this long to answer.
const UPSTREAM: Duration = Duration::from_millis(1);

/// The steps of [`work`] in the innermost blocking function of a nested request.
const STEPS: u64 = 1_000;

/// Returns `number` after some computation.
fn confirm(number: u64) -> u64 {
    std::hint::black_box(work(STEPS));
    number
}

#[smartasync]
fn outer(database: &Database, number: u64) -> Result<i64, Failure> {
    let connection = database.connection()?;
    let confirmed = middle(number).wait();
    database::square(&connection, confirmed)
}

#[smartasync]
async fn middle(number: u64) -> u64 {
    sleep(UPSTREAM).await;
    inner(number).await
}

#[smartasync]
fn inner(number: u64) -> u64 {
    confirm(number)
}

async fn bridged_nested(State(service): State<Service>, Path(number): Path<u64>) -> Answer {
    answer(outer(&service.database, number).await)
}

/// Answers a nested request by hand: `spawn_blocking`, `Handle::block_on`,
/// `spawn_blocking`.
fn by_hand(database: &Database, number: u64) -> Result<i64, Failure> {
    let connection = database.connection()?;
    let confirmed = Handle::current().block_on(async move {
        sleep(UPSTREAM).await;
        task::spawn_blocking(move || confirm(number)).await
    })?;
    database::square(&connection, confirmed)
}

async fn spawned_nested(State(service): State<Service>, Path(number): Path<u64>) -> Answer {
    let database = service.database;
    joined(task::spawn_blocking(move || by_hand(&database, number)).await)
}

async fn limited_nested(State(service): State<Service>, Path(number): Path<u64>) -> Answer {
    let database = service.database;
    let _permit = service.permits.acquire().await;
    joined(task::spawn_blocking(move || by_hand(&database, number)).await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{
        client::{load, wave},
        run,
        service::process::question,
    };

    #[test]
    fn every_way_answers_every_request() {
        testkit::within(|| {
            for way in Handling::ALL {
                assert_eq!(Handling::named(way.name()), Some(way));
                let runtime = run::multi_thread();
                let address = process::serve(&runtime, way).expect("a server");
                let length = Duration::from_millis(20);
                let load = load(address, 3, length, &question("square")).expect("answers");
                assert!(load.times.len() >= 3, "{way:?}");
                let wave = wave(address, 4, &question("nested")).expect("connections");
                assert_eq!(wave.failed, 0, "{way:?}");
            }
        });
    }

    #[test]
    fn a_row_that_is_not_there_is_a_failed_request() {
        testkit::within(|| {
            let runtime = run::multi_thread();
            let address = process::serve(&runtime, Handling::Bridge).expect("a server");
            let beyond = |_| (format!("/square/{}", database::ROWS), String::new());
            assert_eq!(wave(address, 2, &beyond).expect("connections").failed, 2);
        });
    }
}
