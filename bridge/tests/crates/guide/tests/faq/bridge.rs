//! The errors of the bridge itself.

use std::{
    future::{pending, ready},
    panic::AssertUnwindSafe,
    thread,
    time::Duration,
};

use bridge::{Bridge, Wait};
use tokio::runtime::{Builder, Handle};

use crate::{Symptom, panic_of};

pub(crate) const SYMPTOMS: &[Symptom] = &[
    a_wait_in_a_current_thread_runtime,
    one_wait_too_many,
    a_wait_on_a_runtime_that_has_ended,
    at_the_ceiling_of_the_pool,
    an_offload_after_the_shutdown,
    a_job_that_is_refused,
];

fn a_wait_in_a_current_thread_runtime() -> String {
    let runtime = Builder::new_current_thread().build().unwrap();
    panic_of(AssertUnwindSafe(|| {
        runtime.block_on(async { ready(1).wait() })
    }))
}

fn one_wait_too_many() -> String {
    let bridge = Bridge::builder().max_nested_waits(1).build().unwrap();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let inner = bridge.clone();
    let outer = runtime.spawn(async move {
        let inside = tokio::spawn(async move { inner.try_wait(pending::<()>()) });
        bridge.try_wait(inside)
    });
    let inside = runtime.block_on(outer).unwrap().unwrap();
    inside.unwrap().unwrap_err().to_string()
}

fn a_wait_on_a_runtime_that_has_ended() -> String {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let handle: Handle = runtime.handle().clone();
    drop(runtime);
    let _entered = handle.enter();
    pending::<()>().try_wait().unwrap_err().to_string()
}

fn at_the_ceiling_of_the_pool() -> String {
    let bridge = Bridge::builder()
        .max_threads(1)
        .max_blocked_threads(1)
        .build()
        .unwrap();
    let (outer, inner) = (bridge.clone(), bridge.clone());
    let innermost = move || {
        // A job that belongs to no wait, so no parked thread may run it. A plain thread has
        // no lineage.
        let unrelated = inner.clone();
        thread::spawn(move || unrelated.offload(|| ()).detach())
            .join()
            .unwrap();
        inner.try_wait(pending::<()>())
    };
    let outcome = bridge::wait(bridge.offload(move || outer.wait(outer.offload(innermost))));
    outcome.unwrap_err().to_string()
}

fn a_bridge_that_is_shut_down() -> Bridge {
    let bridge = Bridge::builder().max_threads(1).build().unwrap();
    let _report = bridge.shutdown(Duration::ZERO).wait();
    bridge
}

fn an_offload_after_the_shutdown() -> String {
    let bridge = a_bridge_that_is_shut_down();
    panic_of(AssertUnwindSafe(|| bridge::wait(bridge.offload(|| ()))))
}

fn a_job_that_is_refused() -> String {
    a_bridge_that_is_shut_down()
        .try_offload(|| ())
        .unwrap_err()
        .to_string()
}
