//! Checks that a pool that stands still warns within about a second, although
//! nobody submits another job.
//!
//! This is a test target of its own, because it needs a subscriber for all
//! threads.

use std::{
    fmt::{Debug, Write as _},
    sync::{Mutex, MutexGuard, Once, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use bridge::{Bridge, Offload, wait};
use testkit::within;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Keeps the text of each warning.
struct Keep;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{field}={value:?} ").unwrap();
    }
}

impl Subscriber for Keep {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN && metadata.target().starts_with("bridge")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        WARNINGS.lock().unwrap().push(text.0);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Clears the warnings and keeps those that follow, for one test at a time.
fn keep_warnings() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    static ONCE: Once = Once::new();
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    ONCE.call_once(|| tracing::subscriber::set_global_default(Keep).unwrap());
    WARNINGS.lock().unwrap().clear();
    alone
}

fn warnings() -> Vec<String> {
    WARNINGS.lock().unwrap().clone()
}

fn two_threads() -> Bridge {
    Bridge::builder().name("db").max_threads(2).build().unwrap()
}

/// Submits two jobs that block until a third job, queued behind them, has run.
/// Returns the jobs and a sender that unblocks them too.
fn standing_still(bridge: &Bridge) -> (Vec<Offload<u32>>, mpsc::Sender<u32>) {
    let (first, one) = mpsc::channel();
    let (second, two) = mpsc::channel();
    let release = first.clone();
    let other = second.clone();
    let jobs = vec![
        bridge
            .offload(move || {
                let value = one.recv().unwrap();
                // The first job that is unblocked unblocks the second.
                other.send(value).unwrap();
                value
            })
            .start(),
        bridge.offload(move || two.recv().unwrap()).start(),
        bridge
            .offload(move || {
                let _ended = (first.send(1), second.send(1));
                1
            })
            .start(),
    ];
    (jobs, release)
}

/// Waits for a warning, for far longer than the second that it should take.
fn first_warning(since: Instant) -> String {
    loop {
        if let Some(warning) = warnings().pop() {
            return warning;
        }
        let waited = since.elapsed();
        assert!(waited < Duration::from_secs(3), "no warning in {waited:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn jobs_that_block_for_a_job_behind_them() {
    within(|| {
        let _alone = keep_warnings();
        let bridge = two_threads();
        let since = Instant::now();
        let (jobs, release) = standing_still(&bridge);
        let warning = first_warning(since);
        assert!(warning.contains("max_threads"), "{warning}");
        // The report of the pool comes with it.
        assert!(warning.contains("pool `db`: 2 running"), "{warning}");
        assert!(warning.contains("it has stood still for"), "{warning}");
        assert!(warning.contains("queued, offloaded at"), "{warning}");
        assert!(since.elapsed() >= Duration::from_millis(900), "too early");
        // A second warning for the same stall would come in this time.
        thread::sleep(Duration::from_millis(1500));
        assert_eq!(warnings().len(), 1, "{:?}", warnings());
        release.send(0).unwrap();
        for job in jobs {
            assert!(wait(job) <= 1);
        }
    });
}

/// Otherwise only the pool's first stall would be reported.
#[test]
fn a_second_stall_after_the_first_is_over() {
    within(|| {
        let _alone = keep_warnings();
        let bridge = two_threads();
        for _ in 0..2 {
            WARNINGS.lock().unwrap().clear();
            let (jobs, release) = standing_still(&bridge);
            first_warning(Instant::now());
            release.send(0).unwrap();
            for job in jobs {
                wait(job);
            }
        }
    });
}

/// Otherwise the pool would warn although its jobs were queued for only 300 ms.
/// Afterwards two long jobs run and nothing is queued.
#[test]
fn a_pool_that_is_busy_for_a_moment_does_not_warn() {
    within(|| {
        let _alone = keep_warnings();
        let bridge = two_threads();
        let busy = || thread::sleep(Duration::from_millis(300));
        let jobs: Vec<_> = (0..4).map(|_| bridge.offload(busy).start()).collect();
        for job in jobs {
            wait(job);
        }
        let long = || thread::sleep(Duration::from_millis(1500));
        let jobs: Vec<_> = (0..2).map(|_| bridge.offload(long).start()).collect();
        for job in jobs {
            wait(job);
        }
        assert_eq!(warnings(), [] as [&str; 0]);
    });
}

/// Otherwise a pool with a long queue would warn although it works. The clock
/// starts again whenever a job ends.
#[test]
fn a_pool_that_moves_on_does_not_warn() {
    within(|| {
        let _alone = keep_warnings();
        let bridge = two_threads();
        let busy = || thread::sleep(Duration::from_millis(200));
        let jobs: Vec<_> = (0..24).map(|_| bridge.offload(busy).start()).collect();
        for job in jobs {
            wait(job);
        }
        assert_eq!(warnings(), [] as [&str; 0]);
    });
}
