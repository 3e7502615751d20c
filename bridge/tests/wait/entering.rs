//! Checks entering the home runtime from sync code without a wait.

use std::panic::Location;

use tokio::time::{interval, timeout};

use super::*;

#[test]
fn what_must_be_made_in_a_runtime_is_made_under_the_guard() {
    within(|| {
        let limit = Duration::from_hours(1);
        let refused = catch_unwind(|| drop(timeout(limit, real_work())));
        let text = panic_text(&*refused.unwrap_err()).to_owned();
        assert!(text.contains("there is no reactor running"), "{text}");

        let _entered = bridge::enter();
        assert_eq!(timeout(limit, real_work()).wait(), Ok(7));
        let mut ticks = interval(Duration::from_millis(1));
        ticks.tick().wait();
        ticks.tick().wait();
        assert_eq!(tokio::spawn(real_work()).wait().unwrap(), 7);

        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        client.set_nonblocking(true).unwrap();
        let mut client = TcpStream::from_std(client).unwrap();
        std::io::Write::write_all(&mut server, &[7]).unwrap();
        assert_eq!(client.read_u8().wait().unwrap(), 7);
    });
}

#[test]
fn what_spawns_when_it_drops_may_drop_under_the_guard() {
    struct SpawnsOnDrop(Option<oneshot::Sender<u32>>);
    impl Drop for SpawnsOnDrop {
        fn drop(&mut self) {
            let sender = self.0.take().unwrap();
            tokio::spawn(async move { sender.send(7) });
        }
    }
    within(|| {
        let (sender, receiver) = oneshot::channel();
        let entered = bridge::enter();
        drop(SpawnsOnDrop(Some(sender)));
        drop(entered);
        assert_eq!(receiver.wait(), Ok(7));
    });
}

#[test]
fn the_thread_is_blocking_code_under_the_guard_and_plain_after_it() {
    within(|| {
        let bridge = Bridge::builder().build().unwrap();
        let home = bridge.handle().unwrap().id();
        assert_eq!(Context::current(), Context::Sync);
        {
            let _outer = bridge.enter();
            let _inner = bridge.try_enter().unwrap();
            assert_eq!(Context::current(), Context::Blocking);
            assert_eq!(Handle::current().id(), home);
            // A wait of another bridge uses the reachable runtime, as usual.
            assert_eq!(wait(async { Handle::current().id() }), home);
            assert_eq!(wait(offload(|| 7)), 7);
            assert_eq!(wait(real_work()), 7);
        }
        assert_eq!(Context::current(), Context::Sync);
    });
}

#[test]
fn of_a_bridge_that_is_shut_down() {
    within(|| {
        let bridge = Bridge::builder().build().unwrap();
        let _nothing_was_admitted = bridge.shutdown(Duration::ZERO).wait();
        let line = line!() + 1;
        let error = bridge.handle().unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        assert_eq!((error.at().file(), error.at().line()), (file!(), line));
        let error = bridge.try_enter().unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        let payload = catch_unwind(AssertUnwindSafe(|| drop(bridge.enter()))).unwrap_err();
        assert!(panic_text(&*payload).contains("is shut down"));
    });
}

#[test]
fn of_a_runtime_that_was_given_and_has_ended_since() {
    within(|| {
        let runtime = one_worker();
        let bridge = on(&runtime);
        assert_eq!(bridge.handle().unwrap().id(), runtime.handle().id());
        drop(runtime);
        let error = bridge.try_enter().unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
        let error = bridge.handle().unwrap_err();
        assert!(matches!(error, WaitError::RuntimeGone { .. }), "{error}");
    });
}

/// The panic must point at the caller's line.
#[test]
fn a_refusal_points_at_its_caller() {
    within(|| {
        let bridge = Bridge::builder().build().unwrap();
        let _nothing_was_admitted = bridge.shutdown(Duration::ZERO).wait();
        let here = Location::caller();
        let payload = catch_unwind(AssertUnwindSafe(|| drop(bridge.enter()))).unwrap_err();
        let text = panic_text(&*payload);
        assert!(text.contains(&format!("{}:", file!())), "{text} at {here}");
    });
}

#[test]
fn on_a_thread_whose_locals_are_gone() {
    struct EntersOnDrop;
    thread_local! {
        static LAST: RefCell<Option<EntersOnDrop>> = const { RefCell::new(None) };
    }
    static OUTCOME: Mutex<Option<Result<(), WaitError>>> = Mutex::new(None);
    impl Drop for EntersOnDrop {
        fn drop(&mut self) {
            *OUTCOME.lock().unwrap() = Some(Bridge::global().try_enter().map(drop));
        }
    }
    within(|| {
        let thread = thread::spawn(|| {
            // Tokio's thread-locals are made after this one, so they are
            // destroyed before it.
            LAST.with_borrow_mut(|last| *last = Some(EntersOnDrop));
            assert_eq!(wait(real_work()), 7);
        });
        thread.join().unwrap();
        let outcome = OUTCOME.lock().unwrap().take().unwrap();
        assert!(
            matches!(outcome, Err(WaitError::ThreadEnding { .. })),
            "{outcome:?}"
        );
    });
}

#[test]
fn guards_that_drop_in_the_wrong_order_are_told() {
    within(|| {
        let outer = bridge::enter();
        let _inner = bridge::enter();
        let payload = catch_unwind(AssertUnwindSafe(|| drop(outer))).unwrap_err();
        let text = panic_text(&*payload);
        assert!(text.contains("out of order"), "{text}");
    });
}
