//! `install_global` sets the global bridge before its first use, and is a typed error
//! after it.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    Bridge::builder()
        .thread_name("mine")
        .install_global()
        .unwrap();
    let name = wait(bridge::offload(|| {
        thread::current().name().map(str::to_owned)
    }));
    assert_eq!(name.as_deref(), Some("mine"));
    let again = Bridge::builder().install_global();
    assert!(matches!(again, Err(BuildError::GlobalInUse)), "{again:?}");
    assert_eq!(wait(bridge::offload(|| 7)), 7);
}
