//! The record of one call, for `#[smartasync(debug)]`.

use std::{
    mem,
    panic::Location,
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak},
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
        // A poll may have begun a job and panicked before there was one. Then the function runs
        // in place, and has not run before.
        if self.started.is_none() || route == Route::Direct {
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
        // A job and a poll note the panic of the function. Any other panic around them is not the
        // function's.
        let is_in_place = matches!(route, Route::Direct | Route::Wait);
        let unwinds = is_in_place && thread::panicking() && !self.started_in_unwinding;
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

/// A record that a job holds, until the record is logged.
pub(super) type SharedRecord = Arc<Mutex<Option<Record>>>;

impl Hooks for Option<SharedRecord> {
    fn begin(&mut self, route: Route) {
        note(self.as_ref(), |record| record.begin(route));
    }

    fn end(&mut self) {
        note(self.as_ref(), Record::end);
    }

    fn panicked(&mut self) {
        note(self.as_ref(), Record::panicked);
    }
}

fn note(record: Option<&SharedRecord>, hook: impl FnOnce(&mut Record)) {
    if let Some(record) = record {
        lock(record).as_mut().map(hook);
    }
}

fn lock(record: &Mutex<Option<Record>>) -> MutexGuard<'_, Option<Record>> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A call's access to its record.
#[derive(Debug)]
pub(super) enum Access {
    /// The call holds the record.
    Own(Record),
    /// The call and its job hold the record. The thread that drops the call logs the end.
    Shared(OfCall),
    /// The call's job holds the record. The thread that drops the job logs the end.
    Lent(Weak<Mutex<Option<Record>>>),
}

/// The hold of a call on a record that it shares with its job. A drop logs the record, although
/// the job may go on.
#[derive(Debug)]
pub(super) struct OfCall(Option<SharedRecord>);

impl Drop for OfCall {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            // The lock is held only while the job notes something. Then the job is about to log
            // the record, or this is a fork's child, where nobody would release the lock.
            let record = match shared.try_lock() {
                Ok(mut shared) => shared.take(),
                Err(TryLockError::Poisoned(shared)) => shared.into_inner().take(),
                Err(TryLockError::WouldBlock) => None,
            };
            // A subscriber is other code, so the lock is released before the log.
            drop(record);
        }
    }
}

impl Access {
    /// Shares the record with the job that is about to be made, and returns the job's hold on
    /// it. Returns `None` if the pool has refused a job, because that job has the record.
    pub(super) fn share(&mut self) -> Option<SharedRecord> {
        let access = mem::replace(self, Self::Lent(Weak::new()));
        *self = match access {
            Self::Own(record) => {
                let shared = Arc::new(Mutex::new(Some(record)));
                Self::Shared(OfCall(Some(shared)))
            }
            other => other,
        };
        match self {
            // An earlier job was not made if the expression of `bridge = EXPR` panicked.
            Self::Shared(OfCall(shared)) => shared.clone(),
            Self::Own(_) | Self::Lent(_) => None,
        }
    }

    /// Leaves a shared record to the job, because the job may outlive the call.
    pub(super) fn leave(&mut self) {
        if let Self::Shared(OfCall(shared)) = self
            && let Some(record) = shared.take()
        {
            *self = Self::Lent(Arc::downgrade(&record));
        }
    }

    /// Changes the place of a call that holds its record.
    pub(super) fn place(&mut self, at: &'static Location<'static>) {
        if let Self::Own(record) = self {
            record.caller = at;
        }
    }
}

/// A job notes its begin and its end itself. So these are for calls without a job.
impl Hooks for Access {
    fn begin(&mut self, route: Route) {
        match self {
            Self::Own(record) => record.begin(route),
            Self::Shared(OfCall(shared)) => shared.begin(route),
            // The pool has refused the job, and the call runs in another way.
            Self::Lent(shared) => shared.upgrade().begin(route),
        }
    }

    fn end(&mut self) {
        match self {
            Self::Own(record) => record.end(),
            Self::Shared(OfCall(shared)) => shared.end(),
            Self::Lent(_) => {}
        }
    }

    /// Only the call of an `async fn` tells this. It has no job, so the record is its own.
    fn panicked(&mut self) {
        if let Self::Own(record) = self {
            record.panicked();
        }
    }
}
