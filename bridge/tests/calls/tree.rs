//! A tree of calls, and a strategy that draws random trees.

use std::sync::Arc;

use proptest::{collection::vec, prelude::*, sample::select};

/// A tree, and where it runs.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) size: Size,
    pub(crate) root: Root,
    pub(crate) top: Arc<Node>,
}

/// The sizes of the pool, each small, so that every limit is met.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) threads: usize,
    pub(crate) blocked: usize,
    pub(crate) queue: usize,
}

/// The code that makes the first call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    PlainThread,
    BlockingThread,
    Task,
    BlockOn,
}

impl Root {
    pub(crate) const ALL: [Self; 4] = [
        Self::PlainThread,
        Self::BlockingThread,
        Self::Task,
        Self::BlockOn,
    ];

    pub(crate) fn is_async(self) -> bool {
        matches!(self, Self::Task | Self::BlockOn)
    }
}

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its place in the tree, by which events name it.
    pub(crate) id: u32,
    pub(crate) kind: Kind,
    /// The way to make it in a sync body, and the way in an async body.
    pub(crate) from_sync: FromSync,
    pub(crate) from_async: FromAsync,
    /// Whether it is made on the small bridge, and not on the global one.
    pub(crate) on: bool,
    /// Whether its body panics at its end.
    pub(crate) panics: bool,
    /// Whether an async body is pending once before it calls others.
    pub(crate) pends: bool,
    pub(crate) children: Vec<Arc<Self>>,
}

/// The kinds of functions, and the offloaded closure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A smart `fn` that owns its arguments, or borrows one of them.
    Sync,
    SyncBorrowing,
    /// A smart `async fn` that owns its arguments, or borrows one of them.
    Async,
    AsyncBorrowing,
    /// A value of `smart_fn`, of `smart_async_fn`, of `smart_future_fn`.
    SyncValue,
    AsyncValue,
    FutureValue,
    /// A closure that is offloaded: no call, but a future.
    Closure,
}

impl Kind {
    /// Whether its body is sync code.
    pub(crate) fn is_sync(self) -> bool {
        matches!(
            self,
            Self::Sync | Self::SyncBorrowing | Self::SyncValue | Self::Closure
        )
    }

    pub(crate) fn borrows(self) -> bool {
        matches!(self, Self::SyncBorrowing | Self::AsyncBorrowing)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromSync {
    Wait,
    TryWait,
    WaitTimeout,
    Dispatch,
    Boxed,
    BoxedTimeout,
    BoxedDispatch,
    /// In a task of `spawn`, which is waited for.
    Spawned,
    /// In an `async` block that is waited for.
    InBlock,
    /// Made, and dropped.
    NotRun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromAsync {
    Await,
    Dispatch,
    Boxed,
    BoxedDispatch,
    Spawned,
    /// Waited for, though this is async code.
    Wait,
    NotRun,
}

pub(crate) fn trees() -> impl Strategy<Value = Tree> {
    let size = (1..=3_usize, 1..=3_usize, select(vec![1, 2, 1024]));
    let size = size.prop_map(|(threads, blocked, queue)| Size {
        threads,
        blocked,
        queue,
    });
    (size, select(&Root::ALL[..]), node()).prop_map(|(size, root, top)| {
        let mut count = 0;
        let top = numbered(&top, &mut count);
        Tree { size, root, top }
    })
}

fn node() -> impl Strategy<Value = Arc<Node>> {
    let leaf = one(Just(Vec::new()).boxed());
    leaf.prop_recursive(4, 24, 3, |inner| one(vec(inner, 0..=3).boxed()))
}

fn one(children: BoxedStrategy<Vec<Arc<Node>>>) -> impl Strategy<Value = Arc<Node>> {
    let kind = select(vec![
        Kind::Sync,
        Kind::SyncBorrowing,
        Kind::Async,
        Kind::AsyncBorrowing,
        Kind::SyncValue,
        Kind::AsyncValue,
        Kind::FutureValue,
        Kind::Closure,
    ]);
    let when_blocking = select(vec![
        FromSync::Wait,
        FromSync::TryWait,
        FromSync::WaitTimeout,
        FromSync::Dispatch,
        FromSync::Boxed,
        FromSync::BoxedTimeout,
        FromSync::BoxedDispatch,
        FromSync::Spawned,
        FromSync::InBlock,
        FromSync::NotRun,
    ]);
    let when_polled = select(vec![
        FromAsync::Await,
        FromAsync::Dispatch,
        FromAsync::Boxed,
        FromAsync::BoxedDispatch,
        FromAsync::Spawned,
        FromAsync::Wait,
        FromAsync::NotRun,
    ]);
    let rarely = || prop::bool::weighted(0.1);
    (
        (kind, (when_blocking, when_polled)),
        (any::<bool>(), rarely(), any::<bool>()),
        children,
    )
        .prop_map(|((kind, ways), (on, panics, pends), children)| {
            Arc::new(Node {
                id: 0,
                kind,
                from_sync: ways.0,
                from_async: ways.1,
                on,
                panics,
                pends,
                children,
            })
        })
}

fn numbered(node: &Node, count: &mut u32) -> Arc<Node> {
    let id = *count;
    *count += 1;
    let children = node.children.iter().map(|child| numbered(child, count));
    let children = children.collect();
    Arc::new(Node {
        id,
        children,
        ..node.clone()
    })
}
