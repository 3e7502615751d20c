//! Checks the context in every place that exists without `rt-multi-thread`.

use std::thread;

use detect::{Context, Place, ThreadTag, in_async};
use testkit::within;
use tokio::{
    runtime::{Builder, LocalOptions, Runtime},
    task::{LocalSet, coop, spawn_blocking, spawn_local},
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn every_place() {
    within(|| {
        assert_eq!(Place::current(), Place::Thread);
        let runtime = runtime();
        {
            let _guard = runtime.enter();
            assert_eq!(Place::current(), Place::Blocking, "a guard");
        }
        assert_eq!(
            runtime.handle().block_on(async { Place::current() }),
            Place::Root,
            "a handle's root"
        );
        runtime.block_on(async {
            assert_eq!(Place::current(), Place::Worker(0), "a root");
            let task = tokio::spawn(async { Place::current() });
            assert_eq!(task.await.unwrap(), Place::Worker(0), "a task");
            let free = coop::unconstrained(async { Place::current() });
            assert_eq!(free.await, Place::Worker(0), "without a budget");
            let blocking = spawn_blocking(Place::current);
            assert_eq!(
                blocking.await.unwrap(),
                Place::Blocking,
                "a blocking thread"
            );
            let beside = thread::spawn(Place::current).join().unwrap();
            assert_eq!(beside, Place::Thread, "a thread of a task");
            assert_eq!(in_async(async { Context::current() }).await, Context::Async);
        });
        LocalSet::new().block_on(&runtime, async {
            let task = spawn_local(async { Place::current() });
            assert_eq!(task.await.unwrap(), Place::Worker(0), "a set's task");
        });
        let local = Builder::new_current_thread()
            .build_local(LocalOptions::default())
            .unwrap();
        assert_eq!(local.block_on(async { Place::current() }), Place::Worker(0));
        let _job = ThreadTag::Job.set();
        assert_eq!(Place::current(), Place::Job);
    });
}
