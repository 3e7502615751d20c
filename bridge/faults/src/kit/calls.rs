//! One call of each kind, to be repeated.

use std::{future::pending, panic::resume_unwind, time::Duration};

use bridge::{Bridge, offload::Cancelled};
use tokio::task::yield_now;

/// A kind of call: its name, and what makes one.
pub(crate) type Kind = (&'static str, fn(&Bridge));

/// All kinds.
pub(crate) const KINDS: [Kind; 8] = [
    ("a wait", |bridge| bridge.wait(async {})),
    ("a wait that is woken", |bridge| bridge.wait(yield_now())),
    ("a wait that times out", |bridge| {
        let limit = Duration::from_nanos(1);
        assert!(bridge.wait_timeout(pending::<()>(), limit).is_err());
    }),
    ("an offload", |bridge| bridge.wait(bridge.offload(|| ()))),
    ("an offload that waits for an offload", |bridge| {
        let inner = bridge.clone();
        let outer = bridge.offload(move || inner.wait(inner.offload(|| 7)));
        assert_eq!(bridge.wait(outer), 7);
    }),
    ("an offload that is cancelled", |bridge| {
        let job = bridge.offload(|| ()).start();
        let _which: Cancelled = job.cancel();
    }),
    ("an offload that panics", |bridge| {
        let job = bridge.offload(|| resume_unwind(Box::new(7)));
        assert!(bridge.wait(job.outcome()).is_err());
    }),
    ("a task", |bridge| {
        let task = bridge.spawn(async { 7 });
        assert_eq!(bridge.wait(task).unwrap(), 7);
    }),
];

/// Makes so many calls of each kind.
pub(crate) fn each_kind(bridge: &Bridge, calls: usize) {
    for (_, call) in KINDS {
        (0..calls).for_each(|_| call(bridge));
    }
}
