//! Checks the context in random nests of waits, jobs, Tokio's places and
//! threads.
//!
//! At every level, on the way in and on the way out, the context is the one
//! that the steps imply. No nest hangs.

use std::{sync::LazyLock, sync::mpsc, thread, time::Duration};

use bridge::{Bridge, Context, in_async};
use proptest::{collection::vec, prelude::*, sample::select};
use testkit::within;
use tokio::{
    runtime::{Builder, Runtime},
    task::{LocalSet, block_in_place, spawn_local},
    time::sleep,
};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A wait. The next step runs in its first poll, or in a later one.
    Wait {
        later: bool,
    },
    Job,
    Spawned,
    MultiThreadRoot,
    MultiThreadTask,
    CurrentThreadRoot,
    LocalSetTask,
    SpawnBlocking,
    BlockInPlace,
    Guard,
    Thread,
    InAsync,
}

use Step::*;

const STEPS: [Step; 13] = [
    Wait { later: false },
    Wait { later: true },
    Job,
    Spawned,
    MultiThreadRoot,
    MultiThreadTask,
    CurrentThreadRoot,
    LocalSetTask,
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
}

impl Level {
    const THREAD: Self = Self {
        truth: Context::Sync,
        entered: false,
        may_wait: true,
        in_task: false,
        in_wait: false,
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
        };
        let blocking = Self {
            truth: Context::Blocking,
            ..Self::THREAD
        };
        let possible = match step {
            Wait { .. } | Job | Spawned => self.may_wait,
            MultiThreadRoot | MultiThreadTask | CurrentThreadRoot | LocalSetTask => !self.entered,
            BlockInPlace => self.in_task,
            Guard => self.truth != Context::Async,
            SpawnBlocking | Thread | InAsync => true,
        };
        possible.then_some(match step {
            // The worker of a task leaves its runtime in a wait. A root does
            // not.
            Wait { .. } => Self {
                truth: Context::Async,
                entered: self.entered && !self.in_task,
                in_task: false,
                in_wait: true,
                ..self
            },
            Job | SpawnBlocking | BlockInPlace => blocking,
            Spawned | MultiThreadTask => Self {
                in_task: true,
                ..polled
            },
            MultiThreadRoot => polled,
            CurrentThreadRoot | LocalSetTask => Self {
                may_wait: false,
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
        if seen == here.truth {
            Ok(())
        } else {
            Err(format!("{seen:?} {when} {steps:?}, where {here:?}"))
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
        Wait { later } => waiting.wait(async {
            if later {
                sleep(Duration::from_micros(50)).await;
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
        CurrentThreadRoot => with(current_thread(), |runtime| {
            runtime.block_on(async { inner() })
        }),
        LocalSetTask => with(current_thread(), |runtime| {
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

/// Ends the runtime without blocking, because the caller may be async code.
fn with<R>(runtime: Runtime, body: impl FnOnce(&Runtime) -> R) -> R {
    let result = body(&runtime);
    runtime.shutdown_background();
    result
}

fn poll_once<F: Future>(future: F) -> F::Output {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut cx) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => unreachable!("the steps never await"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 128,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_level_of_every_nest_is_told(nests in vec(vec(select(&STEPS[..]), 1..9), 1..4)) {
        let outcomes: Vec<Outcome> = within(|| {
            let threads: Vec<_> = nests
                .into_iter()
                .map(|steps| thread::spawn(|| descend(steps, 0, Level::THREAD)))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for outcome in outcomes {
            prop_assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
        }
    }
}
