//! Workers that record beside a reader, in every order of steps.

use loom::{sync::Arc, thread};

use super::*;
use crate::timing::Timing;

/// Checks what holds of each reading, also of one that is taken while workers record.
/// `recorded` are all values that the workers record.
fn check(found: &Timing, recorded: &[u64]) {
    let all = recorded.len() as u64;
    assert!(found.count <= all, "more than was recorded: {found:?}");
    let percentiles = [found.p50, found.p90, found.p99, found.p999, found.max];
    assert!(percentiles.is_sorted(), "{found:?}");
    assert!(found.mean <= found.max, "{found:?}");
    let max = u64::try_from(found.max.as_nanos()).unwrap();
    assert!(max == 0 || recorded.contains(&max), "{found:?}");
    // Each value that is counted is in all figures.
    assert!(found.count == 0 || max > 0, "{found:?}");
    if found.count == all {
        check_at_the_end(found, recorded);
    }
}

/// Checks a reading that counts everything.
fn check_at_the_end(found: &Timing, recorded: &[u64]) {
    let all = recorded.len() as u64;
    let mean = recorded.iter().sum::<u64>() / all;
    assert_eq!((found.count, found.mean), (all, Duration::from_nanos(mean)));
    let max = recorded.iter().max().copied().unwrap();
    assert_eq!(found.max, Duration::from_nanos(max));
}

/// Runs workers that record these values, one histogram each, and reads `readings` times
/// meanwhile.
fn explore<const WORKERS: usize>(recorded: [&'static [u64]; WORKERS], readings: usize) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound.get_or_insert(2);
    let runs = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&runs);
    model.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        let histograms = Arc::new(recorded.map(|_| Histogram::new()));
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let histograms = Arc::clone(&histograms);
                let record = move || {
                    for value in recorded[worker] {
                        histograms[worker].add(*value);
                    }
                };
                thread::spawn(record)
            })
            .collect();
        let read = Arc::clone(&histograms);
        // The first execution of loom runs this thread last. If the readings came first,
        // loom would not try the others: a worker loads before it stores, and loom
        // remembers the last access only.
        let reader = thread::spawn(move || {
            let mut before = Timing::default();
            for _ in 0..readings {
                let found = Histogram::sum(read.iter());
                check(&found, &recorded.concat());
                assert!(found.count >= before.count && found.max >= before.max);
                before = found;
            }
        });
        for worker in workers {
            worker.join().unwrap();
        }
        reader.join().unwrap();
        check_at_the_end(&Histogram::sum(histograms.iter()), &recorded.concat());
    });
    let test = std::thread::current();
    let runs = runs.load(Ordering::Relaxed);
    println!("{}: {runs} orders of steps", test.name().unwrap_or("?"));
    assert!(runs > 1, "nothing in the test is seen by loom");
}

/// Otherwise a figure counts a job that never was, or loses one for ever.
#[test]
fn what_two_workers_record_is_all_there() {
    explore([&[1], &[3]], 1);
}

/// Otherwise a counter goes down from one scrape to the next.
#[test]
fn a_later_reading_shows_no_less() {
    explore([&[1, 3]], 2);
}
