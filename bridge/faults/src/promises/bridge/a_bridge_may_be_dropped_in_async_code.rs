//! The last handle to a bridge may be dropped in async code, where its home runtime
//! runs tasks.

use crate::prelude::*;

pub(crate) const PEERS: &str = "Dropping a Tokio runtime in async code panics.";

pub(crate) fn run() {
    for runtime in [multi_thread(1), current_thread()] {
        runtime.block_on(async {
            let bridge = bridge_of(1, 1);
            let handle = bridge.handle().unwrap();
            let task = handle.spawn(pending::<()>());
            let owned = bridge.clone();
            assert_eq!(
                spawn_blocking(move || owned.wait(real_work()))
                    .await
                    .unwrap(),
                7
            );
            drop(bridge);
            assert!(task.await.unwrap_err().is_cancelled(), "home has ended");
        });
    }
}
