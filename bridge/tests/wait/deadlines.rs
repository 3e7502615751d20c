//! Limits and panics.

use super::*;

#[test]
fn a_deadline_fires_while_the_future_is_stuck_and_drops_it() {
    within(|| {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let start = Instant::now();
        let outcome = Bridge::global().wait_timeout(
            async move {
                std::future::pending::<()>().await;
                drop(held);
            },
            Duration::from_millis(20),
        );
        assert!(
            matches!(outcome, Err(WaitError::TimedOut { .. })),
            "{outcome:?}"
        );
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(Arc::strong_count(&alive), 1);
        // One that keeps its thread busy with wake-ups is timed out too.
        let busy = std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        });
        let outcome = busy.wait_timeout(Duration::from_millis(20));
        assert!(matches!(outcome, Err(WaitError::TimedOut { .. })));
        let ready = async { 1 }.wait_timeout(Duration::ZERO);
        assert_eq!(ready.unwrap(), 1, "what is ready needs no time");
        let endless = async { 1 }.wait_timeout(Duration::MAX);
        assert_eq!(endless.unwrap(), 1);
    });
}

#[test]
fn a_panic_passes_through_and_leaves_the_thread_as_it_was() {
    within(|| {
        let panics = || wait(async { panic!("mine") });
        let payload = catch_unwind(panics).unwrap_err();
        assert_eq!(panic_text(&*payload), "mine");
        assert_eq!(Context::current(), Context::Sync);
        assert_eq!(wait(async { Context::current() }), Context::Async);
        assert_eq!(Context::current(), Context::Sync);
    });
}
