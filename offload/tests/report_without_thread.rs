//! The report of a stall if the system has no thread for it.
#![cfg(all(target_os = "linux", not(bridge_loom)))]

mod common;

use std::sync::{
    atomic::{AtomicBool, Ordering},
    mpsc,
};

use bridge_offload::{Ambient, Builder, Config, Report};
use common::{
    eventually,
    no_room::{NoRoom, STACK},
    wait,
};
use testkit::within;

/// Notes the report of a stall.
struct Told;

static IS_TOLD: AtomicBool = AtomicBool::new(false);

impl Ambient for Told {
    type Context = ();

    fn context(_config: &Config) -> Option<()> {
        None
    }

    fn capture() -> Self {
        Self
    }

    fn enter<R>(&self, _context: Option<&()>, closure: impl FnOnce() -> R) -> R {
        closure()
    }

    fn stalled(_: &Report) {
        IS_TOLD.store(true, Ordering::SeqCst);
    }
}

/// Otherwise nobody hears of a stall if the report can have no thread of its own.
///
/// No other test is in this file, because threads that end would make room.
#[test]
fn a_report_without_a_thread_is_made() {
    within(|| {
        let builder = Builder::<Told>::default().max_threads(1);
        let pool = builder.stack_size(STACK).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let plugged = pool.run(move || {
            start.send(()).unwrap();
            held.recv().is_err()
        });
        let plugged = plugged.start();
        // The monitor starts before the job does, because the job takes the only permit.
        started.recv().unwrap();
        let no_room = NoRoom::new();
        let queued = pool.run(|| 7).start();
        eventually("told", || IS_TOLD.load(Ordering::SeqCst));
        drop((no_room, release));
        assert!(wait(plugged));
        assert_eq!(wait(queued), 7);
    });
}
