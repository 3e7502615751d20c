//! The plan of a wait, by where its thread stands: a pure function.

use detect::Place;

/// The way in which a thread waits, and the runtime `R` inside which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Plan<R> {
    /// Inside this runtime, which is reachable here, or inside home if there is none.
    /// Other threads drive either.
    Inside(Option<R>, BlockCheck),
    /// Inside this runtime, whose worker this thread is. Before that, the worker hands
    /// its other tasks over.
    HandOver(R),
}

/// Why a thread does not wait at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlanError {
    /// The executor that polls this thread would freeze.
    WouldFreeze,
    /// The thread is ending.
    ThreadEnding,
}

/// When the wait asks Tokio whether this thread may block.
///
/// This depends on what may stand still while the thread is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockCheck {
    /// Never: nothing stands still, or another thread has taken it over.
    NotNeeded,
    /// After the first poll, because this is a root, which may be that of a
    /// `LocalSet`.
    AfterFirstPoll,
    /// Before the first park. Nothing stands still, unless a wait or an
    /// `unconstrained` around this code hides the root of a `LocalSet`.
    BeforePark,
    /// Before the first poll. Although this thread is no worker, it polls a task other
    /// than the waiting one, which may be a task of a `LocalSet`.
    BeforeFirstPoll,
    /// Before the first poll, on a worker without its core. Tokio allows blocking there
    /// even if a `LocalSet` is nested in the worker's `block_in_place`. The watchdog
    /// warns if such a wait stays parked.
    OnCorelessWorker,
    /// Never: the caller accepts that the executor which polls this thread freezes.
    Frozen,
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
        Place::Thread => Ok(Plan::Inside(None, BlockCheck::NotNeeded)),
        Place::Blocking | Place::Job | Place::Wait => {
            Ok(Plan::Inside(facts.reachable(), BlockCheck::BeforePark))
        }
        Place::Worker(_) if facts.in_local_task() => Err(PlanError::WouldFreeze),
        Place::Worker(index) => plan_on_worker(index, facts),
        Place::Root if facts.in_other_task() => {
            Ok(Plan::Inside(facts.reachable(), BlockCheck::BeforeFirstPoll))
        }
        // No other task depends on a root, unless the root is that of a `LocalSet`. On a
        // current-thread runtime, a root that is no worker waits inside home, because
        // another thread drives that runtime, or none does.
        Place::Root => Ok(Plan::Inside(facts.reachable(), BlockCheck::AfterFirstPoll)),
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
        return Ok(Plan::Inside(
            facts.reachable(),
            BlockCheck::OnCorelessWorker,
        ));
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
                Ok(Plan::Inside(None, BlockCheck::NotNeeded)),
            ),
            (Place::Ending, NONE, Err(PlanError::ThreadEnding)),
            (Place::Foreign, NONE, Err(PlanError::WouldFreeze)),
            (Place::Foreign, PLAIN, Err(PlanError::WouldFreeze)),
            (
                Place::Blocking,
                PLAIN,
                Ok(Plan::Inside(Some(Here), BlockCheck::BeforePark)),
            ),
            (
                Place::Blocking,
                NONE,
                Ok(Plan::Inside(None, BlockCheck::BeforePark)),
            ),
            (
                Place::Job,
                PLAIN,
                Ok(Plan::Inside(Some(Here), BlockCheck::BeforePark)),
            ),
            (
                Place::Job,
                NONE,
                Ok(Plan::Inside(None, BlockCheck::BeforePark)),
            ),
            (
                Place::Wait,
                PLAIN,
                Ok(Plan::Inside(Some(Here), BlockCheck::BeforePark)),
            ),
            (
                Place::Wait,
                NONE,
                Ok(Plan::Inside(None, BlockCheck::BeforePark)),
            ),
            (
                Place::Root,
                PLAIN,
                Ok(Plan::Inside(Some(Here), BlockCheck::AfterFirstPoll)),
            ),
            (
                Place::Root,
                NONE,
                Ok(Plan::Inside(None, BlockCheck::AfterFirstPoll)),
            ),
            (
                Place::Root,
                other,
                Ok(Plan::Inside(Some(Here), BlockCheck::BeforeFirstPoll)),
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
                        Ok(Plan::Inside(Some(Here), BlockCheck::OnCorelessWorker)),
                    ),
                    (
                        Place::Worker(index),
                        without(None, false),
                        Ok(Plan::Inside(None, BlockCheck::OnCorelessWorker)),
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
