//! The record of one call, for `#[smartasync(debug)]`.

use std::{panic::Location, thread, time::Instant};

use super::setup::Hooks;
use crate::{log, route::Route};

/// Logs, when it is dropped, how the call went: it finished, panicked, was
/// abandoned, or never ran.
#[derive(Debug)]
pub struct Record {
    name: &'static str,
    caller: &'static Location<'static>,
    started: Option<(Route, Instant)>,
    ended: bool,
}

impl Record {
    /// A record of the function `name`, called from the caller's line.
    #[track_caller]
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            caller: Location::caller(),
            started: None,
            ended: false,
        }
    }
}

impl Hooks for Option<Record> {
    fn begin(&mut self, route: Route) {
        if let Some(record) = self {
            record
                .started
                .get_or_insert_with(|| (route, Instant::now()));
        }
    }

    fn end(&mut self) {
        if let Some(record) = self {
            record.ended = true;
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (name, caller) = (self.name, self.caller);
        let Some((route, start)) = self.started else {
            log::outermost(|| {
                tracing::debug!(target: "bridge", call = name, %caller, "call never ran");
            });
            return;
        };
        let elapsed = start.elapsed();
        let end = match (thread::panicking(), self.ended) {
            (true, _) => "call panicked",
            (false, true) => "call finished",
            (false, false) => "call abandoned",
        };
        log::outermost(|| {
            tracing::debug!(target: "bridge", call = name, ?route, ?elapsed, %caller, "{end}");
        });
    }
}
