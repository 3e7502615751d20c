//! The facts about this thread that a plan needs, from Tokio and from the bridge.

use std::cell::Cell;

use detect::{
    probe::{foreign_guard, worker_core},
    waiting_task,
};
use tokio::runtime::Handle;

use super::plan::{KnownDriver, ThreadFacts};
use crate::{
    Bridge,
    runtime::{drives_itself, is_multi_thread},
};

/// The facts about the thread that is about to wait.
pub(super) struct ThisThread<'a> {
    bridge: &'a Bridge,
    /// The reachable runtime, if the lookup has fetched its handle. The plan takes it.
    reachable: Cell<Option<Handle>>,
}

impl<'a> ThisThread<'a> {
    /// Makes the facts of this thread. `bridge` is the bridge that waits.
    pub(super) fn new(bridge: &'a Bridge, reachable: Option<Handle>) -> Self {
        Self {
            bridge,
            reachable: Cell::new(reachable),
        }
    }
}

impl ThreadFacts for ThisThread<'_> {
    type Runtime = Handle;

    fn reachable(&self) -> Option<Handle> {
        let fetched = self.reachable.take();
        let reachable = fetched.or_else(|| Handle::try_current().ok());
        reachable.filter(drives_itself)
    }

    fn driver(&self) -> KnownDriver<Handle> {
        self.bridge.cache().with_driver(|driver| match driver {
            None => KnownDriver::Unknown,
            Some(driver) if drives_itself(driver) => KnownDriver::MultiThread(driver.clone()),
            // Or a runtime whose threads a fork has left behind. Nobody would take over what this
            // worker hands over.
            Some(_) => KnownDriver::CurrentThread,
        })
    }

    fn has_core(&self) -> bool {
        worker_core::has_core()
    }

    fn is_foreign(&self, runtime: &Handle, index: usize) -> bool {
        foreign_guard::is_proven_foreign(runtime, index)
    }

    fn in_other_task(&self) -> bool {
        waiting_task::is_other()
    }

    fn in_local_task(&self) -> bool {
        waiting_task::is_local()
    }
}

/// Returns whether the threads of the reachable runtime, or of the runtime that drives this
/// poll, stayed in the parent process. `bridge` may know the latter.
///
/// A current-thread runtime is never left behind. Its only thread is the thread that
/// drives it, which is this thread.
pub(super) fn is_runtime_left_behind(bridge: &Bridge) -> bool {
    let is_left = |runtime: &Handle| is_multi_thread(runtime) && !drives_itself(runtime);
    Handle::try_current().is_ok_and(|here| is_left(&here))
        || bridge
            .cache()
            .with_driver(|driver| driver.is_some_and(is_left))
}
