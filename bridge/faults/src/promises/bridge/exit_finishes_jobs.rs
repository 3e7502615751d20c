//! Jobs that are queued, running or detached finish before the process exits, also when
//! `exit` is called or `main` panics.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

const WORK: Duration = Duration::from_millis(60);

fn leaves_work_behind() {
    let bridge = bridge_of(1, 1);
    for number in 0..3 {
        let job = bridge.offload(move || {
            thread::sleep(WORK / 3);
            println!("{number}");
        });
        match number {
            0 => job.detach(),
            1 => job.start().detach(),
            _ => std::mem::forget(job.start()),
        }
    }
    let inner = bridge.clone();
    bridge
        .offload(move || {
            inner.wait(inner.offload(|| thread::sleep(WORK)));
            println!("nested");
        })
        .detach();
}

pub(crate) fn run() {
    match part().as_deref() {
        None => {}
        Some("returns") => return leaves_work_behind(),
        Some("exits") => {
            leaves_work_behind();
            exit(3)
        }
        Some(_) => {
            leaves_work_behind();
            panic!("on purpose")
        }
    }
    for (part, code) in [("returns", 0), ("exits", 3), ("panics", 101)] {
        let ended = run_part(part);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert_eq!(ended.stdout, "0\n1\n2\nnested\n", "{ended:?}");
    }
}
