//! Checks the four cases, and `dispatch`, from every context.

use super::*;

/// Doc comments stay.
#[smartasync]
pub(crate) async fn double(x: u32) -> u32 {
    tokio::task::yield_now().await;
    x * 2
}

#[smartasync]
pub(crate) fn halve(x: u32) -> u32 {
    x / 2
}

#[smartasync]
fn place() -> ThreadId {
    thread::current().id()
}

#[smartasync]
async fn no_output() {}

#[smartasync]
fn no_output_sync() {}

#[test]
fn the_four_cases() {
    within(|| assert_eq!(double(4).wait(), 8));
    assert_eq!(halve(4).wait(), 2);
    assert_eq!(place().wait(), thread::current().id());
    no_output().wait();
    no_output_sync().wait();
    run(async {
        assert_eq!(double(4).await, 8);
        assert_eq!(halve(4).await, 2);
        assert_ne!(place().await, thread::current().id());
        no_output().await;
        no_output_sync().await;
    });
}

/// Sync code may hand the outcome to async code, and generic code logs it.
#[test]
fn an_outcome_can_be_awaited_and_shown_whether_its_call_has_run_or_not() {
    let ready = within(|| double(4).dispatch());
    assert_eq!(format!("{ready:?}"), "Outcome(ready)");
    run(async {
        assert_eq!(ready.await, 8);
        let pending = double(4).dispatch();
        assert_eq!(format!("{pending:?}"), "Outcome(pending)");
        assert_eq!(pending.await, 8);
    });
}

#[test]
fn dispatch_runs_in_sync_code_and_waits_for_await_in_async_code() {
    within(|| {
        let outcome = double(4).dispatch();
        assert!(outcome.is_ready());
        assert_eq!(outcome.wait(), 8);
        let outcome = place().dispatch();
        assert!(outcome.is_ready());
        assert_eq!(outcome.wait(), thread::current().id());
    });
    run(async {
        let outcome = double(4).dispatch();
        assert!(!outcome.is_ready());
        assert_eq!(outcome.await, 8);
        let outcome = place().dispatch();
        assert!(!outcome.is_ready());
        assert_ne!(outcome.await, thread::current().id());
        tokio::task::spawn_blocking(|| {
            assert!(double(4).dispatch().is_ready());
            assert!(halve(4).dispatch().is_ready());
        })
        .await
        .unwrap();
    });
}

#[test]
fn try_wait_and_wait_timeout() {
    #[smartasync]
    async fn never() {
        std::future::pending().await
    }
    #[smartasync]
    fn slow() -> u8 {
        thread::sleep(Duration::from_millis(200));
        1
    }
    within(|| {
        assert_eq!(double(1).try_wait().unwrap(), 2);
        assert_eq!(halve(2).try_wait().unwrap(), 1);
        assert_eq!(double(1).wait_timeout(Duration::from_secs(20)).unwrap(), 2);
        assert_eq!(halve(2).wait_timeout(Duration::from_secs(20)).unwrap(), 1);
        assert!(never().wait_timeout(Duration::from_millis(5)).is_err());
        assert!(slow().wait_timeout(Duration::from_millis(5)).is_err());
    });
}

#[test]
fn tokio_takes_calls() {
    run(async {
        let (a, b) = tokio::join!(double(1), halve(2));
        assert_eq!((a, b), (2, 1));
        assert_eq!(tokio::spawn(double(2)).await.unwrap(), 4);
        assert_eq!(tokio::spawn(halve(2)).await.unwrap(), 1);
        let x = tokio::select! { x = double(3) => x, () = std::future::pending() => 0 };
        assert_eq!(x, 6);
    });
}

#[test]
fn generic_code_takes_any_call() {
    fn waited<C: Call<Output = u32>>(call: C) -> u32 {
        call.wait()
    }
    async fn awaited(call: impl Call<Output = u32>) -> u32 {
        call.dispatch().await
    }
    within(|| {
        assert_eq!(
            waited(double(1)) + waited(halve(2)) + waited(BoxCall::new(double(3))),
            9
        );
        assert_eq!(bridge::wait(halve(8)), 4);
        assert_eq!(
            double(1).try_wait().unwrap() + Call::try_wait(halve(2)).unwrap(),
            3
        );
    });
    run(async { assert_eq!(awaited(double(1)).await + awaited(halve(2)).await, 3) });
}

#[test]
fn boxes_of_both_kinds() {
    #[smartasync]
    async fn async_len(text: &str) -> usize {
        tokio::task::yield_now().await;
        text.len()
    }
    #[smartasync]
    fn sync_len(text: &str) -> usize {
        text.len()
    }

    let text = String::from("ab c");
    let calls = || {
        [
            BoxCall::new(async_len(&text)),
            BoxCall::from(sync_len(&text)),
            async_len(&text).into(),
        ]
    };
    within(|| {
        for call in calls() {
            assert_eq!(call.wait(), 4);
        }
        for call in calls() {
            assert_eq!(call.wait_timeout(Duration::from_secs(20)).unwrap(), 4);
        }
        for call in calls() {
            assert!(call.dispatch().is_ready());
        }
    });
    run(async {
        for call in calls() {
            assert_eq!(call.await, 4);
        }
    });
    assert_eq!(format!("{:?}", calls()[1]), "BoxCall { kind: Sync, .. }");
}

/// Blocks until another thread has also reached the gate.
#[smartasync]
fn behind(gate: Arc<Barrier>) -> u8 {
    gate.wait();
    1
}

/// Awaits a value, so that its first poll is pending.
#[smartasync]
async fn behind_async(mut gate: tokio::sync::oneshot::Receiver<u8>) -> u8 {
    (&mut gate).await.unwrap()
}

#[test]
fn a_polled_call_can_still_be_waited_for() {
    use std::task::{Context, Waker};
    let mut cx = Context::from_waker(Waker::noop());
    within(|| {
        let gate = Arc::new(Barrier::new(2));
        let open = || {
            let gate = Arc::clone(&gate);
            thread::spawn(move || gate.wait())
        };
        let mut call = behind(Arc::clone(&gate));
        assert!(Pin::new(&mut call).poll(&mut cx).is_pending());
        let opener = open();
        assert_eq!(call.wait(), 1);
        opener.join().unwrap();

        let mut boxed = BoxCall::new(behind(Arc::clone(&gate)));
        assert!(Pin::new(&mut boxed).poll(&mut cx).is_pending());
        let opener = open();
        assert_eq!(boxed.wait(), 1);
        opener.join().unwrap();

        let (send, receive) = tokio::sync::oneshot::channel();
        let mut boxed = BoxCall::new(behind_async(receive));
        assert!(Pin::new(&mut boxed).poll(&mut cx).is_pending());
        send.send(2).unwrap();
        assert_eq!(boxed.wait(), 2);
    });
}
