//! A builder refuses a current-thread runtime as home with a typed error.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = current_thread();
    let built = Bridge::builder().runtime(runtime.handle().clone()).build();
    assert!(
        matches!(built, Err(BuildError::CurrentThreadHome)),
        "nobody may drive it"
    );
}
