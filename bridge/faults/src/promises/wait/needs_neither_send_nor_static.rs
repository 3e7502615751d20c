//! A future that is waited for on a plain thread needs to be neither `Send` nor
//! `'static`.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let local = Rc::new(Cell::new(0));
    let mut borrowed = 0;
    wait(async {
        sleep(Duration::from_millis(1)).await;
        local.set(7);
        borrowed += 7;
    });
    assert_eq!((local.get(), borrowed), (7, 7));
}
