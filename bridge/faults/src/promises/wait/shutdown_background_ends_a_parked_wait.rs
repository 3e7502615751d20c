//! `shutdown_background` of the runtime under a parked wait ends it with `RuntimeGone`.

use crate::kit::ends::ends_with;

pub(crate) const PEERS: &str = "A timer of an in-flight `block_on` panics then.";

pub(crate) fn run() {
    ends_with(tokio::runtime::Runtime::shutdown_background);
}
