//! Dropping the runtime under a parked wait ends it with `RuntimeGone`.

use crate::kit::ends::ends_with;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    ends_with(drop);
}
