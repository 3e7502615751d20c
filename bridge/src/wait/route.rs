//! Which way a wait goes, by where its thread stands: a pure function.

use detect::Place;

/// How a thread waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Route {
    /// Entered into the home runtime, which others drive.
    Home,
    /// Inside the runtime that is reachable here, which others drive.
    Here,
    /// The same, in a place that may turn out to be a `LocalSet`'s only
    /// thread: no probe tells.
    HereSuspect,
    /// After handing the worker's other tasks over.
    HandOver,
    /// Not at all: the executor under this thread would freeze.
    Freeze,
    /// Not at all: the thread is ending.
    Ending,
}

/// What can be asked about the runtimes around a thread, only where it matters.
pub(super) trait Runtimes {
    /// Whether a runtime is reachable, and is a multi-thread one with threads in
    /// this process.
    fn multi_thread_here(&self) -> bool;
    /// The same of the runtime that drives this poll, where the bridge knows
    /// it: a guard of another may hide it.
    fn multi_thread_driver(&self) -> Option<bool>;
    /// Whether the runtime that is reachable, a multi-thread one, is proven not
    /// to be that of this worker. Asked only where no driver is known.
    fn foreign_here(&self, index: usize) -> bool;
}

pub(super) fn route(place: Place, runtimes: &impl Runtimes) -> Route {
    match place {
        Place::Ending => Route::Ending,
        Place::Blocking | Place::Job | Place::Wait if runtimes.multi_thread_here() => Route::Here,
        Place::Root if runtimes.multi_thread_here() => Route::HereSuspect,
        // Nothing is reachable; or a current-thread runtime, which may have
        // nobody to drive it. At the root of a `Handle::block_on` another
        // thread drives it, and this one may park.
        Place::Thread | Place::Blocking | Place::Job | Place::Wait | Place::Root => Route::Home,
        Place::Worker(index) => worker(index, runtimes),
        Place::Foreign => Route::Freeze,
    }
}

/// A worker may hand over if it is a multi-thread one, and if it can be said to
/// whom: Tokio gives the core to the runtime that is reachable, and one that a
/// guard has put there can't run it.
fn worker(index: usize, runtimes: &impl Runtimes) -> Route {
    match (runtimes.multi_thread_driver(), runtimes.multi_thread_here()) {
        (None, true) if runtimes.foreign_here(index) => Route::Freeze,
        // Where no driver is known: a guard that lies and can't be proven to
        // comes out when Tokio refuses the hand-over, or not at all.
        (Some(true) | None, true) => Route::HandOver,
        // Under a current-thread guard. Worker 0 may be that of a
        // current-thread runtime nested in the driver's `block_in_place`.
        (Some(true), false) if index > 0 => Route::HandOver,
        (_, false) | (Some(false), _) => Route::Freeze,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Flavors {
        here: bool,
        driver: Option<bool>,
        foreign: bool,
    }

    impl Runtimes for Flavors {
        fn multi_thread_here(&self) -> bool {
            self.here
        }

        fn multi_thread_driver(&self) -> Option<bool> {
            self.driver
        }

        fn foreign_here(&self, _: usize) -> bool {
            self.foreign
        }
    }

    #[test]
    fn every_place_on_every_flavour() {
        let (mt, ct) = (true, false);
        let table = [
            (Place::Thread, ct, None, Route::Home),
            (Place::Ending, ct, None, Route::Ending),
            (Place::Foreign, ct, None, Route::Freeze),
            (Place::Foreign, mt, None, Route::Freeze),
            (Place::Blocking, mt, None, Route::Here),
            (Place::Blocking, ct, None, Route::Home),
            (Place::Job, mt, None, Route::Here),
            (Place::Job, ct, None, Route::Home),
            (Place::Wait, mt, None, Route::Here),
            (Place::Wait, ct, None, Route::Home),
            (Place::Root, mt, None, Route::HereSuspect),
            (Place::Root, ct, None, Route::Home),
            (Place::Worker(0), mt, None, Route::HandOver),
            (Place::Worker(3), mt, None, Route::HandOver),
            (Place::Worker(0), ct, None, Route::Freeze),
            (Place::Worker(3), ct, None, Route::Freeze),
            (Place::Worker(0), mt, Some(mt), Route::HandOver),
            (Place::Worker(3), ct, Some(mt), Route::HandOver),
            (Place::Worker(0), ct, Some(mt), Route::Freeze),
            (Place::Worker(0), mt, Some(ct), Route::Freeze),
            (Place::Worker(0), ct, Some(ct), Route::Freeze),
        ];
        for (place, here, driver, expected) in table {
            let flavors = Flavors {
                here,
                driver,
                foreign: false,
            };
            assert_eq!(
                route(place, &flavors),
                expected,
                "{place:?}, {here}, {driver:?}"
            );
        }
    }

    /// Where the driver is known, the hand-over is to that one, guard or not.
    #[test]
    fn a_foreign_runtime_is_handed_nothing() {
        let table = [
            (Place::Worker(0), None, Route::Freeze),
            (Place::Worker(3), None, Route::Freeze),
            (Place::Worker(0), Some(true), Route::HandOver),
            (Place::Blocking, None, Route::Here),
        ];
        for (place, driver, expected) in table {
            let flavors = Flavors {
                here: true,
                driver,
                foreign: true,
            };
            assert_eq!(route(place, &flavors), expected, "{place:?}, {driver:?}");
        }
    }
}
