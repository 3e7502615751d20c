//! A job: one allocation that holds the closure, then its result, and the
//! waker of whoever awaits it.
//!
//! Its stage decides everything, under the job's own lock:
//!
//! ```text
//! Fresh ──submit──▶ Waiting ──claim──▶ Running ──finish──▶ Done ──take──▶ Gone
//!   │                  │ │                │ leave, detach
//!   └──── withdraw ────┤ │                └──▶ Detached ──finish──▶ Gone
//!                      │ └─detach─▶ Unattended ──claim──▶ Detached
//!                      ├─▶ Gone
//!                      └─refuse─▶ Refused
//! ```
//!
//! `claim` and `withdraw` both need the closure out of `Waiting`, so exactly
//! one of them gets it: a job runs once, or its caller is told that it did not.
//! `finish` and `poll` meet under the same lock, so either the poll sees the
//! result or the finish sees the waker: no wake-up is lost. No user code (the
//! closure, a destructor, a waker) ever runs under the lock.

pub(crate) mod caught;
pub(crate) mod eager;
pub mod large;
pub mod own_future;
pub(crate) mod runnable;
pub(crate) mod running;
pub(crate) mod task;

mod cell;

use std::{
    mem,
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use self::cell::{Cell, Stage, Unattended, claim_unattended};
use crate::job::caught::report_lost;
pub(crate) use crate::job::caught::{drop_caught, drop_payload, wake};
use crate::{
    Ambient, Lineage, OffloadError,
    job::runnable::{Awaitable, DeferredCleanup, Finish, Header, Runnable, Withdrawal},
    nesting::lineage::{JobId, PoolId},
    platform::{
        fork,
        sync::{Mutex, lock},
    },
    pool::{error::Panic, handle::Handle},
    thread::clock::Tick,
};

pub(crate) struct Job<F, T, A> {
    header: Header,
    cell: Mutex<Cell<F, T, A>>,
}

impl<F, T, A> Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    /// A job that is to be submitted later.
    pub(crate) fn new(closure: F, at: &'static Location<'static>) -> Arc<Self> {
        Self::at_stage(Stage::Fresh(closure), at)
    }

    /// A job that is being submitted, and the waits that depend on it.
    pub(crate) fn prepared(closure: F, at: &'static Location<'static>) -> (Arc<Self>, Lineage) {
        let job = Self::at_stage(Stage::Waiting(closure, A::capture()), at);
        (job, Lineage::current().living())
    }

    fn at_stage(stage: Stage<F, T, A>, at: &'static Location<'static>) -> Arc<Self> {
        Arc::new(Self {
            header: Header::new(at),
            cell: Mutex::new(Cell { stage, waker: None }),
        })
    }

    /// The closure of a job that has not been claimed, if it is still there.
    pub(crate) fn reclaim(&self) -> Option<F> {
        let mut cell = lock(&self.cell);
        let (closure, ambient) = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => (closure, Some(ambient)),
            Stage::Fresh(closure) | Stage::Refused(closure) => (closure, None),
            other => {
                cell.stage = other;
                return None;
            }
        };
        // What is left of the job may be dropped under the pool's lock.
        let waker = cell.waker.take();
        drop(cell);
        drop((ambient, waker));
        Some(closure)
    }

    fn finish(&self, result: std::thread::Result<T>) -> Finish {
        let (mut finish, result) = match result {
            Ok(value) => (Finish::Completed, Ok(value)),
            Err(payload) => (
                Finish::Panicked,
                Err(OffloadError::Panicked(Panic::new(payload))),
            ),
        };
        let mut cell = lock(&self.cell);
        let orphan = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Running => {
                self.header.show(finish);
                cell.put(Stage::Done(result));
                None
            }
            Stage::Detached => Some(result),
            // Abandoned by a shutdown while it ran: that result stands.
            other => {
                cell.stage = other;
                Some(result)
            }
        };
        let waker = cell.waker.take();
        drop(cell);
        if let Some(orphan) = orphan {
            if let (Err(error), true) = (&orphan, self.header.is_detached()) {
                report_lost::<A>(self.header.at, error);
            }
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(orphan))) {
                finish = Finish::Panicked;
                drop_payload(payload);
            }
        }
        wake(waker);
        finish
    }

    fn poll_cell(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        let mut cell = lock(&self.cell);
        if let Stage::Done(_) = cell.stage {
            let Stage::Done(result) = mem::replace(&mut cell.stage, Stage::Gone) else {
                unreachable!("the stage was `Done` a line above, under this lock")
            };
            return Poll::Ready(result);
        }
        if let Stage::Refused(_) = cell.stage {
            // The closure stays, for a caller who wants it back.
            return Poll::Ready(Err(OffloadError::ShutDown { at: self.header.at }));
        }
        assert!(
            !matches!(cell.stage, Stage::Gone),
            "an offload was polled after it had ended"
        );
        if cell
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            return Poll::Pending;
        }
        // A waker's clone and destructor are somebody's code: not under the
        // lock. The job may end in between, hence the second look.
        drop(cell);
        let mut waker = Some(cx.waker().clone());
        let mut cell = lock(&self.cell);
        if !matches!(cell.stage, Stage::Done(_) | Stage::Refused(_)) {
            mem::swap(&mut cell.waker, &mut waker);
            drop(cell);
            drop(waker);
            return Poll::Pending;
        }
        drop(cell);
        self.poll_cell(cx)
    }

    fn end(&self, error: OffloadError) -> DeferredCleanup {
        let mut cell = lock(&self.cell);
        let (next, report) = match cell.stage {
            Stage::Fresh(_) | Stage::Waiting(..) | Stage::Running => {
                (Stage::Done(Err(error)), None)
            }
            Stage::Unattended(..) => (Stage::Gone, Some(error)),
            Stage::Detached | Stage::Done(_) | Stage::Refused(_) | Stage::Gone => {
                return DeferredCleanup::default();
            }
        };
        let old = mem::replace(&mut cell.stage, next);
        let waker = cell.waker.take();
        drop(cell);
        self.header.cancel();
        let left = match old {
            Stage::Running => None,
            unrun => Some(Box::new(unrun) as Box<dyn Send>),
        };
        let at = self.header.at;
        let report = report.map(|error| {
            Box::new(move || report_lost::<A>(at, &error)) as Box<dyn FnOnce() + Send>
        });
        DeferredCleanup {
            waker,
            left,
            report,
        }
    }
}

impl<F, T, A> Runnable for Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn run(self: Arc<Self>, lineage: Lineage, pool: PoolId, now: Tick) -> Finish {
        self.header.begin(now);
        let mut cell = lock(&self.cell);
        let (closure, ambient) = match mem::replace(&mut cell.stage, Stage::Running) {
            Stage::Waiting(closure, ambient) => {
                drop(cell);
                (closure, ambient)
            }
            other => match claim_unattended(cell, other) {
                Some(claimed) => claimed,
                None => return Finish::Withdrawn,
            },
        };
        let process = fork::generation();
        let id = JobId::of(&self);
        let (job, (result, ambient)) = running::in_name_of(self, || {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let _lineage = lineage.install_for(pool, id);
                ambient.enter(closure)
            }));
            (result, ambient)
        });
        if fork::generation() != process {
            // The child of a closure that forked: the job is the parent's, and
            // so is whoever waits for it.
            mem::forget(result);
            return Finish::Withdrawn;
        }
        let finish = job.finish(result);
        if mem::needs_drop::<A>() {
            drop_caught(ambient);
        }
        finish
    }

    fn abandon(&self, error: OffloadError) -> DeferredCleanup {
        self.end(error)
    }

    fn refuse(&self) -> DeferredCleanup {
        let mut cell = lock(&self.cell);
        let ambient = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => {
                cell.stage = Stage::Refused(closure);
                ambient
            }
            // Nobody is there who could take the closure back.
            unattended @ Stage::Unattended(..) => {
                cell.stage = unattended;
                drop(cell);
                return self.end(OffloadError::ShutDown { at: self.header.at });
            }
            other => {
                cell.stage = other;
                return DeferredCleanup::default();
            }
        };
        let waker = cell.waker.take();
        drop(cell);
        self.header.cancel();
        DeferredCleanup {
            waker,
            left: Some(Box::new(ambient)),
            report: None,
        }
    }
}

impl<F, T, A> Awaitable<T> for Job<F, T, A>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
    A: Ambient,
{
    fn header(&self) -> &Header {
        &self.header
    }

    fn as_runnable(self: Arc<Self>) -> Arc<dyn Runnable> {
        self
    }

    fn prepare(&self, waker: Option<&Waker>) -> Option<Lineage> {
        let ambient = A::capture();
        let waker = waker.cloned();
        let mut cell = lock(&self.cell);
        match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Fresh(closure) => cell.put(Stage::Waiting(closure, ambient)),
            other => {
                cell.stage = other;
                return None;
            }
        }
        cell.waker = waker;
        drop(cell);
        Some(Lineage::current().living())
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<T, OffloadError>> {
        self.poll_cell(cx)
    }

    fn withdraw(&self, keep: bool, forget: &dyn Fn()) -> Withdrawal {
        self.header.cancel();
        let mut cell = lock(&self.cell);
        let (next, withdrawal) = match cell.stage {
            Stage::Fresh(_) | Stage::Waiting(..) => (
                if keep {
                    Stage::Done(Err(OffloadError::Cancelled { at: self.header.at }))
                } else {
                    Stage::Gone
                },
                Withdrawal::Withdrawn,
            ),
            Stage::Running if keep => (Stage::Running, Withdrawal::Running),
            Stage::Running => (Stage::Detached, Withdrawal::Running),
            Stage::Done(_) | Stage::Refused(_) if keep => return Withdrawal::Over,
            Stage::Done(_) | Stage::Refused(_) => (Stage::Gone, Withdrawal::Over),
            Stage::Detached | Stage::Unattended(..) | Stage::Gone => return Withdrawal::Over,
        };
        let old = mem::replace(&mut cell.stage, next);
        // One who still awaits a running job is woken by its end, not by this.
        let waker = (!keep || withdrawal == Withdrawal::Withdrawn).then(|| cell.waker.take());
        drop(cell);
        if withdrawal == Withdrawal::Withdrawn {
            forget();
        }
        if keep {
            wake(waker.flatten());
        }
        drop(old);
        withdrawal
    }

    fn detach(&self, handle: Arc<Handle>) {
        self.header.detach();
        let mut cell = lock(&self.cell);
        let over = match mem::replace(&mut cell.stage, Stage::Gone) {
            Stage::Waiting(closure, ambient) => {
                cell.put(Stage::Unattended(Box::new(Unattended {
                    closure,
                    ambient,
                    handle,
                })));
                None
            }
            Stage::Running => {
                cell.stage = Stage::Detached;
                None
            }
            // A closure that was shut out in the line before the queue.
            refused @ (Stage::Refused(_) | Stage::Fresh(_)) => {
                let error = OffloadError::ShutDown { at: self.header.at };
                Some((refused, Some(error)))
            }
            Stage::Done(Err(error)) => Some((Stage::Gone, Some(error))),
            other => Some((other, None)),
        };
        let waker = cell.waker.take();
        drop(cell);
        drop(waker);
        let Some((left, error)) = over else { return };
        // A caller that cancelled the job knows.
        if let Some(error) = error
            && !matches!(error, OffloadError::Cancelled { .. })
        {
            report_lost::<A>(self.header.at, &error);
        }
        // A result that is there already: its destructor is not the business of who
        // detaches, who would not see its panic if the job ended later.
        drop_caught(left);
    }

    fn abandon(&self, error: OffloadError) -> DeferredCleanup {
        self.end(error)
    }
}
