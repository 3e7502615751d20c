//! Checks that the limit of `run_timeout` holds after a bridge was shut down.
//!
//! This is a test target of its own, because it shuts the global bridge down.

use std::{sync::mpsc, thread, time::Duration};

use bridge::{Bridge, Pool, wait};
use testkit::within;
use tokio::{runtime::Builder, time::sleep};

#[test]
fn a_limit_needs_no_bridge() {
    within(|| {
        wait(async {});
        let pool = Pool::builder()
            .max_threads(1)
            .queue_capacity(1)
            .build()
            .unwrap();
        let (release, held) = mpsc::channel::<()>();
        let plug = pool.try_run(move || held.recv().is_err()).unwrap();
        while pool.metrics().running == 0 {
            thread::yield_now();
        }
        let queued = pool.try_run(|| true).unwrap();
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let is_late = async |limit| {
            let outcome = pool.run_timeout(|| true, limit).await;
            outcome.is_err()
        };
        runtime.block_on(async {
            let ends_meanwhile = async {
                sleep(Duration::from_millis(10)).await;
                let ends = || Bridge::global().shutdown(Duration::ZERO).wait();
                tokio::task::spawn_blocking(ends).await.unwrap()
            };
            let limit = Duration::from_millis(50);
            let (late, _report) = tokio::join!(is_late(limit), ends_meanwhile);
            assert!(late, "the bridge has ended meanwhile");
            assert!(is_late(limit).await, "it had ended before");
        });
        let elsewhere = futures::executor::block_on(is_late(Duration::from_millis(1)));
        assert!(elsewhere, "on an executor without a clock");
        drop(release);
        assert!(runtime.block_on(plug) && runtime.block_on(queued));
    });
}
