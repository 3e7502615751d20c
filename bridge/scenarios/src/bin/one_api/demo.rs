//! The demonstration: the same functions as commands and over HTTP, side by side.

use std::{error::Error, thread};

use axum::http::StatusCode;
use bridge::{Bridge, smartasync};
use clap::Parser as _;
use serde::Serialize;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::{
    api::{Add, Finish, Import},
    cli::{self, Cli},
    http,
    store::{Store, Tasks},
};

type Ended<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The callers on each side, and the tasks that each of them adds.
const CALLERS: usize = 6;
const EACH: usize = 10;

pub(crate) fn run() -> Ended {
    let folder = TempDir::new()?;
    let [ours, theirs] = ["ours.db", "theirs.db"].map(|name| folder.path().join(name));
    let [url, other] = [
        start(Store::open(&ours)?).wait()?,
        start(Store::open(&theirs)?).wait()?,
    ];
    let client = reqwest::Client::new();
    let ours = ours
        .to_str()
        .ok_or("the temporary folder's name is no text")?;
    let cli = |line: &str| {
        let text = command(ours, line);
        println!("$ one_api {line}\n{text}");
        text
    };
    let post = |path: &str, body: String| -> Ended<(StatusCode, String)> {
        println!("POST /{path} {body}");
        let (status, text) = send(&client, format!("{url}/{path}"), body).wait()?;
        println!("{} {text}", status.as_u16());
        Ok((status, text))
    };

    cli("add milk");
    post(
        "add",
        json(&Add {
            title: "bread".to_owned(),
            priority: 1,
        })?,
    )?;
    cli("finish 1");
    let listed = cli("list --all");
    let tasks: Tasks = fetch(&client, format!("{url}/list?all=true")).wait()?;
    check(tasks.to_string() == listed, "both lists are the same")?;

    let text = cli("finish 99");
    let (status, body) = post("finish", json(&Finish { id: 99 })?)?;
    check(
        status == StatusCode::NOT_FOUND && body.contains("no task 99"),
        "HTTP says 404",
    )?;
    check(text.contains("no task 99"), "the command says the same")?;
    cli("add");
    let (status, _) = post("add", "{}".to_owned())?;
    check(status.is_client_error(), "HTTP refuses it too")?;

    let added = command(theirs.to_str().unwrap_or_default(), "add tea");
    println!("on the other server: {added}");
    cli(&format!("import {other}"));
    post("import", json(&Import { url: other })?)?;

    println!("{CALLERS} threads run commands, and {CALLERS} tasks send requests");
    crowd(&client, &url, ours)?;
    let tasks: Tasks = fetch(&client, format!("{url}/list?all=true")).wait()?;
    let expected = 4 + 2 * CALLERS * EACH;
    println!("{} of {expected} tasks are there", tasks.0.len());
    check(tasks.0.len() == expected, "no task is lost")?;
    let jobs = Bridge::global().metrics();
    println!(
        "the pool ran {} closures, and the commands ran in place",
        jobs.completed
    );
    Ok(())
}

/// Runs a command line. Returns what it prints.
fn command(database: &str, line: &str) -> String {
    let words = ["one_api", "--database", database].into_iter();
    let parsed = Cli::try_parse_from(words.chain(line.split(' ')));
    match parsed {
        Ok(Cli {
            command: Some(command),
            ..
        }) => {
            let store = Store::open(database.as_ref());
            let printed = store.and_then(|store| cli::run(store, command));
            printed.unwrap_or_else(|error| format!("one_api: {error}"))
        }
        Ok(_) => String::new(),
        Err(error) => {
            let text = error.to_string();
            let cause = text.lines().take_while(|line| !line.is_empty());
            cause.map(str::trim).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Starts a server. Returns its address.
#[smartasync]
async fn start(store: Store) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    bridge::spawn(async { axum::serve(listener, http::router(store)).await });
    Ok(url)
}

#[smartasync]
async fn send(
    client: &reqwest::Client,
    url: String,
    body: String,
) -> reqwest::Result<(StatusCode, String)> {
    let request = client.post(url).header("content-type", "application/json");
    let answer = request.body(body).send().await?;
    Ok((answer.status(), answer.text().await?))
}

#[smartasync]
async fn fetch(client: &reqwest::Client, url: String) -> reqwest::Result<Tasks> {
    client.get(url).send().await?.json().await
}

/// Adds tasks from many callers at once, half of them by commands.
fn crowd(client: &reqwest::Client, url: &str, database: &str) -> Ended {
    let tasks: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (client, url) = (client.clone(), format!("{url}/add"));
            bridge::spawn(async move {
                for number in 0..EACH {
                    let title = format!("request {caller}.{number}");
                    let body = json(&Add { title, priority: 3 })?;
                    let (status, text) = send(&client, url.clone(), body).await?;
                    check(status.is_success(), &text)?;
                }
                Ended::Ok(())
            })
        })
        .collect();
    thread::scope(|scope| {
        let threads = (0..CALLERS).map(|caller| {
            scope.spawn(move || {
                for number in 0..EACH {
                    let text = command(database, &format!("add command_{caller}.{number}"));
                    check(text.starts_with("[ ]"), &text)?;
                }
                Ended::Ok(())
            })
        });
        let threads: Vec<_> = threads.collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| "a thread panicked")?)
    })?;
    tasks.into_iter().try_for_each(|task| bridge::wait(task)?)
}

fn json(args: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(args)
}

fn check(right: bool, what: &str) -> Ended {
    if right {
        Ok(())
    } else {
        Err(format!("not so: {what}").into())
    }
}
