//! The monitor: a thread that looks at a pool which may stand still.
//!
//! It starts when the pool is stuck, and stops after a second in which the pool was not:
//! see [`stall`](crate::schedule::stall). It is no worker.
//!
//! The report of a stall runs user code, which may need what a parked job holds. So it has a
//! thread of its own, and the monitor goes on to the look that refuses that job's wait.

use std::sync::{Arc, atomic::Ordering};

use super::{Core, block_watch::BlockWatch};
use crate::{
    platform::{
        fork::OfProcess,
        sync::{Mutex, lock, now, sleep, start_thread},
    },
    schedule::{
        stall::{LOOK_INTERVAL, STEP_INTERVAL, STEPS, StallReport},
        state::{Findings, Snapshot},
    },
};

/// If no thread can be had for a report, the monitor makes it at this look after the one at
/// which the report was due. A wait has been refused by then, if that is what helps.
const OWN_REPORT: u32 = 3;

/// A report that is due.
struct Due {
    stall: StallReport,
    snapshot: Snapshot,
    /// The number of looks since the report was due.
    looks: u32,
}

/// Starts the monitor of this pool.
#[cold]
pub(crate) fn start(core: &Arc<Core>) {
    let own = Arc::clone(core);
    let name = core.limits.name.thread_name("monitor");
    if start_thread(name, core.limits.stack_size, move || run(&own)).is_err() {
        let refused = core.state().monitor_failed();
        if let Some(unparker) = refused {
            unparker.unpark();
        }
    }
}

fn run(core: &Arc<Core>) {
    let process = OfProcess::new(());
    let mut block_watch = BlockWatch::new(core.limits.cores, now());
    let mut takes_steps = core.limits.grows;
    let mut due = None;
    if takes_steps && block_watch.has_probes() {
        // The pool is full already, so the next glance may be the second.
        glance(core, &mut block_watch);
    }
    // A report runs user code, which may fork. The child has no pool to look at.
    while process.get().is_ok() {
        if takes_steps {
            grow_until_next_look(core, &mut block_watch);
        } else {
            sleep(LOOK_INTERVAL);
            block_watch.start_over(now());
        }
        let mut state = core.state();
        let findings = state.look(now());
        takes_steps = findings.takes_steps;
        let Findings {
            action,
            refused,
            report,
            stops,
            ..
        } = findings;
        let report = report.map(|stall| (stall, state.snapshot()));
        drop(state);
        core.perform(action);
        if let Some(unparker) = refused {
            unparker.unpark();
        }
        if let Some((stall, snapshot)) = report {
            due = Some(Due {
                stall,
                snapshot,
                looks: 0,
            });
        }
        due = due.and_then(|due| report_on_thread(core, due));
        if let Some(late) = due.take_if(|due| due.looks == OWN_REPORT) {
            core.report(late.stall, late.snapshot);
        }
        if stops {
            return;
        }
    }
}

/// Lets the pool grow step by step, until its next look is due.
fn grow_until_next_look(core: &Arc<Core>, block_watch: &mut BlockWatch) {
    for _ in 0..STEPS {
        quadruple_until_next_step(core, block_watch);
        let action = core.state().take_step();
        core.perform(action);
    }
}

/// Lets the pool quadruple as long as its jobs block, until its next step is due.
fn quadruple_until_next_step(core: &Arc<Core>, block_watch: &mut BlockWatch) {
    let end = now() + STEP_INTERVAL;
    loop {
        let left = end.saturating_duration_since(now());
        if left.is_zero() {
            return;
        }
        if core.sees_work() {
            sleep(block_watch.time_to_next(left));
        } else {
            block_watch.start_over(now());
            sleep(left);
        }
        glance(core, block_watch);
    }
}

/// Glances at the running jobs, and lets the pool quadruple if they block.
fn glance(core: &Arc<Core>, block_watch: &mut BlockWatch) {
    let probes = core.state().probes_if_it_lags();
    if block_watch.glance(probes.as_deref(), now()) {
        let (added, action) = core.state().quadruple();
        core.perform(action);
        if added > 0 {
            block_watch.note_growth(added, now());
        }
    }
}

/// Makes a report on a thread of its own. If no thread can be had, returns the report, so that
/// the next look tries again.
///
/// If the report before has not returned, this one is lost. The code of that report is stuck,
/// and would not return from this one either.
fn report_on_thread(core: &Arc<Core>, due: Due) -> Option<Due> {
    if core.is_reporting.swap(true, Ordering::AcqRel) {
        return None;
    }
    // The closure is lost if the thread can't be started.
    let slot = Arc::new(Mutex::new(Some(due)));
    let (core_of_thread, due) = (Arc::clone(core), Arc::clone(&slot));
    let name = core.limits.name.thread_name("report");
    let body = move || {
        let due = lock(&due).take();
        if let Some(Due {
            stall, snapshot, ..
        }) = due
        {
            core_of_thread.report(stall, snapshot);
        }
        core_of_thread.is_reporting.store(false, Ordering::Release);
    };
    if start_thread(name, core.limits.stack_size, body).is_ok() {
        return None;
    }
    core.is_reporting.store(false, Ordering::Release);
    let due = lock(&slot).take();
    due.map(|due| Due {
        looks: due.looks + 1,
        ..due
    })
}
