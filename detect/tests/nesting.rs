//! Checks random nests of places against the context that the steps imply.
//!
//! A nest is a list of steps, each taken inside the one before. At every level,
//! on the way in and on the way out, the test compares the answer with the
//! truth. Only the corner cases in the crate's head may differ.
//! [`Level::blind`] says where.

mod common;

use std::{
    pin::pin,
    sync::mpsc,
    task::{Context as TaskContext, Poll, Waker},
    thread,
};

use bridge_detect::{Context, ThreadTag, in_async, warm_up};
use common::{Driver, ct, mt};
use proptest::{collection::vec, prelude::*, sample::select};
use testkit::property;
use tokio::task::{self, LocalSet, coop};

#[derive(Clone, Copy, Debug)]
enum Step {
    Drive(Driver),
    MtGuard,
    CtGuard,
    BlockInPlace,
    SpawnBlocking,
    Thread,
    Rayon,
    Tagged(ThreadTag),
    InAsync,
    Unconstrained,
    Spend(u8),
    LoneLocalSet,
    WarmUp,
}

use Step::*;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => select(&Driver::ALL[..]).prop_map(Drive),
        3 => Just(BlockInPlace),
        1 => Just(MtGuard),
        1 => Just(CtGuard),
        1 => Just(SpawnBlocking),
        1 => Just(Thread),
        1 => Just(Rayon),
        2 => select(&[ThreadTag::Job, ThreadTag::Wait, ThreadTag::Foreign][..]).prop_map(Tagged),
        1 => Just(InAsync),
        1 => Just(Unconstrained),
        1 => (0..=128_u8).prop_map(Spend),
        1 => Just(LoneLocalSet),
        1 => Just(WarmUp),
    ]
}

/// The facts about the thread at one level.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that are independent of each other"
)]
struct Level {
    truth: Context,
    /// Whether the truth leaves no trace, so that any answer is right.
    blind: bool,
    /// Whether this is inside a `block_on` or a scheduler, so that no other can
    /// start.
    entered: bool,
    /// Whether a scheduler's worker is further out on this stack, visible or
    /// not.
    worker: bool,
    /// Whether Tokio's probes show that Tokio polls here.
    shown: bool,
    may_block_in_place: bool,
    tag: ThreadTag,
}

impl Level {
    const THREAD: Self = Self {
        truth: Context::Sync,
        blind: false,
        entered: false,
        worker: false,
        shown: false,
        may_block_in_place: false,
        tag: ThreadTag::None,
    };

    /// Returns the facts inside `step`, or `None` if `step` would panic here.
    fn inside(self, step: Step) -> Option<Self> {
        let here = self;
        Some(match step {
            Drive(_) if here.entered => return None,
            Drive(driver) => {
                let same_thread = driver != Driver::MtTask;
                Self {
                    truth: Context::Async,
                    blind: false,
                    entered: true,
                    worker: driver.is_worker() || (same_thread && here.worker),
                    shown: true,
                    may_block_in_place: driver.allows_block_in_place(),
                    tag: if same_thread {
                        here.tag
                    } else {
                        ThreadTag::None
                    },
                }
            }
            MtGuard | CtGuard if here.truth == Context::Sync => Self {
                truth: Context::Blocking,
                ..here
            },
            // Tokio has nothing to hand over, so it only calls the closure.
            BlockInPlace if !here.entered => here,
            BlockInPlace if !here.may_block_in_place => return None,
            BlockInPlace => Self {
                truth: Context::Blocking,
                blind: matches!(here.tag, ThreadTag::Wait | ThreadTag::Foreign),
                entered: false,
                shown: false,
                may_block_in_place: false,
                ..here
            },
            SpawnBlocking => Self {
                truth: Context::Blocking,
                ..Self::THREAD
            },
            Thread | Rayon => Self::THREAD,
            // The bridge sets a tag only without a budget and outside a worker.
            Tagged(_) if here.entered || here.shown => return None,
            Tagged(tag) => {
                let truth = if tag == ThreadTag::Job {
                    Context::Blocking
                } else {
                    Context::Async
                };
                Self {
                    truth,
                    blind: false,
                    tag,
                    ..here
                }
            }
            InAsync if here.truth == Context::Async && !here.blind => here,
            InAsync => Self {
                truth: Context::Async,
                blind: false,
                tag: ThreadTag::Foreign,
                ..here
            },
            Unconstrained if here.shown && !(here.worker && here.entered) => Self {
                blind: true,
                shown: false,
                ..here
            },
            Unconstrained | MtGuard | CtGuard | Spend(_) | WarmUp => here,
            LoneLocalSet => Self {
                truth: Context::Async,
                blind: false,
                shown: true,
                may_block_in_place: false,
                ..here
            },
        })
    }

    /// Returns whether the enclosing poll has lost its budget after `step`.
    /// `inner` says whether the poll inside `step` lost it.
    fn loses_budget(self, step: Step, inner: bool) -> bool {
        match step {
            // Only a worker gets its budget back at once.
            BlockInPlace if self.entered => !self.worker,
            // The first three restore the previous budget. The others run on
            // another thread.
            Drive(_) | Unconstrained | LoneLocalSet | SpawnBlocking | Thread | Rayon => false,
            _ => inner,
        }
    }

    fn check(self, steps: &[Step], when: &str) -> Result<(), String> {
        let seen = Context::current();
        if self.blind || seen == self.truth {
            return Ok(());
        }
        Err(format!("{seen:?} {when} {steps:?}, where {self:?}"))
    }
}

/// Whether the enclosing poll lost its budget, or the first wrong answer.
type Outcome = Result<bool, String>;

/// Takes the steps from number `at` on, and checks each level.
fn descend(steps: Vec<Step>, at: usize, here: Level) -> Outcome {
    here.check(&steps[..at], "inside")?;
    let Some(&step) = steps.get(at) else {
        return Ok(false);
    };
    let Some(inside) = here.inside(step) else {
        return descend_past(steps, at, here);
    };
    let passed = steps[..=at].to_vec();
    let inner = take(step, move || descend(steps, at + 1, inside))?;
    let lost = here.loses_budget(step, inner);
    Level {
        blind: here.blind || lost,
        ..here
    }
    .check(&passed, "after")?;
    Ok(lost)
}

/// Skips a step that cannot be taken here.
fn descend_past(mut steps: Vec<Step>, at: usize, here: Level) -> Outcome {
    steps.remove(at);
    descend(steps, at, here)
}

fn take(step: Step, inner: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    match step {
        Drive(driver) => driver.run(|| async { inner() }),
        MtGuard => {
            let runtime = mt();
            let _guard = runtime.enter();
            inner()
        }
        CtGuard => {
            let runtime = ct();
            let _guard = runtime.enter();
            inner()
        }
        BlockInPlace => task::block_in_place(inner),
        SpawnBlocking => {
            let runtime = mt();
            let (tell, told) = mpsc::channel();
            runtime.spawn_blocking(move || tell.send(inner()).unwrap());
            told.recv().unwrap()
        }
        Thread => thread::spawn(inner).join().unwrap(),
        Rayon => rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap()
            .install(inner),
        Tagged(tag) => {
            let _tag = tag.set();
            inner()
        }
        InAsync => poll_once(in_async(async { inner() })),
        Unconstrained => poll_once(coop::unconstrained(async { inner() })),
        Spend(operations) => {
            for _ in 0..operations {
                let mut cx = TaskContext::from_waker(Waker::noop());
                if let Poll::Ready(operation) = coop::poll_proceed(&mut cx) {
                    operation.made_progress();
                }
            }
            inner()
        }
        WarmUp => {
            warm_up();
            inner()
        }
        LoneLocalSet => {
            let local = LocalSet::new();
            let (tell, told) = mpsc::channel();
            local.spawn_local(async move { tell.send(inner()).unwrap() });
            poll_once(local);
            told.recv().unwrap()
        }
    }
}

fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the steps never await"),
    }
}

#[test]
fn every_level_of_every_nest_is_told() {
    property::holds(256, &vec(vec(step(), 1..9), 1..4), |nests| {
        let threads: Vec<_> = nests
            .into_iter()
            .map(|steps| thread::spawn(|| descend(steps, 0, Level::THREAD)))
            .collect();
        let mut outcomes = threads.into_iter().map(|thread| thread.join().unwrap());
        outcomes.try_for_each(|outcome| outcome.map(drop))
    });
}
