//! Which way a wait goes, by where its thread stands: a pure function.

use detect::Place;

/// How a thread waits, and inside which runtime `R`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Route<R> {
    /// Inside this runtime, which is reachable here; entered into the home runtime
    /// where there is none. Others drive it.
    Inside(Option<R>, Standing),
    /// Inside the runtime of this worker, after handing its other tasks over.
    HandOver(R),
}

/// Why a thread does not wait at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The executor under it would freeze.
    Freeze,
    /// It is ending.
    Ending,
}

/// What stands still while this thread is parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing else, or what another thread has taken over.
    Free,
    /// A root, which may be that of a `LocalSet`: Tokio is asked before it parks.
    Root,
    /// Nothing else, unless a wait or an `unconstrained` around it hides such a
    /// root: so Tokio is asked here too.
    Unsure,
    /// Such a root, under the id of a task, which may be a `LocalSet`'s: Tokio is
    /// asked before the first poll.
    Local,
    /// A worker that has nothing to hand over, so Tokio lets it block, though
    /// a `LocalSet` may be nested in its `block_in_place`.
    Nested,
    /// The executor that polls this thread, as the caller has asked for.
    Frozen,
}

/// What the bridge knows of the runtime that drives a worker's poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Driver<R> {
    Unknown,
    /// A multi-thread one; a guard of another may hide it.
    MultiThread(R),
    CurrentThread,
}

/// What can be asked about the runtimes around a thread, only where it matters.
pub(super) trait Runtimes {
    type Runtime;

    /// The runtime that is reachable, if it is a multi-thread one with threads
    /// in this process.
    fn here(&self) -> Option<Self::Runtime>;
    /// The runtime that drives this poll.
    fn driver(&self) -> Driver<Self::Runtime>;
    /// Whether the worker that polls here has its core: the right to run the
    /// runtime's tasks.
    fn has_core(&self) -> bool;
    /// Whether a runtime is proven not to be that of the worker here, which has
    /// this index and its core. Asked only where no driver is known.
    fn is_foreign(&self, runtime: &Self::Runtime, index: usize) -> bool;
    /// Whether this is another task than the one in which the innermost wait on
    /// this stack was made; any task is, if there is no such wait.
    fn in_other_task(&self) -> bool;
    /// Whether a wait or a job is on this stack that was made in another task. So
    /// this is the task of a `LocalSet` in there, or one whose output a `block_on`
    /// in there drops. Asked on a worker.
    fn in_local_task(&self) -> bool;
}

#[inline]
pub(super) fn route<A: Runtimes>(place: Place, around: &A) -> Result<Route<A::Runtime>, Refusal> {
    match place {
        Place::Thread => Ok(Route::Inside(None, Standing::Free)),
        Place::Blocking | Place::Job | Place::Wait => {
            Ok(Route::Inside(around.here(), Standing::Unsure))
        }
        Place::Worker(_) if around.in_local_task() => Err(Refusal::Freeze),
        Place::Root if around.in_other_task() => Ok(Route::Inside(around.here(), Standing::Local)),
        // Nobody else's tasks depend on a root, unless it is that of a
        // `LocalSet`. Under a current-thread runtime another thread drives that
        // one, or nobody.
        Place::Root => Ok(Route::Inside(around.here(), Standing::Root)),
        Place::Worker(index) => worker(index, around),
        Place::Foreign => Err(Refusal::Freeze),
        Place::Ending => Err(Refusal::Ending),
    }
}

/// A worker may hand over if it is a multi-thread one, and if it can be said to
/// whom: Tokio gives the core to the runtime that is reachable, and one that a
/// guard has put there can't run it.
fn worker<A: Runtimes>(index: usize, around: &A) -> Result<Route<A::Runtime>, Refusal> {
    // It was handed over further out, by a `block_in_place` that holds a nested
    // `block_on`, or earlier in this poll. Nothing more can be lost.
    if !around.has_core() {
        return Ok(Route::Inside(around.here(), Standing::Nested));
    }
    match (around.driver(), around.here()) {
        (Driver::MultiThread(driver), Some(_)) => Ok(Route::HandOver(driver)),
        // Under a current-thread guard. Worker 0 may be that of a
        // current-thread runtime nested in the driver's `block_in_place`.
        (Driver::MultiThread(driver), None) if index > 0 => Ok(Route::HandOver(driver)),
        // A guard that lies and can't be proven to comes out when Tokio refuses
        // the hand-over, or not at all.
        (Driver::Unknown, Some(here)) if !around.is_foreign(&here, index) => {
            Ok(Route::HandOver(here))
        }
        _ => Err(Refusal::Freeze),
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
    struct Around {
        here: Option<Runtime>,
        driver: Driver<Runtime>,
        core: bool,
        foreign: bool,
        other: bool,
    }

    /// A multi-thread runtime, and nothing in the way.
    const PLAIN: Around = Around {
        here: Some(Here),
        driver: Driver::Unknown,
        core: true,
        foreign: false,
        other: false,
    };

    /// No runtime, or only a current-thread one.
    const NONE: Around = Around {
        here: None,
        ..PLAIN
    };

    impl Runtimes for Around {
        type Runtime = Runtime;

        fn here(&self) -> Option<Runtime> {
            self.here
        }

        fn driver(&self) -> Driver<Runtime> {
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

    type Row = (Place, Around, Result<Route<Runtime>, Refusal>);

    fn check(table: &[Row]) {
        for (place, around, expected) in table {
            assert_eq!(route(*place, around), *expected, "{place:?}, {around:?}");
        }
    }

    #[test]
    fn outside_a_worker() {
        let other = Around {
            other: true,
            ..PLAIN
        };
        check(&[
            (Place::Thread, NONE, Ok(Route::Inside(None, Standing::Free))),
            (Place::Ending, NONE, Err(Refusal::Ending)),
            (Place::Foreign, NONE, Err(Refusal::Freeze)),
            (Place::Foreign, PLAIN, Err(Refusal::Freeze)),
            (
                Place::Blocking,
                PLAIN,
                Ok(Route::Inside(Some(Here), Standing::Unsure)),
            ),
            (
                Place::Blocking,
                NONE,
                Ok(Route::Inside(None, Standing::Unsure)),
            ),
            (
                Place::Job,
                PLAIN,
                Ok(Route::Inside(Some(Here), Standing::Unsure)),
            ),
            (Place::Job, NONE, Ok(Route::Inside(None, Standing::Unsure))),
            (
                Place::Wait,
                PLAIN,
                Ok(Route::Inside(Some(Here), Standing::Unsure)),
            ),
            (Place::Wait, NONE, Ok(Route::Inside(None, Standing::Unsure))),
            (
                Place::Root,
                PLAIN,
                Ok(Route::Inside(Some(Here), Standing::Root)),
            ),
            (Place::Root, NONE, Ok(Route::Inside(None, Standing::Root))),
            (
                Place::Root,
                other,
                Ok(Route::Inside(Some(Here), Standing::Local)),
            ),
        ]);
    }

    #[test]
    fn on_a_worker_that_has_its_core() {
        let foreign = Around {
            foreign: true,
            ..PLAIN
        };
        let driven = |around| Around {
            driver: Driver::MultiThread(Runtime::Driver),
            ..around
        };
        let by_one_thread = |around| Around {
            driver: Driver::CurrentThread,
            ..around
        };
        check(&[
            (Place::Worker(0), PLAIN, Ok(Route::HandOver(Here))),
            (Place::Worker(3), PLAIN, Ok(Route::HandOver(Here))),
            (Place::Worker(0), NONE, Err(Refusal::Freeze)),
            (Place::Worker(3), NONE, Err(Refusal::Freeze)),
            (Place::Worker(0), foreign, Err(Refusal::Freeze)),
            (Place::Worker(3), foreign, Err(Refusal::Freeze)),
            // To the driver, guard or not.
            (
                Place::Worker(0),
                driven(PLAIN),
                Ok(Route::HandOver(Runtime::Driver)),
            ),
            (
                Place::Worker(0),
                driven(foreign),
                Ok(Route::HandOver(Runtime::Driver)),
            ),
            (
                Place::Worker(3),
                driven(NONE),
                Ok(Route::HandOver(Runtime::Driver)),
            ),
            (Place::Worker(0), driven(NONE), Err(Refusal::Freeze)),
            (Place::Worker(0), by_one_thread(PLAIN), Err(Refusal::Freeze)),
            (Place::Worker(0), by_one_thread(NONE), Err(Refusal::Freeze)),
        ]);
    }

    /// It is in the runtime that was entered last, whatever drives the worker.
    #[test]
    fn on_a_worker_without_its_core() {
        for driver in [Driver::Unknown, Driver::MultiThread(Runtime::Driver)] {
            for (index, foreign) in [(0, false), (3, false), (0, true), (3, true)] {
                let without = |here, other| Around {
                    here,
                    driver,
                    core: false,
                    foreign,
                    other,
                };
                check(&[
                    (
                        Place::Worker(index),
                        without(Some(Here), false),
                        Ok(Route::Inside(Some(Here), Standing::Nested)),
                    ),
                    (
                        Place::Worker(index),
                        without(None, false),
                        Ok(Route::Inside(None, Standing::Nested)),
                    ),
                    (
                        Place::Worker(index),
                        without(Some(Here), true),
                        Err(Refusal::Freeze),
                    ),
                ]);
            }
        }
    }
}
