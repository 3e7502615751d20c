//! One plugin: a name, a place in the order, a time limit, and handlers of either kind.

use std::{error::Error, fmt, sync::Arc, time::Duration};

use bridge::Handler;

/// Any error of a plugin.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The result of a handler: a line of text, or an error.
pub(crate) type Done = Result<String, Failure>;

/// The value that every plugin is called with.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) number: u32,
    pub(crate) text: Arc<str>,
}

/// A plugin. The switch does not care which of its handlers are async.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(crate) name: &'static str,
    /// Plugins with a lower number run first.
    pub(crate) order: u32,
    /// The time limit of each handler.
    pub(crate) limit: Duration,
    pub(crate) run: Handler<Document, Done>,
    pub(crate) set_up: Option<Handler<(), Done>>,
    pub(crate) tear_down: Option<Handler<(), Done>>,
}

impl Plugin {
    /// Returns a plugin without set-up and tear-down.
    pub(crate) fn new(
        name: &'static str,
        order: u32,
        limit: Duration,
        run: impl Into<Handler<Document, Done>>,
    ) -> Self {
        Self {
            name,
            order,
            limit,
            run: run.into(),
            set_up: None,
            tear_down: None,
        }
    }

    pub(crate) fn set_up(self, set_up: impl Into<Handler<(), Done>>) -> Self {
        let set_up = Some(set_up.into());
        Self { set_up, ..self }
    }

    pub(crate) fn tear_down(self, tear_down: impl Into<Handler<(), Done>>) -> Self {
        let tear_down = Some(tear_down.into());
        Self { tear_down, ..self }
    }
}

/// The end of one call of one handler.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) plugin: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) end: End,
}

/// The way in which a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    Done(String),
    Failed(String),
    Panicked(String),
    /// The time limit has passed.
    Late(Duration),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match &self.end {
            End::Done(text) => ("done", text.clone()),
            End::Failed(error) => ("failed", error.clone()),
            End::Panicked(panic) => ("panicked", panic.clone()),
            End::Late(limit) => ("late", format!("gave up after {limit:?}")),
        };
        write!(f, "{:8} {:8} {:5}  {text}", self.plugin, word, self.kind)
    }
}
