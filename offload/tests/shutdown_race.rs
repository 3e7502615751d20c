//! Waits that race the shutdown of their pool.
#![cfg(not(bridge_loom))]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use bridge_offload::OffloadError;
use common::{eventually, pool_with_blocked, try_wait, wait};
use futures::channel::oneshot;
use testkit::within;

/// Otherwise a wait at the ceiling returns the wrong error. It must be told of the
/// shutdown, and not that the pool has too few workers.
#[test]
fn a_wait_that_races_a_shutdown_is_told_of_the_shutdown() {
    within(|| {
        for round in 0..1000 {
            let pool = pool_with_blocked(1, 1);
            let (release, released) = oneshot::channel::<()>();
            let parked = pool.run(|| try_wait(released)).start();
            eventually("parked", || pool.metrics().blocked == 1);
            let starts = Arc::new(AtomicBool::new(false));
            let (inner, start) = (pool.clone(), Arc::clone(&starts));
            let job = pool.run(move || {
                start.store(true, Ordering::Release);
                try_wait(inner.run(|| ()).outcome())
            });
            let job = job.start();
            let other = pool.clone();
            let ends = thread::spawn(move || {
                while !starts.load(Ordering::Acquire) {
                    std::hint::spin_loop();
                }
                // The shutdown begins at each point of the race in turn.
                for _ in 0..round % 100 * 4 {
                    std::hint::spin_loop();
                }
                other.shutdown(Duration::ZERO)
            });
            let outcome = wait(job.outcome());
            let told = match &outcome {
                Ok(Ok(Ok(()))) => None,
                Ok(Ok(Err(error))) | Err(error) => Some(error),
                Ok(Err(error)) => panic!("round {round}: {error:?}"),
            };
            assert!(
                matches!(told, None | Some(OffloadError::ShutDown { .. })),
                "round {round}: {outcome:?}"
            );
            let _report = ends.join().unwrap();
            drop((release, parked));
        }
    });
}
