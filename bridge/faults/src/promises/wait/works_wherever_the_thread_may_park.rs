//! In each place where the thread may park, a wait gives the value of a future that
//! needs timers, sockets and tasks.

use crate::prelude::*;

pub(crate) const PEERS: &str = "`Handle::block_on` panics in a root and in a task.";

pub(crate) fn run() {
    for (place, take) in places::MAY_WAIT {
        for _ in 0..3 {
            let outcome = take(|| try_wait(real_work()));
            assert!(matches!(outcome, Ok(7)), "{place}: {outcome:?}");
        }
    }
}
