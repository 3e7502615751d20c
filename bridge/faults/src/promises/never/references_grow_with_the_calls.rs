//! A call that is over has released all that it captured, and memory does not grow with
//! the number of calls.

use crate::{MEMORY, kit::calls};

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let bridge = bridge_of(2, 2);
    let held = Arc::new(());
    for number in 0..2_000 {
        let (one, two, three) = (Arc::clone(&held), Arc::clone(&held), Arc::clone(&held));
        bridge.wait(async move { drop(one) });
        let job = bridge.offload(move || drop(two)).start();
        match number % 3 {
            0 => drop(job),
            1 => {
                let _which: Cancelled = job.cancel();
            }
            _ => bridge.wait(job),
        }
        let late = async move {
            pending::<()>().await;
            drop(three);
        };
        let _timed_out = bridge.wait_timeout(late, Duration::ZERO);
    }
    eventually("all are released", || Arc::strong_count(&held) == 1);
    calls::each_kind(&bridge, 1_000);
    for (kind, call) in calls::KINDS {
        let grown = MEMORY.check(500, || (0..500).for_each(|_| call(&bridge)));
        assert_eq!(grown, Ok(()), "{kind}");
    }
}
