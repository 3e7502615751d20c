//! What a wait wrote to `tokio::io::stdout` comes out although the process exits at
//! once.

use tokio::io::{AsyncWriteExt, stdout};

use crate::prelude::*;

pub(crate) const PEERS: &str = "`#[tokio::main]` waits for it too.";

pub(crate) fn run() {
    if part().is_some() {
        async { stdout().write_all(b"done\n").await.unwrap() }.wait();
        return;
    }
    for _ in 0..10 {
        let ended = run_part("writes");
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (Some(0), "done\n"),
            "{ended:?}"
        );
    }
}
