//! Dropping the last handle to a pool never blocks an async thread, and what was
//! admitted still runs.

use crate::prelude::*;

pub(crate) const PEERS: &str = "Dropping a Tokio runtime in async code panics.";

pub(crate) fn run() {
    current_thread().block_on(async {
        let bridge = bridge_of(1, 1);
        assert_eq!(
            spawn_blocking({
                let bridge = bridge.clone();
                move || bridge.wait(real_work())
            })
            .await
            .unwrap(),
            7
        );
        let (job, release) = Plug::new(&bridge).into_parts();
        let (note, noted) = oneshot::channel();
        job.detach();
        bridge.offload(move || note.send(7).unwrap()).detach();
        drop(bridge);
        // A drop that waited for the job would not come this far.
        drop(release);
        assert_eq!(noted.await, Ok(7));
    });
}
