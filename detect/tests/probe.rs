//! Checks the two experiments of the probe: they agree, and leave no trace.

mod common;

use std::{
    task::{Context as TaskContext, Poll, Waker},
    thread,
};

use bridge_detect::{Context, Place, ThreadTag, probe::budget::renew_budget, warm_up};
use common::mt;
use testkit::within;
use tokio::task::{self, coop};

/// The first root on a thread leaves a guard behind. The answers before and
/// after that come from different experiments, and must be the same.
#[test]
fn both_probes_agree_and_leave_the_budget_alone() {
    within(|| {
        let mt = mt();
        let _guard = mt.enter();
        for _ in 0..3 {
            assert_eq!(Context::current(), Context::Blocking);
            assert_eq!(left(), None);
            mt.block_on(async {
                for spent in 0..=128 {
                    assert_eq!(left(), Some(128 - spent));
                    assert_eq!(
                        Context::current(),
                        Context::Async,
                        "{spent} operations spent"
                    );
                    assert_eq!(Context::current(), Context::Async);
                    assert_eq!(left(), Some(128 - spent), "the probe changed the budget");
                    if let Poll::Ready(operation) = operation() {
                        operation.made_progress();
                    }
                }
            });
        }
    });
}

/// Otherwise `warm_up` would change later answers on its thread.
#[test]
fn warming_up_changes_no_answer() {
    within(|| {
        let look = || {
            let cold = (Place::current(), left());
            for _ in 0..2 {
                warm_up();
                assert_eq!((Place::current(), left()), cold);
            }
            cold.0
        };
        assert_eq!(thread::spawn(look).join().unwrap(), Place::Thread);
        let mt = mt();
        let offloaded = mt.spawn_blocking(look);
        assert_eq!(mt.block_on(offloaded).unwrap(), Place::Blocking);
        assert_eq!(mt.block_on(async { look() }), Place::Root);
        let seen = mt.block_on(async { task::spawn(async move { look() }).await.unwrap() });
        assert!(matches!(seen, Place::Worker(_)));
        let _guard = mt.enter();
        assert_eq!(look(), Place::Blocking);
        let _tag = ThreadTag::Job.set();
        assert_eq!(look(), Place::Job);
    });
}

/// A wait does so in a root that had no operation left before it parked.
#[test]
fn a_budget_that_was_used_up_is_renewed_on_any_thread() {
    within(|| {
        let mt = mt();
        for is_warm in [false, true] {
            let handle = mt.handle().clone();
            let in_root = async move {
                while let Poll::Ready(operation) = operation() {
                    operation.made_progress();
                }
                task::block_in_place(|| ());
                assert_eq!(left(), None, "Tokio gives a root nothing back");
                renew_budget();
                assert_eq!(left(), Some(1), "warm: {is_warm}");
                assert_eq!(Context::current(), Context::Async);
            };
            let root = move || {
                if is_warm {
                    warm_up();
                }
                handle.block_on(in_root);
            };
            thread::spawn(root).join().unwrap();
        }
    });
}

fn operation() -> Poll<coop::RestoreOnPending> {
    coop::poll_proceed(&mut TaskContext::from_waker(Waker::noop()))
}

/// Returns how many operations the current budget allows, without using any.
fn left() -> Option<usize> {
    let mut taken = Vec::new();
    for count in 0..=128 {
        match operation() {
            Poll::Ready(guard) => taken.push(guard),
            Poll::Pending => {
                // The guard that is dropped last restores the original budget.
                taken.into_iter().rev().for_each(drop);
                return Some(count);
            }
        }
    }
    None
}
