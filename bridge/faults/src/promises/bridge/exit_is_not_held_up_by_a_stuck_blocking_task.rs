//! A stuck blocking task of home does not make the exit hang: it is cut off after
//! `exit_grace` and logged.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    if part().is_some() {
        log::keep();
        let built = Bridge::builder()
            .exit_grace(Duration::from_millis(100))
            .build();
        let bridge = built.unwrap();
        bridge.wait(async {
            let (start, started) = oneshot::channel();
            spawn_blocking(move || {
                start.send(()).unwrap();
                thread::sleep(Duration::from_mins(10));
            });
            started.await.unwrap();
        });
        return;
    }
    let ended = run_part("leaves a stuck task");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("threads=1"), "{ended:?}");
}
