//! Makes the calls of a tree, each in its way.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::Arc,
};

use bridge::{BoxCall, Bridge, Call, Wait, WaitError};
use futures::FutureExt;
use tokio::task::yield_now;

use crate::{
    tree::{FromAsync, FromSync, Kind, Node, Root, Tree},
    world::{self, LONG, PANICKED, RUNTIME, WAS_NOT_RUN, Wanted, World},
};

/// Runs a tree at its root.
pub(crate) fn root(tree: &Tree, world: &World) -> u64 {
    let (top, world) = (Arc::clone(&tree.top), world.clone());
    match tree.root {
        Root::PlainThread => from_sync(&top, &world),
        Root::BlockingThread => {
            let task = RUNTIME.spawn_blocking(move || from_sync(&top, &world));
            RUNTIME.block_on(task).unwrap()
        }
        Root::Task => {
            let task = RUNTIME.spawn(from_async(top, world));
            RUNTIME.block_on(task).unwrap()
        }
        Root::BlockOn => RUNTIME.block_on(from_async(top, world)),
    }
}

/// The end of a call: a value, or the panic of its body.
type Ended = Result<u64, Box<dyn Any + Send>>;

fn known(node: &Node, ended: Ended) -> u64 {
    match ended {
        Ok(value) => value,
        Err(payload) => match payload.downcast::<Wanted>() {
            Ok(wanted) if wanted.0 == node.id && node.panics => PANICKED,
            Ok(wanted) => panic!("call {} panicked as {} does", node.id, wanted.0),
            Err(payload) => resume_unwind(payload),
        },
    }
}

/// Makes a call in sync code.
pub(crate) fn from_sync(node: &Arc<Node>, world: &World) -> u64 {
    let ended = catch_unwind(AssertUnwindSafe(|| make_in_sync(node, world)));
    known(node, ended)
}

/// Makes a call in async code.
pub(crate) fn from_async(
    node: Arc<Node>,
    world: World,
) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        let ended = AssertUnwindSafe(make_in_async(&node, &world));
        known(&node, ended.catch_unwind().await)
    })
}

/// Calls `$with!` with the call of each kind's function.
macro_rules! each_kind {
    ($node:ident, $world:ident, $with:ident) => {{
        let (node, world) = (Arc::clone($node), $world.clone());
        let first = world.token(node.id, 0);
        let second = world.token(node.id, 1);
        match $node.kind {
            Kind::Sync => $with!(owned world::sync_owning(node, world, first, second)),
            Kind::Async => $with!(owned world::async_owning(node, world, first, second)),
            Kind::SyncBorrowing => {
                $with!(borrowed world::sync_borrowing(node, &world, &first, second))
            }
            Kind::AsyncBorrowing => {
                $with!(borrowed world::async_borrowing(node, &world, &first, second))
            }
            Kind::SyncValue => {
                let value = bridge::smart_fn(|(node, world, first, second): Arguments| {
                    let (_first, _second) = (first, second);
                    world::sync_body(&node, &world)
                });
                $with!(owned value.call((node, world, first, second)))
            }
            Kind::AsyncValue => {
                let value = bridge::smart_async_fn(async |arguments: Arguments| {
                    let (node, world, _first, _second) = arguments;
                    world::async_body(&node, &world).await
                });
                $with!(owned value.call((node, world, first, second)))
            }
            Kind::FutureValue => {
                let value = bridge::smart_future_fn(|arguments: Arguments| async move {
                    let (node, world, _first, _second) = arguments;
                    world::async_body(&node, &world).await
                });
                $with!(owned value.call((node, world, first, second)))
            }
            Kind::Closure => {
                let bridge = $world.bridge.clone();
                let closure = move || {
                    let (_first, _second) = (first, second);
                    world::sync_body(&node, &world)
                };
                $with!(future bridge.offload(closure))
            }
        }
    }};
}

type Arguments = (Arc<Node>, World, world::Token, world::Token);

fn make_in_sync(node: &Arc<Node>, world: &World) -> u64 {
    let bridge = &world.bridge;
    macro_rules! run {
        (owned $call:expr) => {
            match node.from_sync {
                FromSync::Spawned if node.on => joined(bridge.spawn($call.on(bridge)).wait()),
                FromSync::Spawned => joined(bridge::spawn($call).wait()),
                _ => run!(borrowed $call),
            }
        };
        (borrowed $call:expr) => {
            if node.on {
                call_in_sync($call.on(bridge), node.from_sync)
            } else {
                call_in_sync($call, node.from_sync)
            }
        };
        (future $future:expr) => {
            match node.from_sync {
                FromSync::Spawned => joined(bridge.spawn($future).wait()),
                way => future_in_sync($future, way, bridge),
            }
        };
    }
    each_kind!(node, world, run)
}

fn call_in_sync<C: Call<Output = u64> + Send>(call: C, way: FromSync) -> u64 {
    match way {
        FromSync::Wait => call.wait(),
        FromSync::TryWait => done(call.try_wait()),
        FromSync::WaitTimeout => done(call.wait_timeout(LONG)),
        FromSync::Dispatch => {
            let outcome = call.dispatch();
            assert!(outcome.is_ready() || bridge::Context::current() == bridge::Context::Async);
            outcome.wait()
        }
        FromSync::Boxed => BoxCall::new(call).wait(),
        FromSync::BoxedTimeout => done(BoxCall::new(call).wait_timeout(LONG)),
        FromSync::BoxedDispatch => BoxCall::new(call).dispatch().wait(),
        FromSync::Spawned | FromSync::InBlock => {
            bridge::wait(async { (call.await, yield_now().await).0 })
        }
        FromSync::NotRun => {
            drop(call);
            WAS_NOT_RUN
        }
    }
}

fn future_in_sync(future: impl Future<Output = u64> + Send, way: FromSync, bridge: &Bridge) -> u64 {
    match way {
        FromSync::Wait | FromSync::Dispatch | FromSync::BoxedDispatch => bridge.wait(future),
        FromSync::TryWait => done(bridge.try_wait(future)),
        FromSync::WaitTimeout => done(bridge.wait_timeout(future, LONG)),
        FromSync::Boxed => Box::pin(future).wait(),
        FromSync::BoxedTimeout => done(Box::pin(future).wait_timeout(LONG)),
        FromSync::Spawned | FromSync::InBlock => {
            bridge::wait(async { (future.await, yield_now().await).0 })
        }
        FromSync::NotRun => {
            drop(future);
            WAS_NOT_RUN
        }
    }
}

async fn make_in_async(node: &Arc<Node>, world: &World) -> u64 {
    let bridge = &world.bridge;
    macro_rules! run {
        (owned $call:expr) => {
            match node.from_async {
                FromAsync::Spawned if node.on => joined(bridge.spawn($call.on(bridge)).await),
                FromAsync::Spawned => joined(bridge::spawn($call).await),
                _ => run!(borrowed $call),
            }
        };
        (borrowed $call:expr) => {
            if node.on {
                call_in_async($call.on(bridge), node.from_async).await
            } else {
                call_in_async($call, node.from_async).await
            }
        };
        (future $future:expr) => {
            match node.from_async {
                FromAsync::NotRun => {
                    drop($future);
                    WAS_NOT_RUN
                }
                FromAsync::Spawned => joined(bridge.spawn($future).await),
                FromAsync::Wait => bridge.wait($future),
                FromAsync::Boxed | FromAsync::BoxedDispatch => Box::pin($future).await,
                FromAsync::Await | FromAsync::Dispatch => $future.await,
            }
        };
    }
    each_kind!(node, world, run)
}

async fn call_in_async<C: Call<Output = u64> + Send>(call: C, way: FromAsync) -> u64 {
    match way {
        FromAsync::Await | FromAsync::Spawned => call.await,
        FromAsync::Dispatch => {
            let outcome = call.dispatch();
            assert!(!outcome.is_ready(), "this is async code");
            outcome.await
        }
        FromAsync::Boxed => BoxCall::new(call).await,
        FromAsync::BoxedDispatch => BoxCall::new(call).dispatch().await,
        FromAsync::Wait => call.wait(),
        FromAsync::NotRun => {
            drop(call);
            WAS_NOT_RUN
        }
    }
}

fn done(waited: Result<u64, WaitError>) -> u64 {
    waited.unwrap_or_else(|error| panic!("{error}"))
}

fn joined(ended: Result<u64, tokio::task::JoinError>) -> u64 {
    match ended {
        Ok(value) => value,
        Err(error) => resume_unwind(error.into_panic()),
    }
}
