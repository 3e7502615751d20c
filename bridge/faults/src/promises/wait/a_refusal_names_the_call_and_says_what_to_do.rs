//! The refusal of a wait that would freeze names the future and the place, and says to
//! await or to offload.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let (text, line) = current_thread().block_on(async {
        let line = line!() + 1;
        let text = panic_of(|| wait(real_work()));
        (text, line)
    });
    for part in [
        "real_work",
        &format!("{}:{line}", file!()),
        "`.await` it",
        "offload",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
