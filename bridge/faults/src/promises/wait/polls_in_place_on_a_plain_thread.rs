//! On a plain thread a wait polls the future in place, inside the home runtime.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let home = Bridge::global().handle().unwrap().id();
    let here = thread::current().id();
    assert_eq!(Context::current(), Context::Sync);
    wait(async {
        for _ in 0..3 {
            assert_eq!(thread::current().id(), here);
            assert_eq!(Handle::current().id(), home);
            assert_eq!(Context::current(), Context::Async);
            sleep(Duration::from_millis(1)).await;
        }
    });
    assert_eq!(wait(real_work()), 7);
    let of_a_task = places::run("a thread that a task has started", || try_wait(real_work()));
    assert_eq!(of_a_task.unwrap(), 7);
}
