//! Checks that threads, file descriptors and memory do not grow with the calls.
//!
//! The test makes a few thousand calls of each kind, or the number in
//! `BRIDGE_SOAK`. A million calls show a leak of a few bytes a call.
#![cfg(target_os = "linux")]

use std::{
    env, fs, panic,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bridge::{Bridge, Wait, offload, offload::Cancelled, spawn};
use testkit::within_limit;

/// Only one test runs at a time, because the tests measure the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// The most threads that the process may have. Eight belong to the harness, the
/// tests and the runtime. The pool has two threads, and two more while jobs are
/// parked.
const MOST: usize = 8 + 2 + 2;

/// The resources of this process.
#[derive(Debug)]
struct Holdings {
    threads: usize,
    descriptors: usize,
    /// The resident memory, in KiB.
    memory: usize,
}

fn holdings() -> Holdings {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let field = |name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.split_whitespace().next());
        value.and_then(|value| value.parse().ok()).unwrap()
    };
    Holdings {
        threads: field("Threads:"),
        descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
        memory: field("VmRSS:"),
    }
}

fn calls() -> usize {
    let wanted = env::var("BRIDGE_SOAK").ok();
    wanted.map_or(3_000, |count| count.parse().expect("a number of calls"))
}

/// Makes one call of a kind, on a bridge with few threads.
type Call = fn(&Bridge);

const KINDS: [(&str, Call); 8] = [
    ("a wait", |bridge| bridge.wait(async {})),
    ("a wait that is woken", |bridge| {
        bridge.wait(tokio::task::yield_now());
    }),
    ("a wait that times out", |bridge| {
        let limit = Duration::from_nanos(1);
        let never = std::future::pending::<()>();
        assert!(bridge.wait_timeout(never, limit).is_err());
    }),
    ("an offload", |bridge| bridge.wait(bridge.offload(|| ()))),
    ("an offload that waits for an offload", |bridge| {
        let inner = bridge.clone();
        let outer = bridge.offload(move || inner.wait(inner.offload(|| 7)));
        assert_eq!(bridge.wait(outer), 7);
    }),
    ("an offload that is cancelled", |bridge| {
        let task = bridge.offload(|| ()).start();
        let _whichever: Cancelled = task.cancel();
    }),
    ("an offload that panics", |bridge| {
        let task = bridge.offload(|| panic::resume_unwind(Box::new(7)));
        assert!(bridge.wait(task.outcome()).is_err());
    }),
    ("a task", |bridge| {
        let task = bridge.spawn(async { 7 });
        assert_eq!(bridge.wait(task).unwrap(), 7);
    }),
];

#[test]
fn nothing_grows_with_the_number_of_calls() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let bridge = Bridge::builder()
            .max_threads(2)
            .max_blocked_threads(2)
            .worker_threads(1)
            .build()
            .unwrap();
        for (kind, call) in KINDS {
            // These calls make everything that is made only once.
            (0..2_000).for_each(|_| call(&bridge));
            let before = holdings();
            (0..calls()).for_each(|_| call(&bridge));
            let after = holdings();
            println!("{kind}: {before:?}, {after:?}");
            assert!(after.threads <= MOST, "{kind}: {after:?}");
            assert_eq!(after.descriptors, before.descriptors, "{kind}");
            let grown = after.memory.saturating_sub(before.memory);
            assert!(grown < 2_048, "{kind}: {grown} KiB more than {before:?}");
        }
    });
}

#[test]
fn the_global_bridge_keeps_nothing_of_threads_that_ended() {
    within_limit(Duration::from_mins(10), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let round = || {
            let thread = std::thread::spawn(|| {
                let sum = async { offload(|| 3).await + spawn(async { 4 }).await.unwrap() };
                assert_eq!(sum.wait(), 7);
            });
            thread.join().unwrap();
        };
        (0..200).for_each(|_| round());
        let before = holdings();
        (0..calls() / 10).for_each(|_| round());
        let after = holdings();
        println!("threads that end: {before:?}, {after:?}");
        assert_eq!(after.descriptors, before.descriptors);
        let grown = after.memory.saturating_sub(before.memory);
        assert!(grown < 2_048, "{grown} KiB more than {before:?}");
    });
}
