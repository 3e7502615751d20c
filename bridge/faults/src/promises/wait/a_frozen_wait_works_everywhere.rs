//! `wait_frozen` waits in each place, also where a plain wait is refused.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    for (place, take) in places::MAY_WAIT.iter().chain(places::WOULD_FREEZE) {
        let outcome = take(|| bridge::try_wait_frozen(real_work()));
        assert!(matches!(outcome, Ok(7)), "{place}: {outcome:?}");
    }
}
