//! `Reach` is the first look of `Place`: together they say the same.

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use bridge_detect::{Place, RuntimeLookup, ThreadTag};
use common::{Driver, ct, mt};
use testkit::within;
use tokio::runtime::{Handle, worker_index};

/// Checks that both looks say the same here, and that `Reach` has the handle
/// wherever a runtime is reachable and no worker polls.
fn both_agree() -> Place {
    let place = Place::current();
    let (same, reachable) = RuntimeLookup::current().place();
    assert_eq!(same, place);
    let is_worker = matches!(place, Place::Worker(_));
    let expected = Handle::try_current().ok().filter(|_| !is_worker);
    assert_eq!(
        reachable.map(|handle| handle.id()),
        expected.map(|handle| handle.id()),
        "at {place:?}"
    );
    place
}

#[test]
fn reach_and_place_agree_everywhere() {
    within(|| {
        assert_eq!(both_agree(), Place::Thread);
        for driver in Driver::ALL {
            let place = driver.run(|| async { both_agree() });
            let is_worker = matches!(place, Place::Worker(_));
            assert_eq!(is_worker, driver.is_worker(), "{driver:?}");
        }
        for runtime in [mt(), ct()] {
            let offloaded = runtime.spawn_blocking(both_agree);
            assert_eq!(runtime.block_on(offloaded).unwrap(), Place::Blocking);
            let _guard = runtime.enter();
            assert_eq!(both_agree(), Place::Blocking);
        }
        for (mark, place) in [
            (ThreadTag::Job, Place::Job),
            (ThreadTag::Wait, Place::Wait),
            (ThreadTag::Foreign, Place::Foreign),
        ] {
            let _mark = mark.set();
            assert_eq!(both_agree(), place);
            let runtime = mt();
            let _guard = runtime.enter();
            assert_eq!(both_agree(), place);
        }
    });
}

/// Two tasks that meet are on both workers of their runtime.
#[test]
fn a_worker_is_told_by_its_index() {
    within(|| {
        let runtime = mt();
        let came = Arc::new(AtomicUsize::new(0));
        let looks = [(); 2].map(|()| {
            let came = Arc::clone(&came);
            runtime.spawn(async move {
                let seen = (Place::current(), worker_index());
                came.fetch_add(1, Ordering::Relaxed);
                while came.load(Ordering::Relaxed) < 2 {
                    thread::yield_now();
                }
                seen
            })
        });
        // One worker may have taken both as the other fell asleep; that one looks
        // around when it is woken.
        while came.load(Ordering::Relaxed) < 2 {
            drop(runtime.spawn(async {}));
            thread::sleep(Duration::from_millis(1));
        }
        let mut indices = looks.map(|look| {
            let (place, index) = runtime.block_on(look).unwrap();
            assert_eq!(place, Place::Worker(index.unwrap()));
            index.unwrap()
        });
        indices.sort_unstable();
        assert_eq!(indices, [0, 1]);
    });
}
