//! A builder refuses a setting of zero with an error that names the setting.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let builder = Bridge::builder;
    for (built, name) in [
        (builder().max_threads(0).build(), "max_threads"),
        (
            builder().max_blocked_threads(0).build(),
            "max_blocked_threads",
        ),
        (builder().queue_capacity(0).build(), "queue_capacity"),
        (builder().keep_alive(Duration::ZERO).build(), "keep_alive"),
        (builder().stack_size(0).build(), "stack_size"),
        (builder().worker_threads(0).build(), "worker_threads"),
        (builder().max_nested_waits(0).build(), "max_nested_waits"),
    ] {
        let error = built.map(drop).unwrap_err();
        assert!(
            matches!(error, BuildError::Zero { setting, .. } if setting == name),
            "{name}: {error}"
        );
    }
}
