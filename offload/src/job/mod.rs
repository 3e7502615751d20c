//! A job: one allocation for the closure, then its result, and its caller's waker.
//!
//! The stage of a job says what the job holds. Once the job is submitted, the stage changes
//! under the job's own lock:
//!
//! ```text
//! Fresh ──submit──▶ Waiting ──claim──▶ Running ──finish──▶ Done ──take──▶ Gone
//!                   │ │ │ │               │
//!                   │ │ │ │               └─drop, detach─▶ RunningUnawaited ──finish──▶ Gone
//!                   │ │ │ └─detach─▶ WaitingDetached ──claim──▶ RunningUnawaited
//!                   │ │ └─refuse─▶ Refused ──take back, drop──▶ Gone
//!                   │ └─cancel─▶ Done
//!                   └─drop, take back─▶ Gone
//! ```
//!
//! A worker that claims the job takes the closure out of `Waiting`, and so does a caller
//! that leaves. Only one of them gets it. So a job runs once, or its caller is told that it
//! did not. `finish` and `poll` take the same lock, so either the poll finds the result or
//! `finish` finds the waker. No user code (the closure, a destructor, a waker) runs under
//! the lock.
//!
//! The diagram leaves out `abandon`, by which a shutdown or a pool without a thread ends a
//! job. It moves a job that has a caller to `Done` with an error, and a `WaitingDetached` job
//! to `Gone`. It also leaves out the cancellation of a `Fresh` job, which moves to `Done`.
//!
//! A job knows no pool. The worker hands it what it needs at its start: see
//! [`Host`](runnable::Host).
//!
//! - `cell` says what a job holds in each stage, and `header` what the pool reads without
//!   the job's lock.
//! - `runnable` is a job as workers and the queue know it. `run` is the worker's side of a
//!   job, and `awaitable` the caller's side. `eager` lets the caller poll on for a moment.
//! - `running` remembers the job of each thread. `listeners` tell the closure that its
//!   caller has left.
//! - `ambient` is what a job takes along from the place where it was submitted.
//! - `caught` runs user code and catches its panics.
//! - `in_place`, `large` and `own_future` avoid copies of large values.

pub(crate) mod ambient;
pub(crate) mod awaitable;
pub(crate) mod caught;
mod cell;
pub(crate) mod eager;
pub(crate) mod header;
mod in_place;
pub mod large;
pub(crate) mod listeners;
pub mod own_future;
mod run;
pub(crate) mod runnable;
pub(crate) mod running;

use std::{panic::Location, sync::Arc};

use self::{
    ambient::{Ambient, Config},
    cell::{Cell, Stage},
    header::Header,
};
use crate::{
    lineage::Lineage,
    platform::sync::{Mutex, lock, unshared},
};

/// A job with a closure of type `F` that returns `T`, in the surroundings `A`.
pub(crate) struct Job<F, T, A: Ambient> {
    header: Header,
    cell: Mutex<Cell<F, T, A>>,
}

impl<F, T, A> Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    /// Returns a job that has not been submitted.
    pub(crate) fn new(closure: F, at: &'static Location<'static>) -> Arc<Self> {
        Self::at_stage(Stage::Fresh(closure), at)
    }

    /// Returns a job that the caller submits at once, and its lineage. The job begins as
    /// `Waiting`, so nobody calls [`prepare`](awaitable::Awaitable::prepare) on it.
    pub(crate) fn prepared(
        closure: F,
        at: &'static Location<'static>,
        config: &Config,
    ) -> (Arc<Self>, Lineage) {
        let job = Self::at_stage(Stage::Waiting(closure, A::capture()), at);
        if let context @ Some(_) = A::context(config) {
            lock(&job.cell).context = context;
        }
        (job, Lineage::current().living())
    }

    fn at_stage(stage: Stage<F, T, A>, at: &'static Location<'static>) -> Arc<Self> {
        in_place::arc(|| Self {
            header: Header::new(at),
            cell: Mutex::new(Cell::new(stage)),
        })
    }

    /// Like [`reclaim`](Self::reclaim), but for a job that nobody else has, so it takes no
    /// lock. Returns `None` for any other job, too.
    pub(crate) fn into_closure(mut job: Arc<Self>) -> Option<F> {
        let cell = unshared(&mut Arc::get_mut(&mut job)?.cell);
        let (closure, _ambient) = cell.reclaim()?;
        Some(closure)
    }

    /// Takes the closure back, if no worker has claimed it and it is still there.
    pub(crate) fn reclaim(&self) -> Option<F> {
        let mut cell = lock(&self.cell);
        let (closure, ambient) = cell.reclaim()?;
        // No destructor of the user's stays in the job, which may be dropped under a lock.
        let (waker, context) = (cell.waker.take(), cell.take_context());
        drop(cell);
        drop((ambient, context, waker));
        Some(closure)
    }
}
