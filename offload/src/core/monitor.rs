//! The monitor: a thread that looks at a pool which may stand still.
//!
//! It runs only while jobs are queued that nobody can take, and for a second
//! after that: see [`stall`](crate::schedule::stall). It is none of the pool's workers.

use std::{sync::Arc, thread, time::Instant};

use super::Core;
use crate::{
    platform::sync::start_thread,
    schedule::{stall::TICK, state::Findings},
};

/// Starts the monitor of this pool.
#[cold]
pub(crate) fn start(core: &Arc<Core>) {
    let own = Arc::clone(core);
    let name = "bridge-monitor".to_owned();
    if start_thread(name, core.limits.stack_size, move || run(&own)).is_err() {
        let refused = core.state().monitor_failed();
        if let Some(unparker) = refused {
            unparker.unpark();
        }
    }
}

fn run(core: &Arc<Core>) {
    loop {
        thread::sleep(TICK);
        if core.is_forked() {
            return;
        }
        let Findings {
            action,
            refused,
            news,
            stops,
        } = core.state().look(Instant::now());
        core.perform(action);
        if let Some(unparker) = refused {
            unparker.unpark();
        }
        if let Some(news) = news {
            core.report(news);
        }
        if stops {
            return;
        }
    }
}
