//! Checks what the core does if a worker can't be started.

use std::{panic::Location, thread, time::Duration};

use testkit::within;

use super::*;
use crate::{Bare, Config, Pool, job::Job, worker::this_worker::Worker};

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
