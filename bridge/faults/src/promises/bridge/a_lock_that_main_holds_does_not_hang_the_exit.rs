//! A job that blocks for a lock which the exiting thread holds does not make the exit
//! hang.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

static LOCK: Mutex<()> = Mutex::new(());

pub(crate) fn run() {
    if part().is_some() {
        let builder = Bridge::builder().exit_grace(Duration::from_millis(100));
        builder.install_global().unwrap();
        let _held = LOCK.lock();
        bridge::offload(|| drop(LOCK.lock())).detach();
        thread::sleep(Duration::from_millis(20));
        exit(0)
    }
    let ended = run_part("exits under a lock");
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
