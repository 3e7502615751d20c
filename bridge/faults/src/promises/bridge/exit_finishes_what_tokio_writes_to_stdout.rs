//! Text that a wait wrote to `tokio::io::stdout` comes out although the process exits
//! at once.

use tokio::io::{AsyncWriteExt, stdout};

use crate::prelude::*;

pub(crate) const PEERS: &str =
    "A Tokio runtime that is dropped waits for it, which this program checks too.";

async fn writes() {
    stdout().write_all(b"done\n").await.unwrap();
}

pub(crate) fn run() {
    match part().as_deref() {
        Some("tokio") => return multi_thread(1).block_on(writes()),
        Some(_) => return writes().wait(),
        None => {}
    }
    for _ in 0..10 {
        for part in ["bridge", "tokio"] {
            let ended = run_part(part);
            assert_eq!(ended.code, Some(0), "{part}: {ended:?}");
            assert_eq!(ended.stdout, "done\n", "{part}: {ended:?}");
        }
    }
}
