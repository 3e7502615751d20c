//! No unrelated job runs on the stack of a parked job, which may hold a lock that it
//! takes.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

thread_local! {
    /// The families of the jobs that are parked on this thread.
    static PARKED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

static STRAYS: AtomicUsize = AtomicUsize::new(0);
static LENT: AtomicUsize = AtomicUsize::new(0);

fn descend(bridge: &Bridge, family: usize, depth: usize) {
    PARKED.with_borrow_mut(|parked| {
        if parked.iter().any(|other| *other != family) {
            STRAYS.fetch_add(1, Ordering::SeqCst);
        }
        if !parked.is_empty() {
            LENT.fetch_add(1, Ordering::SeqCst);
        }
        parked.push(family);
    });
    if depth > 0 {
        let jobs = (0..2).map(|_| {
            let inner = bridge.clone();
            bridge.offload(move || descend(&inner, family, depth - 1))
        });
        bridge.wait(join_all(jobs));
    }
    PARKED.with_borrow_mut(|parked| assert_eq!(parked.pop(), Some(family)));
}

pub(crate) fn run() {
    for (threads, blocked) in [(1, 1), (2, 1), (3, 2)] {
        let bridge = bridge_of(threads, blocked);
        let families = (0..30).map(|family| {
            let inner = bridge.clone();
            bridge.offload(move || descend(&inner, family, 4))
        });
        wait(join_all(families));
    }
    assert_eq!(STRAYS.load(Ordering::SeqCst), 0);
    assert!(
        LENT.load(Ordering::SeqCst) > 0,
        "nothing was lent, so nothing was checked"
    );
}
