//! The plan of a wait, by where its thread stands: a pure function.

use detect::Place;

/// Where a thread polls the future of its wait.
///
/// The runtime `R` of either plan is driven by other threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Plan<R> {
    /// Inside this runtime, which is reachable here, or inside home if there is none.
    Inside(Option<R>, Way),
    /// Hands the other tasks of this worker over to another thread of this runtime, whose
    /// worker this is. A guard may hide that runtime. Then polls the future inside it.
    HandOver(R),
}

/// The way in which a thread waits that hands nothing over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Polls the future in place. Before the first park, asks Tokio whether this thread may
    /// block. Nothing stands still, unless a wait or an `unconstrained` around this code
    /// hides the root of a `LocalSet`.
    InBlockingCode,
    /// Polls the future once in the poll of this root, and leaves that poll before the first
    /// park. The root may be that of a `LocalSet`, where Tokio refuses that.
    InRoot,
    /// Leaves the current poll, and then polls the future for the first time. This thread is
    /// no worker, and its current task is not the task of the innermost wait on this stack.
    /// It may be a task of a `LocalSet`.
    LeavePoll,
    /// Leaves the current poll first, as [`LeavePoll`](Self::LeavePoll) does, on a worker
    /// without its core. Tokio allows blocking there even if a `LocalSet` is nested in the
    /// worker's `block_in_place`. The watchdog warns if such a wait stays parked.
    LeaveCorelessWorker,
}

/// Why a thread does not wait at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanError {
    /// The executor that runs on this thread would freeze.
    WouldFreeze,
    /// The thread is ending.
    ThreadEnding,
}

/// The bridge's knowledge of the runtime that drives a worker's poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KnownDriver<R> {
    Unknown,
    /// A multi-thread runtime. The guard of another runtime may hide it.
    MultiThread(R),
    CurrentThread,
}

/// The facts about a thread that a plan may need. The plan asks only for facts that
/// matter to it, because finding each takes time.
pub(super) trait ThreadFacts {
    type Runtime;

    /// Returns the reachable runtime, if it is a multi-thread one with threads in this
    /// process.
    fn reachable(&self) -> Option<Self::Runtime>;
    /// Returns the runtime that drives this poll.
    fn driver(&self) -> KnownDriver<Self::Runtime>;
    /// Returns whether the worker that polls here has its core: the right to run the
    /// runtime's tasks.
    fn has_core(&self) -> bool;
    /// Returns whether `runtime` is proven not to be that of the worker here, which has
    /// this index and its core. It is asked only if the driver is unknown.
    fn is_foreign(&self, runtime: &Self::Runtime, index: usize) -> bool;
    /// Returns whether this is another task than that of the innermost wait on this
    /// stack. Without such a wait, every task is another.
    fn in_other_task(&self) -> bool;
    /// Returns whether this worker polls another task inside a wait or a job: the task
    /// of a `LocalSet`, or one whose output a `block_on` drops.
    fn in_local_task(&self) -> bool;
}

/// Plans a wait at `place`.
///
/// # Errors
///
/// Returns why this thread must not wait.
#[inline]
pub(super) fn plan<A: ThreadFacts>(place: Place, facts: &A) -> Result<Plan<A::Runtime>, PlanError> {
    match place {
        // A plain thread needs no plan. If it asks for one all the same, it is blocking code.
        Place::Thread | Place::Blocking | Place::Job | Place::Wait => {
            Ok(Plan::Inside(facts.reachable(), Way::InBlockingCode))
        }
        Place::Worker(_) if facts.in_local_task() => Err(PlanError::WouldFreeze),
        Place::Worker(index) => plan_on_worker(index, facts),
        Place::Root if facts.in_other_task() => Ok(Plan::Inside(facts.reachable(), Way::LeavePoll)),
        // No other task depends on a root, unless the root is that of a `LocalSet`. On a
        // current-thread runtime, a root that is no worker waits inside home, because
        // another thread drives that runtime, or none does.
        Place::Root => Ok(Plan::Inside(facts.reachable(), Way::InRoot)),
        Place::Foreign => Err(PlanError::WouldFreeze),
        Place::Ending => Err(PlanError::ThreadEnding),
    }
}

/// Plans a wait on a Tokio worker.
///
/// A worker of a multi-thread runtime hands its other tasks over, if the bridge knows
/// the runtime. Tokio gives the worker's core to the reachable runtime. If a guard has
/// made a foreign runtime reachable, that runtime cannot run the core.
fn plan_on_worker<A: ThreadFacts>(index: usize, facts: &A) -> Result<Plan<A::Runtime>, PlanError> {
    // The core was handed over before: by a `block_in_place` around a nested
    // `block_on`, or earlier in this poll. No other task of the worker can freeze.
    if !facts.has_core() {
        return Ok(Plan::Inside(facts.reachable(), Way::LeaveCorelessWorker));
    }
    match (facts.driver(), facts.reachable()) {
        (KnownDriver::MultiThread(driver), Some(_)) => Ok(Plan::HandOver(driver)),
        // A current-thread runtime is reachable. On worker 0 it may be nested in the
        // driver's `block_in_place`, and this may be its worker.
        (KnownDriver::MultiThread(driver), None) if index > 0 => Ok(Plan::HandOver(driver)),
        // A guard may hide the worker's runtime although nothing proves it. Then Tokio
        // may refuse the hand-over. If it does not, nothing shows the mistake.
        (KnownDriver::Unknown, Some(reachable)) if !facts.is_foreign(&reachable, index) => {
            Ok(Plan::HandOver(reachable))
        }
        _ => Err(PlanError::WouldFreeze),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Runtime {
        Here,
        Driver,
    }
    use Runtime::Here;

    #[derive(Clone, Copy, Debug)]
    struct Facts {
        reachable: Option<Runtime>,
        driver: KnownDriver<Runtime>,
        core: bool,
        foreign: bool,
        other: bool,
    }

    /// A multi-thread runtime, and nothing in the way.
    const PLAIN: Facts = Facts {
        reachable: Some(Here),
        driver: KnownDriver::Unknown,
        core: true,
        foreign: false,
        other: false,
    };

    /// No runtime, or only a current-thread one.
    const NONE: Facts = Facts {
        reachable: None,
        ..PLAIN
    };

    impl ThreadFacts for Facts {
        type Runtime = Runtime;

        fn reachable(&self) -> Option<Runtime> {
            self.reachable
        }

        fn driver(&self) -> KnownDriver<Runtime> {
            self.driver
        }

        fn has_core(&self) -> bool {
            self.core
        }

        fn is_foreign(&self, runtime: &Runtime, _: usize) -> bool {
            self.foreign && *runtime == Here
        }

        fn in_other_task(&self) -> bool {
            self.other
        }

        fn in_local_task(&self) -> bool {
            self.other
        }
    }

    type Row = (Place, Facts, Result<Plan<Runtime>, PlanError>);

    fn check(table: &[Row]) {
        for (place, facts, expected) in table {
            assert_eq!(plan(*place, facts), *expected, "{place:?}, {facts:?}");
        }
    }

    #[test]
    fn outside_a_worker() {
        let other = Facts {
            other: true,
            ..PLAIN
        };
        check(&[
            (
                Place::Thread,
                NONE,
                Ok(Plan::Inside(None, Way::InBlockingCode)),
            ),
            (Place::Ending, NONE, Err(PlanError::ThreadEnding)),
            (Place::Foreign, NONE, Err(PlanError::WouldFreeze)),
            (Place::Foreign, PLAIN, Err(PlanError::WouldFreeze)),
            (
                Place::Blocking,
                PLAIN,
                Ok(Plan::Inside(Some(Here), Way::InBlockingCode)),
            ),
            (
                Place::Blocking,
                NONE,
                Ok(Plan::Inside(None, Way::InBlockingCode)),
            ),
            (
                Place::Job,
                PLAIN,
                Ok(Plan::Inside(Some(Here), Way::InBlockingCode)),
            ),
            (
                Place::Job,
                NONE,
                Ok(Plan::Inside(None, Way::InBlockingCode)),
            ),
            (
                Place::Wait,
                PLAIN,
                Ok(Plan::Inside(Some(Here), Way::InBlockingCode)),
            ),
            (
                Place::Wait,
                NONE,
                Ok(Plan::Inside(None, Way::InBlockingCode)),
            ),
            (
                Place::Root,
                PLAIN,
                Ok(Plan::Inside(Some(Here), Way::InRoot)),
            ),
            (Place::Root, NONE, Ok(Plan::Inside(None, Way::InRoot))),
            (
                Place::Root,
                other,
                Ok(Plan::Inside(Some(Here), Way::LeavePoll)),
            ),
        ]);
    }

    #[test]
    fn on_a_worker_that_has_its_core() {
        let foreign = Facts {
            foreign: true,
            ..PLAIN
        };
        let driven = |facts| Facts {
            driver: KnownDriver::MultiThread(Runtime::Driver),
            ..facts
        };
        let by_one_thread = |facts| Facts {
            driver: KnownDriver::CurrentThread,
            ..facts
        };
        check(&[
            (Place::Worker(0), PLAIN, Ok(Plan::HandOver(Here))),
            (Place::Worker(3), PLAIN, Ok(Plan::HandOver(Here))),
            (Place::Worker(0), NONE, Err(PlanError::WouldFreeze)),
            (Place::Worker(3), NONE, Err(PlanError::WouldFreeze)),
            (Place::Worker(0), foreign, Err(PlanError::WouldFreeze)),
            (Place::Worker(3), foreign, Err(PlanError::WouldFreeze)),
            // The driver takes the core, with a guard or without.
            (
                Place::Worker(0),
                driven(PLAIN),
                Ok(Plan::HandOver(Runtime::Driver)),
            ),
            (
                Place::Worker(0),
                driven(foreign),
                Ok(Plan::HandOver(Runtime::Driver)),
            ),
            (
                Place::Worker(3),
                driven(NONE),
                Ok(Plan::HandOver(Runtime::Driver)),
            ),
            (Place::Worker(0), driven(NONE), Err(PlanError::WouldFreeze)),
            (
                Place::Worker(0),
                by_one_thread(PLAIN),
                Err(PlanError::WouldFreeze),
            ),
            (
                Place::Worker(0),
                by_one_thread(NONE),
                Err(PlanError::WouldFreeze),
            ),
        ]);
    }

    /// A worker without its core waits inside the reachable runtime, no matter who
    /// drives the worker.
    #[test]
    fn on_a_worker_without_its_core() {
        for driver in [
            KnownDriver::Unknown,
            KnownDriver::MultiThread(Runtime::Driver),
        ] {
            for (index, foreign) in [(0, false), (3, false), (0, true), (3, true)] {
                let without = |reachable, other| Facts {
                    reachable,
                    driver,
                    core: false,
                    foreign,
                    other,
                };
                check(&[
                    (
                        Place::Worker(index),
                        without(Some(Here), false),
                        Ok(Plan::Inside(Some(Here), Way::LeaveCorelessWorker)),
                    ),
                    (
                        Place::Worker(index),
                        without(None, false),
                        Ok(Plan::Inside(None, Way::LeaveCorelessWorker)),
                    ),
                    (
                        Place::Worker(index),
                        without(Some(Here), true),
                        Err(PlanError::WouldFreeze),
                    ),
                ]);
            }
        }
    }
}
