//! The plugins that work: two sync ones and two async ones.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bridge::{Handler, smartasync};

use crate::{
    plugin::{Document, Done, Failure, Plugin},
    site::Site,
};

/// Far above what these plugins need, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);

/// Counts the words of a document. It is sync, and does not block.
#[smartasync]
fn words(document: Document) -> Done {
    Ok(format!(
        "{} words",
        document.text.split_whitespace().count()
    ))
}

pub(crate) fn count(_: &Site) -> Plugin {
    Plugin::new("count", 10, LIMIT, words)
}

/// Stores each document in a database. All its handlers are sync, and block.
pub(crate) fn store(site: &Site) -> Plugin {
    let path = site.database();
    let opened = Arc::new(Mutex::new(None));
    let [writer, closer] = [&opened, &opened].map(Arc::clone);
    let set_up = Handler::from_fn(move |()| {
        let database = rusqlite::Connection::open(&path)?;
        database.execute("create table documents (number integer, text text)", [])?;
        *lock(&opened) = Some(database);
        Ok("the table is there".to_owned())
    });
    let run = Handler::from_fn(move |document: Document| {
        let database = lock(&writer);
        let database = database.as_ref().ok_or("the database is not open")?;
        let row = (document.number, &*document.text);
        database.execute("insert into documents values (?1, ?2)", row)?;
        Ok(format!("row {}", database.last_insert_rowid()))
    });
    let tear_down = Handler::from_fn(move |()| {
        let database = lock(&closer).take().ok_or("the database is not open")?;
        database.close().map_err(|(_, error)| error)?;
        Ok("the database is closed".to_owned())
    });
    Plugin::new("store", 20, LIMIT, run)
        .set_up(set_up)
        .tear_down(tear_down)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells a server of each document. All its handlers are async.
pub(crate) fn notify(site: &Site) -> Plugin {
    let (client, url) = (site.client(), site.url().to_owned());
    let post = move |path: &str, body: String| {
        let request = client.post(format!("{url}/{path}")).body(body);
        async move {
            let answer = request.send().await?.error_for_status()?;
            Ok::<_, Failure>(answer.text().await?)
        }
    };
    let [hello, bye] = [post.clone(), post.clone()];
    Plugin::new(
        "notify",
        30,
        LIMIT,
        Handler::from_async_fn(move |document: Document| {
            post("note", format!("document {}", document.number))
        }),
    )
    .set_up(Handler::from_async_fn(move |()| {
        hello("hello", String::new())
    }))
    .tear_down(Handler::from_async_fn(move |()| bye("bye", String::new())))
}

/// Writes each document to a file. Its set-up is sync, and the rest is async.
pub(crate) fn archive(site: &Site) -> Plugin {
    let folder = site.archive();
    let made = folder.clone();
    let set_up = Handler::from_fn(move |()| {
        std::fs::create_dir(&made)?;
        Ok("the folder is there".to_owned())
    });
    let run = Handler::from_async_fn(move |document: Document| {
        let file = folder.join(format!("{}.txt", document.number));
        async move {
            tokio::fs::write(&file, &*document.text).await?;
            Ok(format!("{} bytes", document.text.len()))
        }
    });
    Plugin::new("archive", 40, LIMIT, run).set_up(set_up)
}
