//! The places in which a wait may be made.

use std::{sync::mpsc, thread};

use bridge::{in_async, offload, wait};
use tokio::{
    runtime::{Builder, Handle, LocalOptions},
    task::{LocalSet, block_in_place, spawn_blocking, spawn_local, unconstrained},
};

use crate::kit::runtimes::{Outcome, current_thread, multi_thread};

/// A place: its name, and what runs a function there.
pub(crate) type Place = (&'static str, fn(fn() -> Outcome) -> Outcome);

/// Where a wait parks and gives the value.
pub(crate) const MAY_WAIT: &[Place] = &[
    ("a plain thread", |body| thread::spawn(body).join().unwrap()),
    ("a thread that a task has started", |body| {
        multi_thread(1).block_on(async move { thread::spawn(body).join().unwrap() })
    }),
    ("under a multi-thread guard", |body| {
        let runtime = multi_thread(1);
        let _guard = runtime.enter();
        body()
    }),
    ("under a guard that nobody drives", |body| {
        let runtime = current_thread();
        let _guard = runtime.enter();
        body()
    }),
    ("a multi-thread root", |body| {
        multi_thread(1).block_on(async { body() })
    }),
    ("the root of a multi-thread handle", |body| {
        multi_thread(1).handle().block_on(async { body() })
    }),
    ("the root of a current-thread handle", |body| {
        current_thread().handle().block_on(async { body() })
    }),
    ("a multi-thread task", |body| in_task(async move { body() })),
    ("a task that the bridge spawned", |body| {
        multi_thread(1).block_on(async move { bridge::spawn(async move { body() }).await.unwrap() })
    }),
    ("an unconstrained task", |body| {
        in_task(unconstrained(async move { body() }))
    }),
    ("a blocking thread of a multi-thread runtime", |body| {
        multi_thread(1).block_on(async { spawn_blocking(body).await.unwrap() })
    }),
    ("a blocking thread of a current-thread runtime", |body| {
        current_thread().block_on(async { spawn_blocking(body).await.unwrap() })
    }),
    ("inside block_in_place", |body| {
        in_task(async move { block_in_place(body) })
    }),
    ("inside block_in_place in a root", |body| {
        multi_thread(1).block_on(async { block_in_place(body) })
    }),
    ("after block_in_place", |body| {
        in_task(async move {
            block_in_place(|| ());
            body()
        })
    }),
    ("a block_on on a blocking thread", |body| {
        let nested = move || Handle::current().block_on(async { body() });
        multi_thread(1).block_on(async { spawn_blocking(nested).await.unwrap() })
    }),
    ("a block_on inside block_in_place", |body| {
        in_task(async move { block_in_place(|| Handle::current().block_on(async { body() })) })
    }),
    ("an offloaded closure", |body| wait(offload(body))),
    ("an offloaded closure of a current-thread runtime", |body| {
        current_thread().block_on(offload(body))
    }),
    ("inside another wait", |body| wait(async { body() })),
    ("inside a wait in a task", |body| {
        in_task(async move { wait(async { body() }) })
    }),
    ("inside a later poll of another wait", |body| {
        wait(async {
            tokio::task::yield_now().await;
            body()
        })
    }),
];

/// Where the thread is all that its executor has, so that a wait is refused.
pub(crate) const WOULD_FREEZE: &[Place] = &[
    ("a current-thread root", |body| {
        current_thread().block_on(async { body() })
    }),
    ("a current-thread task", |body| {
        current_thread().block_on(async { tokio::spawn(async move { body() }).await.unwrap() })
    }),
    ("a later poll of a current-thread task", |body| {
        let task = async move {
            tokio::task::yield_now().await;
            body()
        };
        current_thread().block_on(async { tokio::spawn(task).await.unwrap() })
    }),
    ("a LocalSet", |body| {
        LocalSet::new().block_on(&current_thread(), async move {
            spawn_local(async move { body() }).await.unwrap()
        })
    }),
    ("a LocalSet under a multi-thread root", |body| {
        multi_thread(1).block_on(
            LocalSet::new()
                .run_until(async move { spawn_local(async move { body() }).await.unwrap() }),
        )
    }),
    ("a LocalRuntime", |body| {
        let options = LocalOptions::default();
        let runtime = Builder::new_current_thread().build_local(options).unwrap();
        runtime.block_on(async move { spawn_local(async move { body() }).await.unwrap() })
    }),
    ("an executor that in_async marks", |body| {
        futures::executor::block_on(in_async(async { body() }))
    }),
    ("in_async inside a wait", |body| {
        wait(in_async(async { body() }))
    }),
    ("a current-thread task under a multi-thread guard", |body| {
        let (own, foreign) = (current_thread(), multi_thread(1));
        own.block_on(async {
            let _guard = foreign.enter();
            body()
        })
    }),
];

/// Runs `body` in the place of that name.
pub(crate) fn run(name: &str, body: fn() -> Outcome) -> Outcome {
    let mut all = MAY_WAIT.iter().chain(WOULD_FREEZE);
    let place = all.find(|(place, _)| *place == name);
    place.expect("a place of that name").1(body)
}

/// Runs a future as a task of a runtime with one worker.
fn in_task(future: impl Future<Output = Outcome> + Send + 'static) -> Outcome {
    let (tell, told) = mpsc::channel();
    let runtime = multi_thread(1);
    runtime.spawn(async move { tell.send(future.await) });
    told.recv().expect("the task ends without a panic")
}
