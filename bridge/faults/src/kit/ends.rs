//! Ends of runtimes under waits.

use std::{future::pending, sync::mpsc, thread, time::Duration};

use bridge::try_wait;
use tokio::{runtime::Runtime, task::yield_now, time::sleep};

use crate::kit::runtimes::{is_gone, multi_thread};

/// The reason why a wait is parked.
#[derive(Clone, Copy)]
enum Stuck {
    Forever,
    Timer,
    Task,
}

/// Parks waits on a runtime, on a plain thread under its guard and in a task of
/// it, has `end` end the runtime, and asserts that each wait is told.
pub(crate) fn ends_with(end: fn(Runtime)) {
    for stuck in [Stuck::Forever, Stuck::Timer, Stuck::Task] {
        for in_task in [false, true] {
            let runtime = multi_thread(1);
            let (poll, polled) = mpsc::channel();
            let (tell, told) = mpsc::channel();
            let waits = move || {
                let outcome = try_wait(async {
                    yield_now().await;
                    poll.send(()).unwrap();
                    parks(stuck).await;
                });
                tell.send(outcome).unwrap();
            };
            if in_task {
                runtime.spawn(async move { waits() });
            } else {
                let handle = runtime.handle().clone();
                thread::spawn(move || {
                    let _guard = handle.enter();
                    waits();
                });
            }
            polled.recv().unwrap();
            end(runtime);
            is_gone(&told.recv().unwrap());
        }
    }
}

async fn parks(stuck: Stuck) {
    let long = || sleep(Duration::from_hours(1));
    match stuck {
        Stuck::Forever => pending().await,
        Stuck::Timer => long().await,
        // The runtime drops its task, which the wait may see first.
        Stuck::Task => {
            let _cancelled = tokio::spawn(long()).await;
            pending::<()>().await;
        }
    }
}
