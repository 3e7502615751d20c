//! 400 callers that each hold one mutex over a wait for pool work all finish, with one
//! permit and with the default.

use crate::kit::nest::hold_a_mutex;

use crate::prelude::*;

pub(crate) const PEERS: &str = "`spawn_blocking` with `Handle::block_on` finishes.";

pub(crate) fn run() {
    hold_a_mutex(&bridge_of(1, 64), 400);
    hold_a_mutex(&default_bridge(), 400);
}
