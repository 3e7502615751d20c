//! The switch: plugins by name and in order, each behind a time limit and apart from the
//! others.
//!
//! The methods are smart functions themselves. So sync code waits for them, and async code
//! awaits them. There is one implementation of everything here.

use std::{any::Any, fmt, panic::AssertUnwindSafe};

use bridge::{Handler, smartasync};
use futures::FutureExt as _;
use tokio::time::timeout;

use crate::plugin::{Document, Done, End, Plugin, Report};

/// Plugins that are called by name, or all in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch {
    /// Sorted by their order.
    plugins: Vec<Plugin>,
}

/// A name that no plugin has.
#[derive(Debug)]
pub(crate) struct Unknown {
    name: String,
    near: Vec<&'static str>,
}

impl Switch {
    /// Adds a plugin behind those of the same order.
    pub(crate) fn plug(&mut self, plugin: Plugin) {
        let place = self
            .plugins
            .partition_point(|other| other.order <= plugin.order);
        self.plugins.insert(place, plugin);
    }

    pub(crate) fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// Returns the plugin of this name.
    pub(crate) fn named(&self, name: &str) -> Result<&Plugin, Unknown> {
        let found = self.plugins.iter().find(|plugin| plugin.name == name);
        found.ok_or_else(|| Unknown::new(name, self.plugins.iter().map(|plugin| plugin.name)))
    }

    /// Sets all plugins up, in order. A plugin whose set-up fails is left out.
    #[smartasync]
    pub(crate) async fn set_up(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        for plugin in std::mem::take(&mut self.plugins) {
            let report = hook(&plugin, plugin.set_up.as_ref()).await;
            let works = report.as_ref().is_none_or(|report| report.end.is_done());
            reports.extend(report);
            if works {
                self.plugins.push(plugin);
            }
        }
        reports
    }

    /// Calls all plugins with a document, in order.
    #[smartasync]
    pub(crate) async fn run(&self, document: Document) -> Vec<Report> {
        let mut reports = Vec::with_capacity(self.plugins.len());
        for plugin in &self.plugins {
            reports.push(guarded(plugin, &plugin.run, document.clone()).await);
        }
        reports
    }

    /// Tears all plugins down, in reverse order.
    #[smartasync]
    pub(crate) async fn tear_down(&self) -> Vec<Report> {
        let mut reports = Vec::new();
        for plugin in self.plugins.iter().rev() {
            reports.extend(hook(plugin, plugin.tear_down.as_ref()).await);
        }
        reports
    }
}

async fn hook(plugin: &Plugin, hook: Option<&Handler<(), Done>>) -> Option<Report> {
    Some(guarded(plugin, hook?, ()).await)
}

/// Calls a handler so that neither its error nor its panic nor its delay reaches others.
///
/// When the limit passes, the call is dropped. That drops the future of an async handler.
/// A sync handler that has started is told: `offload::cancelled()` is true in it.
async fn guarded<X>(plugin: &Plugin, handler: &Handler<X, Done>, x: X) -> Report {
    let call = AssertUnwindSafe(handler.call(x)).catch_unwind();
    let end = match timeout(plugin.limit, call).await {
        Ok(Ok(Ok(line))) => End::Done(line),
        Ok(Ok(Err(error))) => End::Failed(error.to_string()),
        Ok(Err(panic)) => End::Panicked(text(&*panic)),
        Err(_elapsed) => End::Late(plugin.limit),
    };
    Report {
        plugin: plugin.name,
        kind: kind(handler),
        end,
    }
}

/// Returns the word for the kind of a handler.
pub(crate) fn kind<X, T>(handler: &Handler<X, T>) -> &'static str {
    if handler.is_async() { "async" } else { "sync" }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a text".to_owned())
}

impl End {
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Unknown {
    /// Returns the error for `name`, with the names that it may have been meant for.
    pub(crate) fn new(name: &str, known: impl Iterator<Item = &'static str>) -> Self {
        let mut near: Vec<_> = known
            .map(|other| (strsim::damerau_levenshtein(name, other), other))
            .filter(|(distance, other)| *distance <= other.len() / 3)
            .collect();
        near.sort_unstable();
        Self {
            name: name.to_owned(),
            near: near.into_iter().map(|(_, other)| other).collect(),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no plugin is called `{}`", self.name)?;
        match &*self.near {
            [] => write!(f, "; `plugins list` shows all names"),
            near => write!(f, "; did you mean `{}`?", near.join("` or `")),
        }
    }
}

impl std::error::Error for Unknown {}
