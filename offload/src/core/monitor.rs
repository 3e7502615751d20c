//! The monitor: a thread that looks at a pool which may stand still.
//!
//! It starts when the pool is stuck, and stops after a second in which the pool was not:
//! see [`stall`](crate::schedule::stall). It is no worker.

use std::sync::Arc;

use super::Core;
use crate::{
    platform::{
        fork::OfProcess,
        sync::{now, sleep, start_thread},
    },
    schedule::{
        stall::{LOOK_INTERVAL, STEP_INTERVAL, STEPS_BETWEEN_LOOKS},
        state::Findings,
    },
};

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
    let mut grows = false;
    // The report below runs user code, which may fork. The child has no pool to look at.
    while process.get().is_ok() {
        if grows {
            grow_until_next_look(core);
        } else {
            sleep(LOOK_INTERVAL);
        }
        let mut state = core.state();
        let findings = state.look(now());
        grows = findings.grows;
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
            core.report(stall, snapshot);
        }
        if stops {
            return;
        }
    }
}

/// Lets the pool grow step by step, until its next look is due.
fn grow_until_next_look(core: &Arc<Core>) {
    sleep(STEP_INTERVAL);
    for _ in 0..STEPS_BETWEEN_LOOKS {
        let action = core.state().take_step();
        core.perform(action);
        sleep(STEP_INTERVAL);
    }
}
