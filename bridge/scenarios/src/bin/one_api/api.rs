//! The functions, each written once. The commands call them, and they are the handlers of
//! the server.
//!
//! Their arguments are structs that clap and serde both read. Three functions are sync,
//! because the database blocks. One is async, because it asks another server.

use axum::{
    Json,
    extract::{Query, State},
};
use bridge::smartasync;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{
    failure::Failure,
    store::{Store, Task, Tasks},
};

/// The result of each function.
pub(crate) type Answer<T> = Result<Json<T>, Failure>;

#[derive(Args, Debug, Deserialize, Serialize)]
pub(crate) struct Add {
    /// The thing to do
    pub(crate) title: String,
    /// 1 is the most urgent
    #[arg(long, default_value_t = usual())]
    #[serde(default = "usual")]
    pub(crate) priority: u8,
}

fn usual() -> u8 {
    2
}

#[derive(Args, Debug, Deserialize, Serialize)]
pub(crate) struct List {
    /// Show the finished tasks too
    #[arg(long)]
    #[serde(default)]
    pub(crate) all: bool,
}

#[derive(Args, Debug, Deserialize, Serialize)]
pub(crate) struct Finish {
    /// The number of the task
    pub(crate) id: i64,
}

#[derive(Args, Debug, Deserialize, Serialize)]
pub(crate) struct Import {
    /// The address of another server of this program
    pub(crate) url: String,
}

#[smartasync]
pub(crate) fn add(State(store): State<Store>, Json(new): Json<Add>) -> Answer<Task> {
    if new.title.trim().is_empty() {
        return Err(Failure::NoTitle);
    }
    Ok(Json(store.add(&new.title, new.priority)?))
}

#[smartasync]
pub(crate) fn list(State(store): State<Store>, Query(which): Query<List>) -> Answer<Tasks> {
    Ok(Json(store.list(which.all)?))
}

#[smartasync]
pub(crate) fn finish(State(store): State<Store>, Json(task): Json<Finish>) -> Answer<Task> {
    Ok(Json(store.finish(task.id)?))
}

/// Copies the open tasks of another server. It is async, and calls a sync function.
#[smartasync]
pub(crate) async fn import(state: State<Store>, Json(from): Json<Import>) -> Answer<Tasks> {
    let answer = reqwest::get(format!("{}/list", from.url)).await?;
    let theirs: Tasks = answer.error_for_status()?.json().await?;
    let mut ours = Vec::new();
    for Task {
        title, priority, ..
    } in theirs.0
    {
        let Json(task) = add(state.clone(), Json(Add { title, priority })).await?;
        ours.push(task);
    }
    Ok(Json(Tasks(ours)))
}
