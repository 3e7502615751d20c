//! Threads that can't be started: whoever waits is told, nobody waits for ever,
//! and the pool works again when the system has threads to give.
#![cfg(all(target_os = "linux", not(bridge_loom)))]

mod common;

use std::{sync::mpsc, time::Duration};

use bridge_offload::{OffloadError, Pool};
use common::{try_wait, wait};
use testkit::within;

/// A stack so large that a limit on addresses stops these threads only.
const STACK: usize = 1 << 34;

/// While this lives, no thread with such a stack starts.
struct NoRoom(libc::rlimit);

impl NoRoom {
    fn new() -> Self {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
        let mut before = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: `before` is a valid place for the limit.
        let got = unsafe { libc::getrlimit(libc::RLIMIT_AS, &raw mut before) };
        let limit = libc::rlimit {
            rlim_cur: pages * 4096 + (STACK as u64) / 2,
            ..before
        };
        // SAFETY: `limit` is a valid limit.
        let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!((got, set), (0, 0));
        Self(before)
    }
}

impl Drop for NoRoom {
    fn drop(&mut self) {
        // SAFETY: it is the limit that was in force before.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const self.0) };
    }
}

fn pool(threads: usize) -> Pool {
    Pool::builder()
        .max_threads(threads)
        .stack_size(STACK)
        .build()
        .unwrap()
}

/// One test, for the limit is the whole process's.
#[test]
fn a_thread_that_cannot_start_is_told_and_leaves_nobody_waiting() {
    within(|| {
        // Without any thread, each submission is told, however soon it comes.
        let none = pool(1);
        let no_room = NoRoom::new();
        for _ in 0..100 {
            let outcome = wait(none.run(|| ()).outcome());
            assert!(
                matches!(outcome, Err(OffloadError::NoThread { .. })),
                "{outcome:?}"
            );
        }
        assert_eq!((none.metrics().threads, none.metrics().queued), (0, 0));
        drop(no_room);
        assert_eq!(wait(none.run(|| 1)), 1, "there is room again");

        // The only thread is there: what can't be compensated is lent.
        let one = pool(1);
        assert_eq!(wait(one.run(|| 1)), 1);
        let no_room = NoRoom::new();
        let inner = one.clone();
        let nested = wait(one.run(move || {
            let deeper = inner.clone();
            wait(inner.run(move || wait(deeper.run(|| 2))))
        }));
        assert_eq!(nested, 2);

        // What can't be lent either, being nobody's descendant, is told.
        let inner = one.clone();
        let outcome = wait(one.run(move || {
            let (send, receive) = futures::channel::oneshot::channel();
            let (parked, about_to) = mpsc::channel::<()>();
            std::thread::spawn(move || {
                about_to.recv().unwrap();
                let stranger = inner.run(|| ()).start();
                send.send(wait(stranger.outcome())).unwrap();
            });
            let signal = std::future::poll_fn(|_| {
                parked.send(()).unwrap();
                std::task::Poll::Ready(())
            });
            try_wait(async {
                signal.await;
                receive.await.unwrap()
            })
        }));
        // Submitted before the park it may have its turn after it.
        assert!(
            matches!(outcome, Ok(Err(OffloadError::NoThread { .. }))),
            "{outcome:?}"
        );
        drop(no_room);
        assert_eq!(wait(one.run(|| 3)), 3);

        // The only thread waits for the end: what is queued is told.
        let no_room = NoRoom::new();
        let own = one.clone();
        let (report, outcome) = wait(one.run(move || {
            let queued = own.run(|| ()).start();
            (own.shutdown(Duration::MAX).wait(), wait(queued.outcome()))
        }));
        assert_eq!((report.abandoned, report.running.len()), (0, 0));
        assert!(
            matches!(outcome, Err(OffloadError::NoThread { .. })),
            "{outcome:?}"
        );
        drop(no_room);
    });
}
