//! The names of the candidates, and their colours in the charts.

/// The id that the benches use, the name for people, and the colour.
const NAMES: &[(&str, &str, usize)] = &[
    ("bridge", "bridge", 0),
    ("spawn_blocking", "Tokio spawn_blocking", 1),
    (
        "spawn_blocking_limited",
        "spawn_blocking behind a semaphore",
        4,
    ),
    ("tokio_handle_block_on", "Tokio Handle::block_on", 1),
    ("tokio_rayon", "tokio-rayon", 2),
    ("unblock", "blocking::unblock", 3),
    ("tokio_runtime_block_on", "Tokio Runtime::block_on", 4),
    ("pollster_entered", "pollster, entered", 5),
    ("pollster_without_runtime", "pollster, no runtime", 5),
    ("futures_without_runtime", "futures, no runtime", 6),
    ("enter_without_wait", "entering the runtime alone", 6),
    ("memory_without_jobs", "its memory alone", 6),
    ("queue_without_pool", "a queue and a thread alone", 6),
    ("offload_without_context", "with carry_span(false)", 1),
    ("plain_call", "the plain call", 1),
    ("plain_await", "the plain future", 1),
    ("handle_try_current", "Handle::try_current", 1),
    ("thread_local_read", "a thread-local read", 2),
    ("async_compat", "async-compat", 6),
    ("no_jobs", "no jobs beside them", 5),
    ("affinitypool", "affinitypool", 5),
    (
        "current_thread_block_on",
        "current-thread Runtime::block_on",
        1,
    ),
    ("reqwest_blocking", "reqwest::blocking", 2),
    ("ureq", "ureq", 5),
    ("raw_std", "raw std", 6),
    ("deadpool_sync", "deadpool-sync", 2),
    ("smartasync", "SmartAsync", 1),
    ("genro_toolbox", "genro-toolbox", 2),
    ("asgiref", "asgiref", 3),
    ("anyio", "anyio", 4),
];

/// Returns the name for people. An unknown candidate is named by its id.
pub(in crate::bench) fn name(who: &str) -> &str {
    known(who).map_or(who, |known| known.1)
}

/// Returns the colour of a candidate, which is the same in every chart.
pub(in crate::bench) fn slot(who: &str) -> Option<usize> {
    known(who).map(|known| known.2)
}

fn known(who: &str) -> Option<&'static (&'static str, &'static str, usize)> {
    NAMES.iter().find(|known| known.0 == who)
}
