//! One park of a worker in a wait: the steps between the wait and the pool.
//!
//! While a worker is parked, it has no permit, and its job does not count as running.
//!
//! | step | by | lock |
//! |---|---|---|
//! | The worker returns its permit. The pool picks a worker to call, or refuses the wait. | [`Park::begin`] | held |
//! | The picked worker is called. | [`Park::begin`] | free |
//! | The parked worker sleeps. | the wait | free |
//! | The worker's job counts as running again, unless the worker was lent a job. | [`Park::end`] | held |
//! | The worker takes the token that has woken it. | [`Park::end`] | free |
//! | The worker keeps the lent job, and the pool picks a lender for the next job. | [`Park::end`] | free |
//! | The callers of jobs that nobody can run are told. | [`Park::end`] | free |
//!
//! The order matters in three places:
//!
//! - **The token stays until the worker is not parked any more.** The pool takes a parked
//!   worker with a token for an awake one. Without the token it could find every worker
//!   asleep, and refuse a wait although this worker is about to go on.
//! - **The lent job is kept before user code runs.** That code may wait in turn. The wait
//!   that it opens gives the lent job back, and so must find it with the worker.
//! - **User code runs last.** To tell a caller runs wakers and destructors, which may need
//!   the pool. So a worker does not do that while it is parked. But the wait may depend on
//!   such a caller, so it must not sleep either: see [`Park::leaves_jobs`].

use std::sync::Arc;

use crate::{
    core::AbandonedJobs,
    job::runnable::Submitted,
    lineage::Frame,
    schedule::state::{Action, ParkDecision, ParkEnd, ParkRequest, Snapshot, State},
    thread::park::Parker,
    worker::this_worker::{Lent, Worker},
};

/// A worker that is parked, until [`end`](Self::end) is called.
///
/// This is no guard, because nothing that unwinds runs while a worker is parked.
#[must_use = "the worker stays parked until `end` is called"]
pub(super) struct Park<'a> {
    worker: &'a Worker,
    parker: &'a Parker,
    frame: Arc<Frame>,
    account: Arc<Frame>,
    /// The jobs that nobody is there to run, because a worker could not be started.
    unrunnable: AbandonedJobs,
}

/// The result of a park.
#[must_use]
pub(super) struct Unparked {
    /// Whether there was a token.
    pub(super) has_token: bool,
    /// Whether the worker was lent a job, which it keeps.
    pub(super) is_lent: bool,
    /// Whether the pool has refused the wait, and has lent it nothing.
    pub(super) refused: bool,
    /// The state of the pool when it refused the wait.
    pub(super) snapshot: Option<Box<Snapshot>>,
}

impl<'a> Park<'a> {
    /// Parks the worker, by a transition of the state. The request names the frame of the
    /// wait, and how to wake `parker`. Returns `None` if the pool refuses the wait at once.
    pub(super) fn begin(
        worker: &'a Worker,
        parker: &'a Parker,
        request: ParkRequest,
        transition: impl FnOnce(&mut State, ParkRequest) -> (ParkDecision, Action),
    ) -> Option<Self> {
        let core = &worker.core;
        let (frame, account) = (Arc::clone(&request.frame), Arc::clone(&request.account));
        let mut state = core.state();
        let (decision, action) = transition(&mut state, request);
        let phase = state.phase;
        core.release(state);
        core.note_end(phase);
        if decision == ParkDecision::Exhausted {
            return None;
        }
        Some(Self {
            worker,
            parker,
            frame,
            account,
            unrunnable: core.carry_out(action),
        })
    }

    /// Returns whether there are jobs that nobody can run. The end of the park tells their
    /// callers. The wait may depend on these callers, so it must not sleep before.
    pub(super) fn leaves_jobs(&self) -> bool {
        !self.unrunnable.is_empty()
    }

    /// Ends the park.
    pub(super) fn end(self) -> Unparked {
        let core = &self.worker.core;
        let ParkEnd {
            lent,
            refused,
            snapshot,
        } = core.state().end_park(&self.frame);
        let has_token = self.parker.take();
        let is_lent = lent.is_some();
        if let Some(job) = lent {
            keep(self.worker, job, self.account);
        }
        self.unrunnable.abandon(core);
        // If a job was lent meanwhile, the pool could do something after all.
        let refused = refused && !is_lent;
        Unparked {
            has_token,
            is_lent,
            refused,
            snapshot: snapshot.filter(|_| refused),
        }
    }
}

/// Keeps the job that was lent to the worker.
fn keep(worker: &Worker, job: Submitted, account: Arc<Frame>) {
    worker.keep_lent(Lent { job, account });
    // The pool lends one job at a time. Now that this one is lent, the state picks
    // another worker for the next job.
    let core = &worker.core;
    let mut state = core.state();
    let action = state.help();
    core.release(state);
    core.perform(action);
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::sync::mpsc;

    use testkit::within;

    use super::*;
    use crate::{Parked, Pool, Waiting};

    /// Otherwise a wait ends as `Exhausted`, although the pool could lend it a job after all.
    #[test]
    fn a_wait_that_was_lent_a_job_is_not_refused() {
        within(|| {
            let builder = Pool::builder().max_threads(1).max_blocked_threads(1);
            let pool: Pool = builder.build().unwrap();
            let (tell, told) = mpsc::channel();
            let other = pool.run(move || {
                let parker = Parker::new();
                tell.send(parker.unparker().clone()).unwrap();
                Waiting::open().park(&parker, None)
            });
            let other = other.start();
            let release = told.recv().unwrap();
            while pool.metrics().blocked == 0 {
                std::thread::yield_now();
            }
            let own = pool.clone();
            let job = pool.run(move || {
                let (mut waiting, parker) = (Waiting::open(), Parker::new());
                let on_worker = waiting.on_worker().unwrap();
                let (worker, request) = (on_worker.worker.clone(), on_worker.request(&parker));
                let park = Park::begin(&worker, &parker, request, State::begin_park).unwrap();
                // Every worker is parked. This refuses the wait, and then there is a job for it.
                assert!(worker.core.state().monitor_failed().is_some());
                let below = own.run(|| 7).start();
                let end = park.end();
                assert!(waiting.run_lent());
                drop(waiting);
                (end.is_lent, end.refused, end.snapshot.is_some(), below)
            });
            let (is_lent, refused, has_snapshot, below) = pollster::block_on(job);
            assert_eq!((is_lent, refused, has_snapshot), (true, false, false));
            assert_eq!(pollster::block_on(below), 7);
            release.unpark();
            assert_eq!(pollster::block_on(other), Parked::Woken);
        });
    }
}
