//! A stuck job does not make the exit hang: it is cut off after `exit_grace` and logged
//! with its place.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    if part().is_some() {
        log::keep();
        let bridge = Bridge::builder()
            .max_threads(1)
            .exit_grace(Duration::from_millis(100))
            .build()
            .unwrap();
        let (start, started) = mpsc::channel();
        bridge
            .offload(move || {
                start.send(()).unwrap();
                thread::sleep(Duration::from_mins(10));
            })
            .detach();
        started.recv().unwrap();
        bridge.offload(|| println!("never")).detach();
        return;
    }
    let ended = run_part("leaves a stuck job");
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
    for text in ["1 running (", "1 queued (", file!()] {
        assert!(ended.stderr.contains(text), "{text}: {ended:?}");
    }
}
