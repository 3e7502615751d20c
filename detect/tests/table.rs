//! Checks every way in which Tokio polls a future, with everything done inside.
//!
//! [`truth`] returns the right answer. [`corner`] returns the expected answer
//! where nothing shows the truth. If a Tokio update changes either, a test
//! fails and names the cell.

mod common;

use bridge_detect::{Context, ThreadTag, in_async};
use common::{Driver, ct, mt};
use testkit::within;
use tokio::{
    runtime::Handle,
    task::{self, coop},
};

/// The code that runs inside the poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Nothing,
    Yield,
    Unconstrained,
    SpentBudget,
    MultiThreadGuard,
    CurrentThreadGuard,
    BlockInPlace,
    BlockInPlaceTwice,
    AfterBlockInPlace,
    PollAfterBlockInPlace,
    BlockOnInBlockInPlace,
    LocalSetInBlockInPlace,
    CurrentThreadInBlockInPlace,
    SpawnBlocking,
    BlockOnInSpawnBlocking,
    LocalSetInSpawnBlocking,
    AfterBlockOnInSpawnBlocking,
    StdThread,
    ScopedThread,
    GuardInThread,
    Rayon,
    InAsync,
    BlockInPlaceInInAsync,
    SpawnBlockingInInAsync,
    TaggedJob,
    TaggedWait,
}

use Deed::*;

const DEEDS: &[Deed] = &[
    Nothing,
    Yield,
    Unconstrained,
    SpentBudget,
    MultiThreadGuard,
    CurrentThreadGuard,
    BlockInPlace,
    BlockInPlaceTwice,
    AfterBlockInPlace,
    PollAfterBlockInPlace,
    BlockOnInBlockInPlace,
    LocalSetInBlockInPlace,
    CurrentThreadInBlockInPlace,
    SpawnBlocking,
    BlockOnInSpawnBlocking,
    LocalSetInSpawnBlocking,
    AfterBlockOnInSpawnBlocking,
    StdThread,
    ScopedThread,
    GuardInThread,
    Rayon,
    InAsync,
    BlockInPlaceInInAsync,
    SpawnBlockingInInAsync,
    TaggedJob,
    TaggedWait,
];

impl Deed {
    fn blocks_in_place(self) -> bool {
        matches!(
            self,
            BlockInPlace
                | BlockInPlaceTwice
                | AfterBlockInPlace
                | PollAfterBlockInPlace
                | BlockOnInBlockInPlace
                | LocalSetInBlockInPlace
                | CurrentThreadInBlockInPlace
                | BlockInPlaceInInAsync
                | TaggedJob
                | TaggedWait
        )
    }

    /// Runs this code, and returns what [`Context::current`] answered inside
    /// it.
    async fn observe(self) -> Context {
        let look = Context::current;
        match self {
            Nothing => look(),
            Yield => {
                task::yield_now().await;
                look()
            }
            Unconstrained => coop::unconstrained(async { look() }).await,
            SpentBudget => {
                while coop::has_budget_remaining() {
                    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                    if let std::task::Poll::Ready(operation) = coop::poll_proceed(&mut cx) {
                        operation.made_progress();
                    }
                }
                look()
            }
            MultiThreadGuard => {
                let other = mt();
                let _guard = other.enter();
                look()
            }
            CurrentThreadGuard => {
                let other = ct();
                let _guard = other.enter();
                look()
            }
            BlockInPlace => task::block_in_place(look),
            BlockInPlaceTwice => task::block_in_place(|| task::block_in_place(look)),
            AfterBlockInPlace => {
                task::block_in_place(|| ());
                look()
            }
            PollAfterBlockInPlace => {
                task::block_in_place(|| ());
                task::yield_now().await;
                look()
            }
            BlockOnInBlockInPlace => {
                task::block_in_place(|| Handle::current().block_on(async { look() }))
            }
            LocalSetInBlockInPlace => task::block_in_place(local_set_task),
            CurrentThreadInBlockInPlace => task::block_in_place(|| ct().block_on(async { look() })),
            SpawnBlocking => task::spawn_blocking(look).await.unwrap(),
            BlockOnInSpawnBlocking => {
                task::spawn_blocking(move || Handle::current().block_on(async { look() }))
                    .await
                    .unwrap()
            }
            LocalSetInSpawnBlocking => task::spawn_blocking(local_set_task).await.unwrap(),
            AfterBlockOnInSpawnBlocking => task::spawn_blocking(move || {
                Handle::current().block_on(async {});
                look()
            })
            .await
            .unwrap(),
            StdThread => std::thread::spawn(look).join().unwrap(),
            ScopedThread => std::thread::scope(|scope| scope.spawn(look).join().unwrap()),
            GuardInThread => {
                let here = Handle::current();
                std::thread::spawn(move || {
                    let _guard = here.enter();
                    look()
                })
                .join()
                .unwrap()
            }
            Rayon => common::rayon_pool().install(look),
            InAsync => in_async(async { look() }).await,
            BlockInPlaceInInAsync => in_async(async { task::block_in_place(look) }).await,
            SpawnBlockingInInAsync => {
                in_async(async { task::spawn_blocking(look).await.unwrap() }).await
            }
            // The pool and the wait set their tags on a thread without a
            // budget.
            TaggedJob => task::block_in_place(|| {
                let _tag = ThreadTag::Job.set();
                look()
            }),
            TaggedWait => task::block_in_place(|| {
                let _tag = ThreadTag::Wait.set();
                look()
            }),
        }
    }
}

fn local_set_task() -> Context {
    let local = task::LocalSet::new();
    local.block_on(&ct(), async {
        task::spawn_local(async { Context::current() })
            .await
            .unwrap()
    })
}

/// Returns what the thread really does.
fn truth(deed: Deed) -> Context {
    match deed {
        BlockInPlace
        | BlockInPlaceTwice
        | SpawnBlocking
        | AfterBlockOnInSpawnBlocking
        | GuardInThread
        | BlockInPlaceInInAsync
        | SpawnBlockingInInAsync
        | TaggedJob => Context::Blocking,
        StdThread | ScopedThread | Rayon => Context::Sync,
        _ => Context::Async,
    }
}

/// Returns the expected answer where nothing shows the truth.
fn corner(driver: Driver, deed: Deed) -> Option<Context> {
    match deed {
        // After `block_in_place`, Tokio gives a worker its budget back at once,
        // and a root only at its next poll.
        Unconstrained | AfterBlockInPlace if !driver.is_worker() => Some(Context::Blocking),
        _ => None,
    }
}

#[test]
fn every_driver_and_deed() {
    within(|| {
        for driver in Driver::ALL {
            for &deed in DEEDS {
                if deed.blocks_in_place() && !driver.allows_block_in_place() {
                    continue;
                }
                let seen = driver.run(move || deed.observe());
                let wanted = corner(driver, deed).unwrap_or_else(|| truth(deed));
                assert_eq!(seen, wanted, "{deed:?} in {driver:?}");
            }
        }
    });
}

/// Otherwise a look would change later answers on the same thread.
#[test]
fn a_driver_leaves_nothing_behind() {
    within(|| {
        for driver in Driver::ALL {
            driver.run(|| async { Context::current() });
            assert_eq!(Context::current(), Context::Sync, "after {driver:?}");
        }
    });
}
