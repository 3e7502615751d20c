//! A signal such as that of Ctrl-C ends a wait only if the future is ready, and leaves
//! the context as it was.

use std::process::Command;

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

use tokio::signal::unix::{SignalKind, signal};

fn interrupt(times: u32) {
    let pid = std::process::id();
    let script = format!("for n in $(seq {times}); do kill -INT {pid}; sleep 0.002; done");
    assert!(
        Command::new("sh")
            .args(["-c", &script])
            .status()
            .unwrap()
            .success()
    );
}

pub(crate) fn run() {
    let mut interrupts = wait(async { signal(SignalKind::interrupt()).unwrap() });
    let sender = thread::spawn(|| interrupt(1));
    assert_eq!(interrupts.recv().wait(), Some(()));
    sender.join().unwrap();
    assert_eq!(Context::current(), Context::Sync);
    let sender = thread::spawn(|| interrupt(30));
    let start = Instant::now();
    let limit = Duration::from_millis(200);
    is_timed_out(&pending::<()>().wait_timeout(limit));
    assert!(start.elapsed() >= limit, "a signal has ended it");
    sender.join().unwrap();
    assert_eq!(wait(real_work()), 7);
}
