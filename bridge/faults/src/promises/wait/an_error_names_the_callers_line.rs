//! Each error of a wait names the line of the caller, and its panic points there.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let line = line!() + 1;
    let error = pending::<()>().wait_timeout(Duration::ZERO).unwrap_err();
    assert!(
        error.to_string().contains(&format!("{}:{line}", file!())),
        "{error}"
    );
    let bridge = default_bridge();
    let _nothing_ran = bridge.shutdown(Duration::ZERO).wait();
    let line = line!() + 1;
    let text = panic_of(|| bridge.wait(async {}));
    assert!(text.contains(&format!("{}:{line}", file!())), "{text}");
    assert!(
        text.starts_with(char::is_lowercase) && !text.ends_with('.'),
        "{text}"
    );
}
