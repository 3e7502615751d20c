//! No wait says "Cannot start a runtime from within a runtime", wherever it is made.

use std::panic;

use crate::prelude::*;

pub(crate) const PEERS: &str = "`Handle::block_on` panics in each root and task, and `block_in_place` in those \
     of a current-thread runtime.";

static SAID: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn run() {
    panic::set_hook(Box::new(|info| {
        let text = info.to_string();
        eprintln!("{text}");
        if text.contains("Cannot start a runtime") {
            SAID.fetch_add(1, Ordering::SeqCst);
        }
    }));
    // Tokio's own way shows that the text would be seen.
    let of_tokio = multi_thread(1);
    let handle = of_tokio.handle().clone();
    panic_of(|| of_tokio.block_on(async { handle.block_on(async {}) }));
    assert_eq!(SAID.swap(0, Ordering::SeqCst), 1);
    for (place, take) in places::MAY_WAIT.iter().chain(places::WOULD_FREEZE) {
        match take(|| try_wait(real_work())) {
            Ok(value) => assert_eq!(value, 7, "{place}"),
            Err(error) => is_refused(&Err::<(), _>(error)),
        }
        assert_eq!(SAID.load(Ordering::SeqCst), 0, "{place}");
    }
}
