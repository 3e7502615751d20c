//! Checks what the core does if a worker can't be started, and what a report may drop.

use std::{panic::Location, thread, time::Duration};

use testkit::within;

use super::*;
use crate::{
    Bare, Config, Pool,
    job::Job,
    schedule::{stall::StallReport, state::Snapshot},
    worker::this_worker::Worker,
};

/// Otherwise a shutdown waits for ever for a job that no worker could be started for.
#[test]
fn a_shutdown_hears_of_a_start_that_failed() {
    within(|| {
        let builder = Pool::builder().keep_alive(Duration::from_millis(1));
        let pool: Pool = builder.build().unwrap();
        let own = || Arc::clone(&Worker::current().unwrap().core);
        let core = pollster::block_on(pool.run(own));
        while pool.metrics().threads > 0 {
            thread::yield_now();
        }
        let (job, lineage) =
            Job::<_, _, Bare>::prepared(|| (), Location::caller(), &Config::default());
        let mut state = core.state();
        let (_start, action) = state.push(Submitted { job, lineage }, Lane::Unrelated);
        core.release(state);
        let Action::Start(id) = action else {
            panic!("a worker is to start")
        };
        let ending = pool.clone();
        let ending = thread::spawn(move || ending.shutdown(Duration::MAX).wait());
        while core.state().phase == Phase::Open {
            thread::yield_now();
        }
        // In this time the shutdown begins to wait.
        thread::sleep(Duration::from_millis(20));
        let abandoned = core.start_failed(id, &io::ErrorKind::WouldBlock.into());
        abandoned.abandon(&core);
        assert_eq!(ending.join().unwrap().running.len(), 0);
        assert_eq!(pool.metrics().cancelled, 1);
    });
}

/// Otherwise a panic of what another pool's hooks hold ends the thread of the report, and the
/// pool never reports a stall again.
#[test]
fn a_report_survives_what_the_hooks_of_another_pool_hold() {
    let stall = StallReport {
        waited: Duration::from_secs(1),
        queued: 0,
    };
    survives_what_hooks_hold(move |core, snapshot| core.report(stall, snapshot));
}

/// Makes reports until one of them has the last reference to another pool, whose hook holds what
/// panics when it is dropped.
pub(super) fn survives_what_hooks_hold(report: impl Fn(&Arc<Core>, Snapshot) + Send + 'static) {
    /// Panics if this thread drops it.
    struct Panics(thread::ThreadId, Arc<AtomicBool>);
    impl Drop for Panics {
        fn drop(&mut self) {
            // Only the first one does. A report may have the last references to two pools, and
            // two panics would end the process.
            let is_here = thread::current().id() == self.0;
            let is_first = is_here && !self.1.swap(true, Ordering::Relaxed);
            assert!(!is_first, "what a hook holds is dropped");
        }
    }
    within(move || {
        let pool = Pool::new();
        let own = || Arc::clone(&Worker::current().unwrap().core);
        let core = pollster::block_on(pool.run(own));
        let (here, is_dropped) = (thread::current().id(), Arc::new(AtomicBool::new(false)));
        let is_over = Arc::clone(&is_dropped);
        let others = thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let panics = Panics(here, Arc::clone(&is_over));
                let hook = move || {
                    let _held = &panics;
                };
                let other = Pool::builder().on_thread_start(hook);
                drop::<Pool>(other.build().unwrap());
            }
        });
        while !is_dropped.load(Ordering::Relaxed) {
            let snapshot = core.state().snapshot();
            report(&core, snapshot);
        }
        others.join().unwrap();
    });
}
