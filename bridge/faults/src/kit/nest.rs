//! Jobs that wait for jobs.

use std::{
    pin::Pin,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use bridge::{Bridge, WaitError, wait};
use futures::future::join_all;
use tokio::time::sleep;

use crate::kit::runtimes::bridge as bridge_of;

/// A boxed future that tasks can run.
pub(crate) type Work = Pin<Box<dyn Future<Output = usize> + Send>>;

/// Offloads, waits inside for the next level, and so on down.
pub(crate) fn descend(bridge: &Bridge, depth: usize) -> Result<usize, WaitError> {
    if depth == 0 {
        return Ok(0);
    }
    let inner = bridge.clone();
    let job = bridge.offload(move || descend(&inner, depth - 1));
    bridge.try_wait(job)?.map(|below| below + 1)
}

/// Runs `body` as a job, and returns its value.
pub(crate) fn value(bridge: &Bridge, depth: usize, body: fn(&Bridge, usize) -> usize) -> usize {
    let inner = bridge.clone();
    wait(bridge.offload(move || body(&inner, depth)))
}

/// Nests jobs through hops to other tasks, on pools so small that the innermost
/// job runs only if the pool knows whose descendant it is.
pub(crate) fn with_hops(hop: fn(&Bridge, Work) -> Work) {
    fn descend(bridge: &Bridge, hop: fn(&Bridge, Work) -> Work, depth: usize) -> usize {
        if depth == 0 {
            return 0;
        }
        let (inner, next) = (bridge.clone(), bridge.clone());
        let below = bridge.wait(async move {
            let job = async move {
                let deeper = inner.clone();
                inner
                    .offload(move || descend(&deeper, hop, depth - 1))
                    .await
            };
            hop(&next, Box::pin(job)).await
        });
        below + 1
    }
    for (threads, blocked) in [(1, 1), (1, 12), (2, 2)] {
        let bridge = bridge_of(threads, blocked);
        let inner = bridge.clone();
        let depth = wait(bridge.offload(move || descend(&inner, hop, 12)));
        assert_eq!(depth, 12, "{threads} and {blocked}");
    }
}

/// A pause that lets others take the permits.
fn pause(first: bool) -> Duration {
    Duration::from_millis(if first { 30 } else { 1 })
}

/// Runs so many jobs that each hold one mutex over a wait for a job.
pub(crate) fn hold_a_mutex(bridge: &Bridge, callers: usize) {
    let count = Arc::new(Mutex::new(0));
    let jobs = (0..callers).map(|_| {
        let (inner, count) = (bridge.clone(), Arc::clone(&count));
        bridge.offload(move || {
            let mut count = count.lock().unwrap();
            let pause = pause(*count == 0);
            *count += inner.wait(async {
                sleep(pause).await;
                inner.offload(|| 1).await
            });
        })
    });
    wait(join_all(jobs));
    assert_eq!(*count.lock().unwrap(), callers);
}

/// Ten connections that callers block for.
struct Connections {
    free: Mutex<usize>,
    returned: Condvar,
}

impl Connections {
    fn take(&self) {
        let free = self.free.lock().unwrap();
        *self.returned.wait_while(free, |free| *free == 0).unwrap() -= 1;
    }

    fn give_back(&self) {
        *self.free.lock().unwrap() += 1;
        self.returned.notify_one();
    }
}

/// Runs so many jobs that each hold one of ten connections over a wait for a job.
pub(crate) fn share_connections(bridge: &Bridge, callers: usize) {
    let connections = Arc::new(Connections {
        free: Mutex::new(10),
        returned: Condvar::new(),
    });
    let jobs = (0..callers).map(|number| {
        let (inner, connections) = (bridge.clone(), Arc::clone(&connections));
        bridge.offload(move || {
            connections.take();
            inner.wait(async {
                sleep(pause(number < 10)).await;
                inner.offload(|| ()).await;
            });
            connections.give_back();
        })
    });
    assert_eq!(wait(join_all(jobs)).len(), callers);
    assert_eq!(*connections.free.lock().unwrap(), 10);
}
