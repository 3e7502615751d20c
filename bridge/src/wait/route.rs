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

/// `multi_thread` says whether a runtime is reachable here and is a
/// multi-thread one; it is asked only where that matters.
pub(super) fn route(place: Place, multi_thread: impl Fn() -> bool) -> Route {
    match place {
        Place::Ending => Route::Ending,
        Place::Blocking | Place::Job | Place::Wait if multi_thread() => Route::Here,
        Place::Root if multi_thread() => Route::HereSuspect,
        // Nothing is reachable; or a current-thread runtime, which may have
        // nobody to drive it. At the root of a `Handle::block_on` another
        // thread drives it, and this one may park.
        Place::Thread | Place::Blocking | Place::Job | Place::Wait | Place::Root => Route::Home,
        Place::Worker(_) if multi_thread() => Route::HandOver,
        // An executor that only this thread drives. Or a guard of the other
        // flavour is held, and lies. A current-thread guard on a multi-thread
        // worker: handing over would give the worker's core to a runtime that
        // can't run it, so freezing is the honest answer. (The opposite, a
        // multi-thread guard on a current-thread worker, comes out when Tokio
        // refuses the hand-over.)
        Place::Worker(_) | Place::Foreign => Route::Freeze,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_on_every_flavour() {
        let table = [
            (Place::Thread, false, Route::Home),
            (Place::Ending, false, Route::Ending),
            (Place::Foreign, false, Route::Freeze),
            (Place::Foreign, true, Route::Freeze),
            (Place::Blocking, true, Route::Here),
            (Place::Blocking, false, Route::Home),
            (Place::Job, true, Route::Here),
            (Place::Job, false, Route::Home),
            (Place::Wait, true, Route::Here),
            (Place::Wait, false, Route::Home),
            (Place::Root, true, Route::HereSuspect),
            (Place::Root, false, Route::Home),
            (Place::Worker(0), true, Route::HandOver),
            (Place::Worker(3), true, Route::HandOver),
            (Place::Worker(0), false, Route::Freeze),
            (Place::Worker(3), false, Route::Freeze),
        ];
        for (place, multi_thread, expected) in table {
            assert_eq!(
                route(place, || multi_thread),
                expected,
                "{place:?}, {multi_thread}"
            );
        }
    }
}
