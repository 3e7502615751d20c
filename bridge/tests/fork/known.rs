//! Waits in a fork's child on a runtime of the parent that the bridge knows.

use std::sync::Barrier;

use tokio::runtime::worker_index;

use super::*;

/// Otherwise the worker hands its tasks over to threads that stayed in the parent.
#[test]
fn in_a_task_whose_runtime_the_bridge_knows() {
    alone(|| {
        let _noticing = Bridge::global();
        let runtime = Builder::new_multi_thread().worker_threads(2).build();
        let (runtime, both) = (runtime.unwrap(), Arc::new(Barrier::new(2)));
        let _guard = runtime.enter();
        let (tell, told) = mpsc::channel();
        for _ in 0..2 {
            let (tell, both) = (tell.clone(), Arc::clone(&both));
            // The first worker could hand nothing over anyway.
            drop(bridge::spawn(async move {
                both.wait();
                if worker_index() == Some(1) {
                    tell.send(in_fork(is_told)).unwrap();
                    tell.send(in_fork(|| {
                        let own = Builder::new_multi_thread().worker_threads(1).build();
                        let own = own.unwrap();
                        let is_told = {
                            let _guard = own.enter();
                            is_told()
                        };
                        own.shutdown_background(); // a task must not drop a runtime
                        is_told
                    }))
                    .unwrap();
                }
            }));
        }
        assert!(told.recv().unwrap(), "under its own guard");
        assert!(told.recv().unwrap(), "under a guard of the child's runtime");
    });
}

/// Otherwise the error names a way out that is none.
#[test]
fn a_bridge_of_the_child_works_on_a_new_thread() {
    alone(|| {
        let works = || {
            let own = Bridge::builder().worker_threads(1).build().unwrap();
            let refused = own.try_wait(pending_once());
            let elsewhere = thread::scope(|scope| {
                let waits = scope.spawn(|| own.wait(pending_once()));
                waits.join().unwrap()
            });
            matches!(refused, Err(WaitError::Forked { .. })) && elsewhere == 7
        };
        let task = async { tokio::spawn(async move { in_fork(works) }).await.unwrap() };
        assert!(runtime().block_on(task));
    });
}

/// Otherwise a bridge of the child waits for threads that stayed in the parent.
#[test]
fn on_a_given_runtime_of_the_parent() {
    alone(|| {
        let runtime = runtime();
        let given = || Bridge::builder().runtime(runtime.handle().clone()).build();
        assert_eq!(given().unwrap().wait(pending_once()), 7);
        assert!(in_fork(|| {
            let own = given().unwrap();
            matches!(own.try_wait(async {}), Err(WaitError::Forked { .. }))
                && matches!(own.try_enter().map(drop), Err(WaitError::Forked { .. }))
        }));
        assert_eq!(
            given().unwrap().wait(pending_once()),
            7,
            "the parent is untouched"
        );
    });
}
