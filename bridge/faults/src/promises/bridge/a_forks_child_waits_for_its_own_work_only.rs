//! A fork's child that exits waits for what it has accepted itself, and not for the
//! jobs of its parent.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    if part().is_none() {
        for _ in 0..5 {
            let ended = run_part("forks");
            assert_eq!(ended.code, Some(0), "{ended:?}");
            assert_eq!(ended.stdout, "child\nparent\n", "{ended:?}");
        }
        return;
    }
    let builder = Bridge::builder().exit_grace(Duration::from_mins(10));
    builder.install_global().unwrap();
    wait(yield_now());
    let (over, ended) = mpsc::channel::<()>();
    // It runs for as long as the child lives.
    bridge::offload(move || {
        ended.recv().unwrap();
        println!("parent");
    })
    .detach();
    thread::sleep(Duration::from_millis(20));
    let pid = fork();
    if pid == 0 {
        let own = bridge_of(1, 1);
        own.offload(|| {
            thread::sleep(Duration::from_millis(50));
            println!("child");
        })
        .detach();
        exit(0)
    }
    assert!(ended_well(pid));
    over.send(()).unwrap();
}
