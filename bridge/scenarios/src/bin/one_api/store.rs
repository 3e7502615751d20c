//! The tasks, in a database. This is blocking code that knows nothing of either API.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The file of the database. Any thread and any process may use it.
#[derive(Clone, Debug)]
pub(crate) struct Store(Arc<Path>);

/// Something to do.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Task {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) priority: u8,
    pub(crate) finished: bool,
}

/// Several tasks, one on each line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Tasks(pub(crate) Vec<Task>);

const SCHEMA: &str = "create table if not exists tasks (
    id integer primary key, title text not null, priority integer not null,
    finished integer not null default 0)";

impl Store {
    /// Returns the store in a file. Makes the file if it isn't there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let store = Self(path.into());
        store.connect()?.execute(SCHEMA, [])?;
        Ok(store)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&*self.0)?;
        // A server and commands may write at the same time.
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(connection)
    }

    pub(crate) fn add(&self, title: &str, priority: u8) -> Result<Task, Failure> {
        let sql = "insert into tasks (title, priority) values (?1, ?2) returning *";
        Ok(self.connect()?.query_row(sql, (title, priority), task)?)
    }

    pub(crate) fn list(&self, all: bool) -> Result<Tasks, Failure> {
        let connection = self.connect()?;
        let sql = "select * from tasks where ?1 or not finished order by priority, id";
        let mut statement = connection.prepare(sql)?;
        let tasks = statement.query_map([all], task)?;
        Ok(Tasks(tasks.collect::<Result<_, _>>()?))
    }

    pub(crate) fn finish(&self, id: i64) -> Result<Task, Failure> {
        let sql = "update tasks set finished = 1 where id = ?1 returning *";
        let found = self.connect()?.query_row(sql, [id], task).optional()?;
        found.ok_or(Failure::NoTask(id))
    }
}

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: row.get("id")?,
        title: row.get("title")?,
        priority: row.get("priority")?,
        finished: row.get("finished")?,
    })
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.finished { 'x' } else { ' ' };
        let Self {
            id,
            title,
            priority,
            ..
        } = self;
        write!(f, "[{mark}] {id}: {title} (priority {priority})")
    }
}

impl fmt::Display for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(Task::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
