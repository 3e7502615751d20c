//! Pools that stand still: a pool whose size nobody set grows, and any other tells a
//! wait.

use std::sync::Arc;

use futures::{channel::oneshot, future::select};
use shuttle::sync::Barrier;

use crate::{
    runner::explore,
    scheduler::is_patient,
    world::{Refused, Size, try_wait, wait_outside},
};

fn stalling(threads: usize, blocked: usize) -> Size {
    Size {
        may_stall: true,
        ..Size::of(threads, blocked)
    }
}

#[test]
fn a_barrier_wider_than_the_pool() {
    explore(|| {
        let size = Size {
            grows: true,
            ..stalling(2, 1)
        };
        let world = size.build();
        let barrier = Arc::new(Barrier::new(4));
        let jobs = [(); 4].map(|()| {
            let barrier = Arc::clone(&barrier);
            world.leaf(move || barrier.wait().is_leader())
        });
        let leaders = jobs.map(wait_outside).into_iter().filter(|leads| *leads);
        assert_eq!(leaders.count(), 1);
        assert!(world.metrics().peak_threads >= 4);
        world.end();
    });
}

/// Otherwise two parked waits hang. Neither worker can be lent the unrelated job that
/// ends the waits.
#[test]
fn waits_for_a_stranger_that_no_thread_can_run() {
    explore(|| {
        let world = stalling(1, 1).build();
        let (waits, unrelated) = [(); 2]
            .map(|()| {
                let (tell, told) = oneshot::channel::<()>();
                (world.start(move || try_wait(told).map(drop)), tell)
            })
            .into_iter()
            .unzip::<_, _, Vec<_>, Vec<_>>();
        let unrelated = world.leaf(move || {
            for tell in unrelated {
                let _nobody_may_listen = tell.send(());
            }
        });
        let outcomes: Vec<_> = waits.into_iter().map(wait_outside).collect();
        wait_outside(unrelated);
        let told = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        assert!(told <= 1 || !is_patient(), "{told} waits were refused");
        world.end();
    });
}

/// Otherwise a wait hangs although nothing is queued and its event never comes.
#[test]
fn waits_at_the_ceiling_for_what_never_comes() {
    explore(|| {
        let world = stalling(1, 1).build();
        let [(first, kept), (second, also_kept)] = [(); 2].map(|()| {
            let (tell, told) = oneshot::channel::<()>();
            (world.start(move || try_wait(told).map(drop)), tell)
        });
        // The pool tells one of them. Then a worker is free again, so the other may wait
        // for ever.
        let (outcome, other) = wait_outside(select(first, second)).factor_first();
        assert_eq!(outcome, Err(Refused));
        drop((kept, also_kept));
        let _told_or_refused = wait_outside(other);
        world.end();
    });
}
