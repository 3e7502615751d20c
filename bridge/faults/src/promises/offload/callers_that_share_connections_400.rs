//! 400 callers that each hold one of ten connections over a wait for pool work all
//! finish, with one permit and with the default.

use crate::kit::nest::share_connections;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    share_connections(&bridge_of(1, 64), 400);
    share_connections(&default_bridge(), 400);
}
