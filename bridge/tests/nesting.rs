//! Random nestings of our own waits and pool workers, Tokio's places and plain
//! threads. At every level, going in and coming out, the context is what is true by
//! construction, and a wait is served or refused as that place promises.

use std::{
    future::poll_fn,
    mem,
    sync::{LazyLock, mpsc},
    task::Poll,
    thread,
    time::Duration,
};

use bridge::{Bridge, Context, WaitError, in_async};
use proptest::{collection::vec, sample::select};
use testkit::property;
use tokio::{
    runtime::{Builder, LocalOptions, Runtime},
    task::{LocalSet, block_in_place, spawn_local},
    time::sleep,
};

/// Longer than a wait spins.
const MOMENT: Duration = Duration::from_micros(50);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A wait. The next step runs in its first poll, or in a later one.
    Wait {
        later: bool,
    },
    Job,
    Spawned,
    MultiThreadRoot,
    /// `Handle::block_on`.
    MultiThreadHandleRoot,
    MultiThreadTask,
    CurrentThreadRoot,
    /// `Handle::block_on`, which drives nothing.
    CurrentThreadHandleRoot,
    CurrentThreadTask,
    LocalRuntimeRoot,
    LocalRuntimeTask,
    LocalSetTask,
    /// The root and a task of a `LocalSet` on a multi-thread runtime.
    SharedLocalSetRoot,
    SharedLocalSetTask,
    SpawnBlocking,
    BlockInPlace,
    Guard,
    Thread,
    InAsync,
}

use Step::*;

const STEPS: [Step; 20] = [
    Wait { later: false },
    Wait { later: true },
    Job,
    Spawned,
    MultiThreadRoot,
    MultiThreadHandleRoot,
    MultiThreadTask,
    CurrentThreadRoot,
    CurrentThreadHandleRoot,
    CurrentThreadTask,
    LocalRuntimeRoot,
    LocalRuntimeTask,
    LocalSetTask,
    SharedLocalSetRoot,
    SharedLocalSetTask,
    SpawnBlocking,
    BlockInPlace,
    Guard,
    Thread,
    InAsync,
];

/// The facts about the thread at one level.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent facts, each known by construction"
)]
struct Level {
    truth: Context,
    /// Whether a `block_on` of Tokio would panic here.
    entered: bool,
    may_wait: bool,
    /// Whether this is a task of a multi-thread runtime, where `block_in_place`
    /// works.
    in_task: bool,
    /// Whether a wait polls here. Another executor may be nested in the wait.
    in_wait: bool,
    /// On a worker that has handed its tasks over.
    handed_over: bool,
    /// Whether the wait is refused, no public API tells.
    blind: bool,
}

impl Level {
    const THREAD: Self = Self {
        truth: Context::Sync,
        entered: false,
        may_wait: true,
        in_task: false,
        in_wait: false,
        handed_over: false,
        blind: false,
    };

    /// Returns the facts inside `step`, or `None` if `step` would panic or be
    /// refused.
    fn inside(self, step: Step) -> Option<Self> {
        let polled = Self {
            truth: Context::Async,
            entered: true,
            may_wait: true,
            in_task: false,
            in_wait: false,
            handed_over: self.handed_over,
            blind: false,
        };
        let blocking = Self {
            truth: Context::Blocking,
            ..Self::THREAD
        };
        let possible = match step {
            Wait { .. } | Job | Spawned => self.may_wait,
            BlockInPlace => self.in_task,
            Guard => self.truth != Context::Async,
            SpawnBlocking | Thread | InAsync => true,
            _ => !self.entered,
        };
        possible.then_some(match step {
            // The worker of a task leaves its runtime in a wait. A root does
            // not.
            Wait { .. } => Self {
                truth: Context::Async,
                entered: self.entered && !self.in_task,
                in_task: false,
                in_wait: true,
                handed_over: self.handed_over || self.in_task,
                ..self
            },
            Job | SpawnBlocking => blocking,
            BlockInPlace => Self {
                handed_over: true,
                ..blocking
            },
            Spawned | MultiThreadTask => Self {
                in_task: true,
                handed_over: false,
                ..polled
            },
            MultiThreadRoot | MultiThreadHandleRoot | CurrentThreadHandleRoot => polled,
            CurrentThreadRoot | CurrentThreadTask | LocalRuntimeRoot | LocalRuntimeTask
            | LocalSetTask => Self {
                may_wait: false,
                ..polled
            },
            SharedLocalSetRoot | SharedLocalSetTask => Self {
                may_wait: false,
                blind: self.handed_over,
                ..polled
            },
            Guard => Self {
                truth: Context::Blocking,
                ..self
            },
            Thread => Self::THREAD,
            InAsync if self.truth == Context::Async && !self.in_wait => self,
            InAsync => Self {
                truth: Context::Async,
                may_wait: false,
                in_wait: false,
                blind: false,
                ..self
            },
        })
    }
}

/// The first wrong answer, if there was one.
type Outcome = Result<(), String>;

fn descend(mut steps: Vec<Step>, at: usize, here: Level) -> Outcome {
    let check = |when: &str, steps: &[Step]| {
        let seen = Context::current();
        if seen != here.truth {
            return Err(format!("{seen:?} {when} {steps:?}, where {here:?}"));
        }
        let waited = BRIDGES[0].try_wait(later());
        match (&waited, here.may_wait) {
            (Ok(()), true) | (Err(WaitError::WouldFreeze { .. }), false) => Ok(()),
            (Ok(()), false) if here.blind => Ok(()),
            _ => Err(format!(
                "a wait is {waited:?} {when} {steps:?}, where {here:?}"
            )),
        }
    };
    check("inside", &steps[..at])?;
    let Some(&step) = steps.get(at) else {
        return Ok(());
    };
    let Some(inside) = here.inside(step) else {
        steps.remove(at);
        return descend(steps, at, here);
    };
    let passed = steps[..=at].to_vec();
    take(step, move || descend(steps, at + 1, inside))?;
    check("after", &passed)
}

/// Returns a bridge with more threads than there are levels, because some steps
/// block a thread outside any wait, for example by a join.
fn roomy() -> Bridge {
    Bridge::builder()
        .worker_threads(32)
        .max_threads(64)
        .build()
        .unwrap()
}

static BRIDGES: LazyLock<[Bridge; 2]> = LazyLock::new(|| [roomy(), roomy()]);

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn take(step: Step, inner: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    let [waiting, working] = &*BRIDGES;
    match step {
        Wait { later: is_later } => waiting.wait(async {
            if is_later {
                later().await;
            }
            inner()
        }),
        Job => waiting.wait(working.offload(inner)),
        Spawned => waiting.wait(async { waiting.spawn(async { inner() }).await.unwrap() }),
        MultiThreadRoot => with(multi_thread(), |runtime| {
            runtime.block_on(async { inner() })
        }),
        MultiThreadTask => with(multi_thread(), |runtime| {
            runtime.block_on(async { tokio::spawn(async { inner() }).await.unwrap() })
        }),
        MultiThreadHandleRoot => with(multi_thread(), |runtime| {
            runtime.handle().block_on(async { inner() })
        }),
        CurrentThreadRoot => with(current_thread(), |runtime| {
            runtime.block_on(async { inner() })
        }),
        CurrentThreadHandleRoot => with(current_thread(), |runtime| {
            runtime.handle().block_on(async { inner() })
        }),
        CurrentThreadTask => with(current_thread(), |runtime| {
            runtime.block_on(async { tokio::spawn(async { inner() }).await.unwrap() })
        }),
        LocalRuntimeRoot => in_local_runtime(async { inner() }),
        LocalRuntimeTask => {
            in_local_runtime(async { spawn_local(async { inner() }).await.unwrap() })
        }
        LocalSetTask => with(current_thread(), |runtime| {
            LocalSet::new().block_on(runtime, async {
                spawn_local(async { inner() }).await.unwrap()
            })
        }),
        SharedLocalSetRoot => with(multi_thread(), |runtime| {
            LocalSet::new().block_on(runtime, async { inner() })
        }),
        SharedLocalSetTask => with(multi_thread(), |runtime| {
            LocalSet::new().block_on(runtime, async {
                spawn_local(async { inner() }).await.unwrap()
            })
        }),
        SpawnBlocking => with(multi_thread(), |runtime| {
            let (tell, told) = mpsc::channel();
            runtime.spawn_blocking(move || tell.send(inner()).unwrap());
            told.recv().unwrap()
        }),
        BlockInPlace => block_in_place(inner),
        Guard => with(multi_thread(), |runtime| {
            let _guard = runtime.enter();
            inner()
        }),
        Thread => thread::spawn(inner).join().unwrap(),
        InAsync => poll_once(in_async(async { inner() })),
    }
}

/// Ends in a later poll than its first, and usually after the thread has parked.
///
/// A sleep alone is over in its first poll if the thread loses the processor just before
/// that poll. Then no wait would have to leave the poll of an executor.
async fn later() {
    let mut is_first = true;
    poll_fn(|cx| {
        if mem::take(&mut is_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
    sleep(MOMENT).await;
}

fn in_local_runtime<F: Future>(future: F) -> F::Output {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().build_local(LocalOptions::default());
    let runtime = runtime.unwrap();
    let output = runtime.block_on(future);
    runtime.shutdown_background();
    output
}

/// Ends the runtime without blocking, because the caller may be async code.
fn with<R>(runtime: Runtime, body: impl FnOnce(&Runtime) -> R) -> R {
    let result = body(&runtime);
    runtime.shutdown_background();
    result
}

fn poll_once<F: Future>(future: F) -> F::Output {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the steps never await"),
    }
}

#[test]
fn every_level_of_every_nest_is_told() {
    property::holds(128, &vec(vec(select(&STEPS[..]), 1..9), 1..4), |nests| {
        let threads: Vec<_> = nests
            .into_iter()
            .map(|steps| thread::spawn(|| descend(steps, 0, Level::THREAD)))
            .collect();
        let mut outcomes = threads.into_iter().map(|thread| thread.join().unwrap());
        outcomes.try_for_each(|outcome| outcome)
    });
}
