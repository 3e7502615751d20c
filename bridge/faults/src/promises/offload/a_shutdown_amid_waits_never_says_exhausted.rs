//! A wait for pool work that races with a shutdown is told of the shutdown, never of an
//! exhausted pool.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

/// Offloads and waits inside for the next level, until the pool is closed.
fn descend(bridge: &Bridge, depth: usize) -> Result<(), String> {
    if depth == 0 {
        thread::sleep(Duration::from_millis(2));
        return Ok(());
    }
    let inner = bridge.clone();
    let job = bridge.offload(move || descend(&inner, depth - 1));
    match bridge.try_wait(job.outcome()) {
        Ok(Ok(below)) => below,
        Ok(Err(OffloadError::ShutDown { .. })) | Err(WaitError::RuntimeGone { .. }) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) fn run() {
    for round in 0..40 {
        let bridge = bridge_of(1 + round % 2, 1 + round % 3);
        let waits = bridge.clone();
        let waiter = thread::spawn(move || {
            for _ in 0..20 {
                descend(&waits, 4)?;
            }
            Ok::<_, String>(())
        });
        thread::sleep(Duration::from_micros(500 * (round as u64 % 10)));
        let _report = bridge.shutdown(Duration::from_millis(20)).wait();
        assert_eq!(waiter.join().unwrap(), Ok(()));
    }
}
