//! In each place where the thread is all that its executor has, a wait is refused and
//! nothing freezes.

use crate::prelude::*;

pub(crate) const PEERS: &str =
    "`Handle::block_on` and `block_in_place` panic in a current-thread root or task.";

pub(crate) fn run() {
    for (place, take) in places::WOULD_FREEZE {
        for body in [
            (|| try_wait(real_work())) as fn() -> Outcome,
            || real_work().wait_timeout(Duration::from_hours(1)),
            || Bridge::global().try_wait(real_work()),
        ] {
            let outcome = take(body);
            assert!(
                matches!(outcome, Err(WaitError::WouldFreeze { .. })),
                "{place}: {outcome:?}"
            );
        }
    }
}
