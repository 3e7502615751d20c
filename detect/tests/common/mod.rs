//! Every way in which Tokio polls a future, as an enum.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::sync::{OnceLock, mpsc};

use tokio::{
    runtime::{Builder, LocalOptions, Runtime},
    sync::oneshot,
    task::{self, LocalSet},
};

/// A multi-thread runtime that may be dropped in async code, because it shuts
/// down in the background.
pub(crate) struct Background(Option<Runtime>);

impl std::ops::Deref for Background {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

pub(crate) fn mt() -> Background {
    Background(Some(
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap(),
    ))
}

pub(crate) fn ct() -> Background {
    Background(Some(
        Builder::new_current_thread().enable_time().build().unwrap(),
    ))
}

pub(crate) fn rayon_pool() -> &'static rayon::ThreadPool {
    static POOL: OnceLock<rayon::ThreadPool> = OnceLock::new();
    POOL.get_or_init(|| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap()
    })
}

/// The code that polls a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    MtRuntimeRoot,
    MtHandleRoot,
    MtTask,
    CtRuntimeRoot,
    /// `Runtime::block_on` on a runtime that another thread drives.
    CtSecondRoot,
    CtHandleRoot,
    CtTask,
    LocalRuntimeRoot,
    LocalRuntimeTask,
    LocalRuntimeLocalTask,
    /// The root of `LocalSet::block_on`.
    CtLocalSetRoot,
    CtLocalSetTask,
    CtRunUntil,
    MtLocalSetRoot,
    MtLocalSetTask,
    MtRunUntil,
    /// A task of a `LocalSet` that is awaited as a plain future.
    MtLocalSetAwaited,
}

use Driver::*;

impl Driver {
    pub(crate) const ALL: [Self; 17] = [
        MtRuntimeRoot,
        MtHandleRoot,
        MtTask,
        CtRuntimeRoot,
        CtSecondRoot,
        CtHandleRoot,
        CtTask,
        LocalRuntimeRoot,
        LocalRuntimeTask,
        LocalRuntimeLocalTask,
        CtLocalSetRoot,
        CtLocalSetTask,
        CtRunUntil,
        MtLocalSetRoot,
        MtLocalSetTask,
        MtRunUntil,
        MtLocalSetAwaited,
    ];

    /// Returns whether `worker_index()` is `Some` there.
    pub(crate) fn is_worker(self) -> bool {
        !matches!(
            self,
            MtRuntimeRoot
                | MtHandleRoot
                | CtSecondRoot
                | CtHandleRoot
                | MtLocalSetRoot
                | MtLocalSetTask
                | MtRunUntil
                | MtLocalSetAwaited
        )
    }

    /// Returns whether `block_in_place` works there. It panics elsewhere.
    pub(crate) fn allows_block_in_place(self) -> bool {
        matches!(self, MtRuntimeRoot | MtHandleRoot | MtTask | CtHandleRoot)
    }

    /// Makes this driver poll the future that `body` returns.
    pub(crate) fn run<R, F>(self, body: impl FnOnce() -> F + Send + 'static) -> R
    where
        R: Send + 'static,
        F: Future<Output = R> + Send + 'static,
    {
        let local = LocalSet::new();
        match self {
            MtRuntimeRoot => mt().block_on(body()),
            MtHandleRoot => mt().handle().block_on(body()),
            MtTask => mt().block_on(async { task::spawn(body()).await.unwrap() }),
            CtRuntimeRoot => ct().block_on(body()),
            CtSecondRoot => second_root(body),
            CtHandleRoot => ct().handle().block_on(body()),
            CtTask => ct().block_on(async { task::spawn(body()).await.unwrap() }),
            LocalRuntimeRoot => in_local_runtime(body()),
            LocalRuntimeTask => in_local_runtime(async { task::spawn(body()).await.unwrap() }),
            LocalRuntimeLocalTask => {
                in_local_runtime(async { task::spawn_local(body()).await.unwrap() })
            }
            CtLocalSetRoot => local.block_on(&ct(), body()),
            CtLocalSetTask => {
                local.block_on(&ct(), async { task::spawn_local(body()).await.unwrap() })
            }
            CtRunUntil => ct().block_on(local.run_until(body())),
            MtLocalSetRoot => local.block_on(&mt(), body()),
            MtLocalSetTask => {
                local.block_on(&mt(), async { task::spawn_local(body()).await.unwrap() })
            }
            MtRunUntil => mt().block_on(local.run_until(body())),
            MtLocalSetAwaited => mt().block_on(async {
                let (tell, told) = mpsc::channel();
                let done = body();
                local.spawn_local(async move { tell.send(done.await).unwrap() });
                local.await;
                told.recv().unwrap()
            }),
        }
    }
}

fn in_local_runtime<F: Future>(future: F) -> F::Output {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build_local(LocalOptions::default())
        .unwrap();
    let output = runtime.block_on(future);
    runtime.shutdown_background();
    output
}

fn second_root<R: Send, F: Future<Output = R>>(body: impl FnOnce() -> F + Send) -> R {
    let runtime = ct();
    let (started, starts) = mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            runtime.block_on(async {
                started.send(()).unwrap();
                let _ = stopped.await;
            });
        });
        starts.recv().unwrap();
        let output = runtime.block_on(body());
        stop.send(()).unwrap();
        output
    })
}
