//! Checks which task counts as the one that waits here, and that the guards of marks keep to
//! their thread.

use std::marker::PhantomData;

use bridge_detect::{
    TagGuard, ThreadTag,
    waiting_task::{self, TaskIdGuard},
};
use testkit::within;
use tokio::task::{self, LocalSet};

/// Runs a function in a task of a `LocalSet` that is polled right here.
fn in_local_task<T: 'static>(run: impl FnOnce() -> T + 'static) -> T {
    let set = LocalSet::new();
    let task = set.run_until(async { task::spawn_local(async { run() }).await });
    pollster::block_on(task).unwrap()
}

/// Runs a function in a task of a current-thread runtime.
fn in_task(run: impl FnOnce() + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let set = LocalSet::new();
    runtime.unwrap().block_on(set.run_until(async {
        let task = task::spawn_local(async { run() });
        task.await.unwrap();
    }));
}

/// Otherwise a wait is refused that freezes nobody, because its task seems to be another one. An
/// inner wait in another task was over before.
#[test]
fn the_task_that_waits_is_known_again_after_an_inner_wait() {
    within(|| {
        in_task(|| {
            let outer = waiting_task::note();
            assert!(!waiting_task::is_other());
            in_local_task(|| {
                assert!(waiting_task::is_other());
                let inner = waiting_task::note();
                assert!(!waiting_task::is_other());
                drop(inner);
                assert!(waiting_task::is_other());
            });
            assert!(!waiting_task::is_other());
            drop(outer);
            assert!(waiting_task::is_other(), "nothing waits here");
        });
    });
}

/// Otherwise a wait in a `LocalSet` freezes that set, if a job polls the set.
#[test]
fn a_task_inside_a_wait_or_a_job_is_local() {
    within(|| {
        in_task(|| {
            let _outer = waiting_task::note();
            for (tag, is_local) in [
                (ThreadTag::None, false),
                (ThreadTag::Foreign, false),
                (ThreadTag::Wait, true),
                (ThreadTag::Job, true),
            ] {
                let _tag = tag.set();
                assert!(!waiting_task::is_local(), "{tag:?}: it is the same task");
                assert_eq!(in_local_task(waiting_task::is_local), is_local, "{tag:?}");
            }
        });
    });
}

/// Otherwise a tag or a task is taken back on another thread, and stays in force on its own.
#[test]
fn a_guard_stays_on_its_thread() {
    trait Lacks {
        fn is_send(&self) -> bool {
            false
        }
    }

    struct Probe<T>(PhantomData<T>);

    impl<T> Lacks for Probe<T> {}

    impl<T: Send> Probe<T> {
        fn is_send(&self) -> bool {
            let _ = self.0;
            true
        }
    }

    assert!(Probe(PhantomData::<ThreadTag>).is_send());
    assert!(!Probe(PhantomData::<TagGuard>).is_send());
    assert!(!Probe(PhantomData::<TaskIdGuard>).is_send());
}
