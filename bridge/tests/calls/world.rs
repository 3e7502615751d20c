//! The functions that trees call, the log of events, and the bridges.

use std::{
    panic,
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};

use bridge::{Bridge, smartasync};
use tokio::runtime::{Builder, Runtime};

use crate::{
    run,
    tree::{Node, Size},
};

/// An event of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Entered(u32),
    Left(u32),
    /// An argument of the call, and which. The second is that of a clone.
    Dropped(u32, u8),
    Cloned(u32),
}

/// Values of calls that have none.
pub(crate) const PANICKED: u64 = 1;
pub(crate) const WAS_NOT_RUN: u64 = 2;

/// The payload of a body's panic.
pub(crate) struct Wanted(pub(crate) u32);

/// The value of a body whose calls have this sum.
pub(crate) fn value(id: u32, sum: u64) -> u64 {
    (u64::from(id) + 3)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(sum.rotate_left(7))
}

/// No call takes nearly as long.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// The bridge and the log of one tree.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) bridge: Bridge,
    log: Arc<Mutex<Vec<Event>>>,
}

/// Shared by all trees: starting it takes longer than most trees do.
pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
});

impl World {
    pub(crate) fn new(size: Size) -> Self {
        let bridge = Bridge::builder()
            .runtime(RUNTIME.handle().clone())
            .max_threads(size.threads)
            .max_blocked_threads(size.blocked)
            .queue_capacity(size.queue)
            .build();
        Self {
            bridge: bridge.unwrap(),
            log: Arc::default(),
        }
    }

    pub(crate) fn log(&self, event: Event) {
        self.log.lock().unwrap().push(event);
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.log.lock().unwrap().clone()
    }

    /// An argument of a call.
    pub(crate) fn token(&self, id: u32, number: u8) -> Token {
        Token {
            id,
            number,
            world: self.clone(),
        }
    }

    /// Shuts the small bridge down.
    ///
    /// # Errors
    ///
    /// Says which jobs the bridge has left behind.
    pub(crate) fn end(&self) -> Result<(), String> {
        let report = self.bridge.shutdown(LONG).wait();
        if !report.running.is_empty() {
            return Err(format!("jobs run on after the shutdown: {report:?}"));
        }
        let deadline = Instant::now() + LONG;
        loop {
            let now = self.bridge.metrics();
            // A result is there a moment before its thread has counted the end.
            if (now.running, now.blocked, now.queued, now.backlog) == (0, 0, 0, 0) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("something stays behind: {now:?}"));
            }
            std::thread::yield_now();
        }
    }
}

/// An argument that logs its own end.
pub(crate) struct Token {
    id: u32,
    number: u8,
    world: World,
}

impl Clone for Token {
    fn clone(&self) -> Self {
        self.world.log(Event::Cloned(self.id));
        self.world.token(self.id, 2)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.world.log(Event::Dropped(self.id, self.number));
    }
}

/// Runs a body in sync code: its children, one after the other.
pub(crate) fn sync_body(node: &Node, world: &World) -> u64 {
    world.log(Event::Entered(node.id));
    let values = node.children.iter();
    let values = values.map(|child| run::from_sync(child, world));
    let sum = values.fold(0, u64::wrapping_add);
    left(node, world, sum)
}

/// Runs a body in async code.
pub(crate) async fn async_body(node: &Node, world: &World) -> u64 {
    world.log(Event::Entered(node.id));
    if node.pends {
        tokio::task::yield_now().await;
    }
    let mut sum = 0_u64;
    for child in &node.children {
        sum = sum.wrapping_add(run::from_async(Arc::clone(child), world.clone()).await);
    }
    left(node, world, sum)
}

fn left(node: &Node, world: &World, sum: u64) -> u64 {
    world.log(Event::Left(node.id));
    if node.panics {
        panic::panic_any(Wanted(node.id));
    }
    value(node.id, sum)
}

#[smartasync]
pub(crate) fn sync_owning(node: Arc<Node>, world: World, _first: Token, _second: Token) -> u64 {
    sync_body(&node, &world)
}

#[smartasync]
pub(crate) fn sync_borrowing(
    node: Arc<Node>,
    world: &World,
    _first: &Token,
    _second: Token,
) -> u64 {
    sync_body(&node, world)
}

#[smartasync]
pub(crate) async fn async_owning(
    node: Arc<Node>,
    world: World,
    _first: Token,
    _second: Token,
) -> u64 {
    async_body(&node, &world).await
}

#[smartasync]
pub(crate) async fn async_borrowing(
    node: Arc<Node>,
    world: &World,
    _first: &Token,
    _second: Token,
) -> u64 {
    async_body(&node, world).await
}

/// Keeps wanted panics off the terminal.
pub(crate) fn expect_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Wanted>() {
            usual(info);
        }
    }));
}
