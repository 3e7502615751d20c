//! `shutdown_timeout` of the runtime under a parked wait ends it with `RuntimeGone`.

use crate::kit::ends::ends_with;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    ends_with(|runtime| runtime.shutdown_timeout(Duration::from_millis(1)));
}
