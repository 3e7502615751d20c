//! Checks what the settings mean, their defaults and their bounds.

use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::within;

use super::*;

/// Otherwise a pool has more workers than its limits say, while every job is parked.
#[test]
fn each_limit_of_workers_bounds_a_pool_whose_jobs_are_parked() {
    let most = |builder: Builder| builder.limits.most_while_parked;
    assert_eq!(most(Builder::new()), TOKIOS_LIMIT);
    assert_eq!(most(Builder::new().max_threads(1)), 0);
    assert_eq!(most(Builder::new().max_blocked_threads(1)), 0);
}

/// Otherwise jobs that wait for each other hang in a pool whose permits nobody has limited.
#[test]
fn a_pool_grows_unless_its_permits_are_limited() {
    let grows = |builder: Builder| builder.limits.grows;
    assert!(grows(Builder::new()));
    assert!(grows(Builder::new().max_blocked_threads(1)));
    assert!(!grows(Builder::new().max_threads(1)));
}

/// Otherwise a count overflows under the pool's lock.
#[test]
fn what_the_pool_cannot_count_is_refused_by_name() {
    let too_large = usize::MAX;
    for (builder, name) in [
        (Builder::<Bare>::new().max_threads(too_large), "max_threads"),
        (
            Builder::new().max_blocked_threads(too_large),
            "max_blocked_threads",
        ),
        (Builder::new().queue_capacity(too_large), "queue_capacity"),
        (Builder::new().stack_size(too_large), "stack_size"),
    ] {
        let error = builder.build().unwrap_err();
        assert!(
            matches!(error, BuildError::TooLarge { setting, limit } if setting == name
                && limit == if name == "stack_size" { isize::MAX.unsigned_abs() } else { MOST }),
            "{error}"
        );
    }
    let most = Builder::<Bare>::new()
        .max_threads(MOST)
        .max_blocked_threads(MOST)
        .queue_capacity(MOST)
        .stack_size(isize::MAX.unsigned_abs());
    assert!(most.check().is_ok());
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let text = format!("{:?}", Builder::<Bare>::new());
    // On one processor, a spin would keep the submitters from running.
    let spin = Duration::from_micros(if processors() > 1 { 50 } else { 0 });
    assert_eq!(Builder::<Bare>::new().spin_limit(), spin);
    for setting in [
        "max_blocked_threads: 64",
        "queue_capacity: 1024",
        "timings: false",
        "keep_alive: 10s",
        "stack_size: 2097152",
        "exit_grace: 5s",
        "cancel_grace: None",
    ] {
        assert!(text.contains(setting), "{setting}: {text}");
    }
    let permits = (4 * processors()).max(32);
    assert!(text.contains(&format!("max_threads: {permits},")), "{text}");
}

#[test]
fn a_builder_that_is_cloned_keeps_its_hooks() {
    within(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = || {
            let calls = Arc::clone(&calls);
            move || {
                calls.fetch_add(1, Ordering::SeqCst);
            }
        };
        let builder = Builder::<Bare>::new().max_threads(1);
        let builder = builder.on_thread_start(count()).on_thread_stop(count());
        let pool = builder.clone().build().unwrap();
        pollster::block_on(pool.run(|| ()));
        let _report = pool.shutdown(Duration::MAX).wait();
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    });
}
