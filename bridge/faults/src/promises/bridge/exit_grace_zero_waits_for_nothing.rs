//! With an `exit_grace` of zero the process exits at once.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    if part().is_some() {
        log::keep();
        let builder = Bridge::builder().exit_grace(Duration::ZERO);
        builder.install_global().unwrap();
        let (start, started) = mpsc::channel();
        bridge::offload(move || {
            start.send(()).unwrap();
            thread::sleep(Duration::from_mins(10));
            println!("never");
        })
        .detach();
        started.recv().unwrap();
        return;
    }
    let ended = run_part("exits");
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    // An exit that waits logs the job which it cuts off at the end of the grace.
    assert_eq!(ended.stderr, "");
}
