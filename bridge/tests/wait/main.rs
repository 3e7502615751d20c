//! Checks `wait` in every context: it returns the value or an error, and never
//! hangs.
#![allow(
    clippy::items_after_statements,
    reason = "a recursive helper stands beside its only use"
)]

mod builders;
mod deadlines;
mod entering;
mod frozen;
mod gone;
mod guards;
mod inner_executors;
mod lifetimes;
mod local_sets;
mod nesting;
mod places;
mod spawning;
mod table;
mod watch;

use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    sync::{Arc, LazyLock, Mutex, Once, mpsc},
    thread,
    time::{Duration, Instant},
};

use bridge::{
    BoxCall, Bridge, Context, Wait, WaitError, in_async, offload, smartasync, try_wait, wait,
};
use testkit::{panic_text, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Handle, LocalOptions, Runtime},
    sync::oneshot,
    task::{LocalSet, block_in_place, spawn_blocking},
    time::sleep,
};

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn one_worker() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Returns a bridge whose home is this runtime.
fn on(runtime: &Runtime) -> Bridge {
    Bridge::builder()
        .runtime(runtime.handle().clone())
        .build()
        .unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Needs timers, I/O, tasks and many polls.
async fn real_work() -> u32 {
    sleep(Duration::from_millis(2)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"ping").await.unwrap();
    });
    let mut text = String::new();
    TcpStream::connect(address)
        .await
        .unwrap()
        .read_to_string(&mut text)
        .await
        .unwrap();
    server.await.unwrap();
    assert_eq!(text, "ping");
    // These are more operations than a coop budget allows without a yield.
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    for n in 0..1000 {
        send.send(n).unwrap();
    }
    for n in 0..1000 {
        assert_eq!(receive.recv().await, Some(n));
    }
    7
}

fn would_freeze(outcome: Result<u32, WaitError>) {
    let outcome = outcome.map(drop);
    assert!(
        matches!(outcome, Err(WaitError::WouldFreeze { .. })),
        "{outcome:?}"
    );
}
