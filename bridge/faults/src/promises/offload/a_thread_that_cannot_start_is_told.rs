//! If the pool has no thread and none can be started, each caller gets `NoThread`, at
//! once and without a live-lock.

use crate::prelude::*;

pub(crate) const PEERS: &str =
    "Users of `blocking` and of Tokio report a live-lock (blocking#79, tokio#2309).";

/// Far more processor time than the refusals take. A live-lock takes more, even if it is
/// short: a retry of 10 ms for each refusal, for example.
const LIMIT: Duration = Duration::from_secs(1);

/// No address space has room for it.
const STACK: usize = 1 << 47;

pub(crate) fn run() {
    let bridge = Bridge::builder()
        .max_threads(2)
        .stack_size(STACK)
        .build()
        .unwrap();
    let clock = process::CpuClock::start();
    for _ in 0..100 {
        let outcome = wait(bridge.offload(|| ()).outcome());
        assert!(
            matches!(outcome, Err(OffloadError::NoThread { .. })),
            "{outcome:?}"
        );
    }
    // Several at once, and what was started before it is awaited.
    let jobs: Vec<_> = (0..100).map(|_| bridge.offload(|| ()).start()).collect();
    for job in jobs {
        let text = panic_of(|| wait(job));
        assert!(text.contains(file!()), "{text}");
    }
    let metrics = bridge.metrics();
    assert_eq!(
        (metrics.threads, metrics.queued, metrics.backlog),
        (0, 0, 0)
    );
    assert_eq!(metrics.completed, 0);
    let used = clock.used();
    println!("200 refusals took {used:?}");
    assert!(used < LIMIT, "{used:?}");
    assert_eq!(wait(bridge::offload(|| 7)), 7, "another pool works");
}
