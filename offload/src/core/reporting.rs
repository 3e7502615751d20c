//! The reports and the figures of a pool.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Core;
#[cfg(not(any(bridge_loom, bridge_shuttle)))]
use super::registry;
use crate::{
    job::caught::drop_payload,
    observe::{self, SeenPool},
    schedule::{stall::StallReport, state::Snapshot},
    timing::Recorder,
    vocabulary::{metrics::Metrics, report::Report},
};

impl Core {
    /// Reports that the pool stands still. A panic in the reporting code is caught here.
    pub(crate) fn report(&self, stall: StallReport, snapshot: Snapshot) {
        let report = self.caught_report_of(snapshot);
        let tell = || {
            if let Some(report) = report {
                (self.reports.stalled)(&report.stalled(stall.waited));
            }
        };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(tell)) {
            drop_payload(payload);
        }
    }

    /// Makes a report as [`report_of`](Self::report_of) does. Returns `None` if that panics: it may
    /// have the last reference to another pool, and so to what that pool's hooks hold.
    pub(crate) fn caught_report_of(&self, snapshot: Snapshot) -> Option<Report> {
        let report = catch_unwind(AssertUnwindSafe(|| self.report_of(snapshot)));
        report.map_err(drop_payload).ok()
    }

    /// Reports the workers, jobs and waits of this pool.
    pub(crate) fn take_report(&self) -> Report {
        let snapshot = self.state().snapshot();
        self.report_of(snapshot)
    }

    /// Makes the report of this pool from a copy of its state. This copies the states of the
    /// other pools, so no lock may be held.
    pub(crate) fn report_of(&self, snapshot: Snapshot) -> Report {
        let outside = self.outside.waiters();
        #[cfg(not(any(bridge_loom, bridge_shuttle)))]
        let pools = registry::others(self);
        // A model has no table of its pools.
        #[cfg(any(bridge_loom, bridge_shuttle))]
        let pools: [std::sync::Arc<Self>; 0] = [];
        let others = pools.iter().map(|other| {
            let snapshot = other.state().snapshot();
            other.seen(snapshot)
        });
        let report = observe::report(self.seen(snapshot), outside, others);
        // This may drop the hooks of a pool. If they panic, a report that was about to be returned
        // would leak.
        drop(pools);
        report
    }

    fn seen(&self, snapshot: Snapshot) -> SeenPool<'_> {
        SeenPool {
            id: self.id(),
            name: &self.limits.name,
            born: self.born,
            clock: self.clock.as_ref(),
            snapshot,
        }
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let state = self.state();
        let (mut metrics, recorders) = (state.metrics(), state.recorders.clone());
        drop(state);
        if self.clock.is_some() {
            let (queued_for, ran_for) = Recorder::sum(&recorders);
            metrics.queued_for = Some(queued_for);
            metrics.ran_for = Some(ran_for);
        }
        metrics
    }
}
