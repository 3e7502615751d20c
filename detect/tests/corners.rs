//! Checks the corner cases that the crate's head lists and the table does not
//! cover.
//!
//! If a Tokio update decides one of them differently, its test fails.

mod common;

use bridge_detect::{Place, ThreadTag};
use common::{ct, mt};
use testkit::within;
use tokio::{
    sync::broadcast,
    task::{self, LocalSet, coop},
};

#[test]
fn a_local_set_without_a_runtime_is_foreign() {
    within(|| {
        let seen = |wrapped: bool| {
            let local = LocalSet::new();
            let task = local.spawn_local(async move {
                if wrapped {
                    coop::unconstrained(async { Place::current() }).await
                } else {
                    Place::current()
                }
            });
            pollster::block_on(local);
            pollster::block_on(task).unwrap()
        };
        assert_eq!(seen(false), Place::Foreign);
        // Corner case: without its budget, this looks like the destructor of a
        // task.
        assert_eq!(seen(true), Place::Thread);
        let _job = ThreadTag::Job.set();
        assert_eq!(seen(false), Place::Foreign);
    });
}

/// Corner case: Tokio's blocking receivers poll under a budget of their own,
/// and call `Clone` inside that poll.
#[test]
fn clone_inside_a_blocking_receiver_under_a_runtime_looks_like_a_root() {
    struct Value(Option<Place>);
    impl Clone for Value {
        fn clone(&self) -> Self {
            Self(Some(Place::current()))
        }
    }
    let receive = || {
        let (sender, mut receiver) = broadcast::channel(1);
        // With a second receiver, the value is cloned and not moved out.
        let _second = sender.subscribe();
        assert!(sender.send(Value(None)).is_ok());
        receiver.blocking_recv().unwrap().0.unwrap()
    };
    within(|| {
        assert_eq!(receive(), Place::Thread);
        let mt = mt();
        let _guard = mt.enter();
        assert_eq!(receive(), Place::Root);
    });
}

/// Corner case: nothing distinguishes a `LocalSet` on a multi-thread root from
/// that root.
#[test]
fn a_local_set_on_a_multi_thread_root_is_a_root() {
    within(|| {
        let seen = LocalSet::new().block_on(&mt(), async {
            task::spawn_local(async { Place::current() }).await.unwrap()
        });
        assert_eq!(seen, Place::Root);
    });
}

/// Corner case: a guard hides the runtime's flavour, but not the worker index.
#[test]
fn the_worker_index_survives_foreign_guards() {
    within(|| {
        let (own, other) = (ct(), mt());
        own.block_on(async {
            let _guard = other.enter();
            assert_eq!(Place::current(), Place::Worker(0));
        });
    });
}

/// Corner case: after a `block_in_place`, at once or in a root, Tokio shows
/// nothing. So only the tag is left.
#[test]
fn block_in_place_under_a_tag_looks_like_the_tag() {
    within(|| {
        for (tag, place) in [
            (ThreadTag::Job, Place::Job),
            (ThreadTag::Wait, Place::Wait),
            (ThreadTag::Foreign, Place::Foreign),
        ] {
            let _tag = tag.set();
            assert_eq!(task::block_in_place(Place::current), place);
            let seen = mt().block_on(async { task::block_in_place(Place::current) });
            assert_eq!(seen, place);
        }
    });
}
