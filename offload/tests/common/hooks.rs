//! Jobs that have a hook.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, ThreadId},
};

use bridge_offload::{Offload, Pool, cancelled, on_cancel};

/// Returns a hook that notes the thread which calls it.
pub fn note(calls: &Sender<ThreadId>) -> impl FnOnce() + Send + 'static {
    let calls = calls.clone();
    move || calls.send(thread::current().id()).unwrap()
}

/// Starts a job that has one guard, and that ends when `calls` has noted a call.
pub fn blocked_until_its_hook(pool: &Pool) -> (Offload<()>, Receiver<ThreadId>) {
    let (call, calls) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let (start, started) = mpsc::channel();
    let job = pool.run(move || {
        let hook = note(&call);
        let guard = on_cancel(move || {
            hook();
            drop(release);
        });
        start.send(()).unwrap();
        let _released = held.recv();
        assert!(cancelled());
        drop(guard);
    });
    let job = job.start();
    started.recv().unwrap();
    (job, calls)
}
