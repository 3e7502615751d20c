//! At its deadline a wait drops the future and says `TimedOut` with the place of the
//! wait.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let start = Instant::now();
    let never = async move {
        pending::<()>().await;
        drop(held);
    };
    let limit = Duration::from_millis(20);
    let line = line!() + 1;
    let error = never.wait_timeout(limit).unwrap_err();
    assert!(start.elapsed() >= limit);
    assert_eq!(Arc::strong_count(&alive), 1, "the future is dropped");
    assert_eq!((error.at().file(), error.at().line()), (file!(), line));
    assert!(
        matches!(
            error,
            WaitError::TimedOut {
                left: Leftover::Dropped,
                ..
            }
        ),
        "{error}"
    );
}
