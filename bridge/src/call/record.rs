//! The record of one call, for `#[smartasync(debug)]`.

use std::{
    mem,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use super::hooks::Hooks;
use crate::{log, route::Route};

/// Logs, when it is dropped, how the call went: it finished, panicked, was
/// abandoned, or never ran.
#[derive(Debug)]
pub struct Record {
    name: &'static str,
    caller: &'static Location<'static>,
    started: Option<(Route, Instant)>,
    /// Whether the thread was unwinding when it started the call, as in a destructor. Then it
    /// unwinds at the end of the call too, however the function ended.
    started_in_unwinding: bool,
    ended: bool,
    panicked: bool,
    /// The time that the function took, unless it runs until the record is dropped.
    ran_for: Option<Duration>,
}

impl Record {
    /// Returns the record of a call of the function `name`, made at the caller's line.
    #[track_caller]
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            caller: Location::caller(),
            started: None,
            started_in_unwinding: false,
            ended: false,
            panicked: false,
            ran_for: None,
        }
    }
}

impl Hooks for Record {
    fn begin(&mut self, route: Route) {
        if self.started.is_none() {
            self.started = Some((route, Instant::now()));
            self.started_in_unwinding = thread::panicking();
        }
    }

    fn end(&mut self) {
        self.ended = true;
        // A plain call notes its end before its function runs.
        if let Some((route, start)) = self.started
            && route != Route::Direct
        {
            self.ran_for.get_or_insert_with(|| start.elapsed());
        }
    }

    fn panicked(&mut self) {
        self.panicked = true;
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
        let elapsed = self.ran_for.unwrap_or_else(|| start.elapsed());
        let unwinds = thread::panicking() && !self.started_in_unwinding;
        let end = if self.ran_for.is_some() {
            "call finished"
        } else if self.panicked || unwinds {
            "call panicked"
        } else if self.ended {
            "call finished"
        } else {
            "call abandoned"
        };
        log::outermost(|| {
            tracing::debug!(target: "bridge", call = name, ?route, ?elapsed, %caller, "{end}");
        });
    }
}

/// A record that a job holds.
pub(super) type SharedRecord = Arc<Mutex<Record>>;

impl Hooks for Option<SharedRecord> {
    fn begin(&mut self, route: Route) {
        if let Some(record) = self {
            lock(record).begin(route);
        }
    }

    fn end(&mut self) {
        if let Some(record) = self {
            lock(record).end();
        }
    }

    fn panicked(&mut self) {
        if let Some(record) = self {
            lock(record).panicked();
        }
    }
}

fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call's access to its record.
#[derive(Debug)]
pub(super) enum Access {
    /// The call holds the record.
    Own(Record),
    /// The call's job holds the record. The thread that drops the job logs the end.
    Lent(Weak<Mutex<Record>>),
}

impl Access {
    /// Moves the record out of the call, so that the job can hold it. Returns `None` if the
    /// job has ended.
    pub(super) fn lend(&mut self) -> Option<SharedRecord> {
        match mem::replace(self, Self::Lent(Weak::new())) {
            Self::Own(record) => {
                let shared = Arc::new(Mutex::new(record));
                *self = Self::Lent(Arc::downgrade(&shared));
                Some(shared)
            }
            Self::Lent(shared) => {
                let lent = shared.upgrade();
                *self = Self::Lent(shared);
                lent
            }
        }
    }

    /// Changes the place of a call that holds its record.
    pub(super) fn place(&mut self, at: &'static Location<'static>) {
        if let Self::Own(record) = self {
            record.caller = at;
        }
    }
}

impl Hooks for Access {
    fn begin(&mut self, route: Route) {
        match self {
            Self::Own(record) => record.begin(route),
            Self::Lent(shared) => shared.upgrade().begin(route),
        }
    }

    fn end(&mut self) {
        match self {
            Self::Own(record) => record.end(),
            Self::Lent(shared) => shared.upgrade().end(),
        }
    }

    fn panicked(&mut self) {
        match self {
            Self::Own(record) => record.panicked(),
            Self::Lent(shared) => shared.upgrade().panicked(),
        }
    }
}
