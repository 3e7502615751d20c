//! Checks that a pool whose size nobody set runs what `spawn_blocking` runs:
//! jobs that block until jobs behind them in the queue have run.

use std::{
    sync::{Arc, Barrier, mpsc},
    thread,
    time::{Duration, Instant},
};

use bridge::{Bridge, Metrics};
use bridge_scenarios::{World, finishes, runtime};
use futures::future::join_all;

#[test]
fn tokio_finishes() {
    for program in [barrier, receivers_32, receivers_200, chain] {
        finishes(&World::tokio(), 1, |world, _| program(world));
    }
}

#[test]
fn a_barrier_of_100_jobs() {
    finishes(&World::default_pool(), 1, |world, _| barrier(world));
}

#[test]
fn jobs_that_block_32_for_32_behind_them() {
    finishes(&World::default_pool(), 1, |world, _| receivers_32(world));
}

#[test]
fn jobs_that_block_200_for_200_behind_them() {
    finishes(&World::default_pool(), 1, |world, _| receivers_200(world));
}

#[test]
fn a_chain_of_100_jobs() {
    finishes(&World::default_pool(), 1, |world, _| chain(world));
}

/// Otherwise the added threads would stay, or a second round would stand still.
#[test]
fn the_pool_shrinks_again() {
    let bridge = Bridge::builder()
        .keep_alive(Duration::from_millis(200))
        .build()
        .unwrap();
    finishes(&World::Bridge(bridge.clone()), 1, |world, _| {
        for _ in 0..2 {
            barrier(world);
            assert!(bridge.metrics().peak_threads >= 100);
            let metrics = eventually(&bridge, |metrics| metrics.threads == 0);
            assert_eq!((metrics.running, metrics.blocked), (0, 0), "{metrics:?}");
            assert_eq!((metrics.queued, metrics.idle), (0, 0), "{metrics:?}");
        }
        assert_eq!(bridge.metrics().completed, 200);
    });
}

fn barrier(world: &World) {
    let barrier = Arc::new(Barrier::new(100));
    let leaders = runtime().block_on(async {
        let jobs = (0..100).map(|_| {
            let barrier = Arc::clone(&barrier);
            world.start(move || barrier.wait().is_leader())
        });
        join_all(jobs.collect::<Vec<_>>()).await
    });
    assert_eq!(leaders.len(), 100);
    assert_eq!(leaders.into_iter().filter(|leads| *leads).count(), 1);
}

fn receivers_32(world: &World) {
    receivers(world, 32);
}

fn receivers_200(world: &World) {
    receivers(world, 200);
}

/// Submits `count` jobs that receive, and then `count` jobs that send to them.
fn receivers(world: &World, count: usize) {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel()).unzip();
    let values = runtime().block_on(async {
        let receiving = receivers
            .into_iter()
            .map(|receiver| world.start(move || receiver.recv().unwrap()))
            .collect::<Vec<_>>();
        let sending = senders
            .into_iter()
            .enumerate()
            .map(|(n, sender)| world.start(move || sender.send(n).unwrap()))
            .collect::<Vec<_>>();
        join_all(sending).await;
        join_all(receiving).await
    });
    assert_eq!(values, (0..count).collect::<Vec<_>>());
}

/// Each of 100 jobs blocks until the job behind it has ended.
fn chain(world: &World) {
    let ends = runtime().block_on(async {
        let (mut sender, first) = mpsc::channel::<usize>();
        let mut jobs = Vec::new();
        for n in 0..100 {
            let (next, receiver) = mpsc::channel();
            let tells = std::mem::replace(&mut sender, next);
            jobs.push(world.start(move || {
                let behind = if n == 99 { 0 } else { receiver.recv().unwrap() };
                // The first receiver is dropped only after all jobs have ended.
                tells.send(behind + 1).unwrap();
            }));
        }
        join_all(jobs).await;
        first.recv().unwrap()
    });
    assert_eq!(ends, 100);
}

/// Returns the first metrics for which `condition` holds.
fn eventually(bridge: &Bridge, condition: impl Fn(&Metrics) -> bool) -> Metrics {
    let start = Instant::now();
    loop {
        let metrics = bridge.metrics();
        if condition(&metrics) {
            return metrics;
        }
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(20), "never came: {metrics:?}");
        thread::sleep(Duration::from_millis(5));
    }
}
