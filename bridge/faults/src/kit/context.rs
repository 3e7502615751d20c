//! A task-local that a bridge carries.

use bridge::{Bridge, carry::TaskLocal, smartasync};

tokio::task_local! {
    pub(crate) static REQUEST: u32;
}

/// Returns the number of the request here.
pub(crate) fn request() -> Option<u32> {
    REQUEST.try_get().ok()
}

#[smartasync]
pub(crate) fn smart_request() -> Option<u32> {
    request()
}

/// Returns a bridge that carries the request. Its pool has so many permits, and may add so
/// many threads for parked jobs.
pub(crate) fn carries_request(max_threads: usize, max_blocked_threads: usize) -> Bridge {
    let builder = Bridge::builder().worker_threads(1);
    let builder = builder.max_threads(max_threads);
    let builder = builder.max_blocked_threads(max_blocked_threads);
    let builder = builder.carry(TaskLocal::of(&REQUEST));
    builder.build().expect("the settings are valid")
}
