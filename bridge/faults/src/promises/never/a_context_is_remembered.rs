//! No context is remembered across tasks, threads or functions: each look tells what is
//! so now.

use crate::prelude::*;

pub(crate) const PEERS: &str = "";

pub(crate) fn run() {
    let runtime = multi_thread(1);
    for _ in 0..20 {
        assert_eq!(Context::current(), Context::Sync);
        wait(async { assert_eq!(Context::current(), Context::Async) });
        assert_eq!(Context::current(), Context::Sync);
        runtime.block_on(async {
            assert_eq!(Context::current(), Context::Async);
            let task = tokio::spawn(async {
                assert_eq!(Context::current(), Context::Async);
                block_in_place(|| assert_eq!(Context::current(), Context::Blocking));
                assert_eq!(Context::current(), Context::Async);
                let thread = thread::spawn(|| assert_eq!(Context::current(), Context::Sync));
                thread.join().unwrap();
            });
            task.await.unwrap();
            let blocking = spawn_blocking(|| {
                assert_eq!(Context::current(), Context::Blocking);
                Handle::current().block_on(async {
                    assert_eq!(Context::current(), Context::Async);
                });
                assert_eq!(Context::current(), Context::Blocking);
            });
            blocking.await.unwrap();
        });
        let _guard = runtime.enter();
        assert_eq!(Context::current(), Context::Blocking);
        // On a pool's thread, before and after a wait.
        let contexts = wait(bridge::offload(|| {
            let before = Context::current();
            let inside = wait(async { Context::current() });
            (before, inside, Context::current())
        }));
        assert_eq!(
            contexts,
            (Context::Blocking, Context::Async, Context::Blocking)
        );
    }
}
