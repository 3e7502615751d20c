//! Checks the law in random nests, on several threads that reset each other's
//! caches:
//!
//! * a cached runtime is alive, and drives this poll or a poll that encloses
//!   it;
//! * after a reset no older entry is trusted, and without a reset no entry is
//!   lost.
#![cfg(not(bridge_loom))]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use bridge_cache::{Cache, Driver};
use proptest::{collection::vec, prelude::*};
use testkit::property;
use tokio::{
    runtime::{Builder, Handle, Id, Runtime},
    task,
};

const CACHES: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Flavour {
    MultiThread,
    CurrentThread,
}

impl Flavour {
    fn build(self) -> Background {
        let mut builder = match self {
            Self::MultiThread => Builder::new_multi_thread(),
            Self::CurrentThread => Builder::new_current_thread(),
        };
        Background(Some(builder.worker_threads(2).build().unwrap()))
    }
}

/// A runtime that may be dropped anywhere, also in async code.
struct Background(Option<Runtime>);

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

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A `block_on`, with the number of the cache that is told about it.
    Root(Flavour, Option<usize>),
    /// A task, with the number of the cache that is told about it.
    Task(Flavour, Option<usize>),
    Guard(Flavour),
    BlockInPlace,
    SpawnBlocking,
    Thread,
    Reset(usize),
    /// Steps inside a look-up.
    Look(usize),
}

use Step::*;

fn step() -> impl Strategy<Value = Step> {
    let flavour = || prop_oneof![Just(Flavour::MultiThread), Just(Flavour::CurrentThread)];
    let cache = || prop::option::weighted(0.8, 0..CACHES);
    prop_oneof![
        2 => (flavour(), cache()).prop_map(|(flavour, cache)| Root(flavour, cache)),
        4 => (flavour(), cache()).prop_map(|(flavour, cache)| Task(flavour, cache)),
        2 => flavour().prop_map(Guard),
        3 => Just(BlockInPlace),
        1 => Just(SpawnBlocking),
        1 => Just(Thread),
        2 => (0..CACHES).prop_map(Reset),
        1 => (0..CACHES).prop_map(Look),
    ]
}

/// A cache, with the numbers of its resets that have begun and that have
/// finished.
#[derive(Default)]
struct Watched {
    cache: Cache,
    begun: AtomicUsize,
    finished: AtomicUsize,
}

impl Watched {
    fn reset(&self) {
        self.begun.fetch_add(1, SeqCst);
        self.cache.reset();
        self.finished.fetch_add(1, SeqCst);
    }
}

type Caches = Arc<[Watched; CACHES]>;

/// The facts at one level of a nest.
#[derive(Clone, Debug, Default)]
struct Level {
    /// The runtimes that drive a poll on this stack.
    driving: Vec<Id>,
    /// The last entry of each cache.
    entries: [Option<Entry>; CACHES],
    entered: bool,
    may_block_in_place: bool,
    /// Whether this level is inside a look-up that found an entry.
    looking: [bool; CACHES],
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    by: Id,
    /// The number of resets that had finished before the entry was made. A reset that had begun
    /// by then may end the entry all the same.
    finished: usize,
    /// The number of resets that had begun after the entry was made.
    begun: usize,
}

impl Level {
    fn check(&self, caches: &Caches) -> Outcome {
        for (number, watched) in caches.iter().enumerate() {
            let cache = &watched.cache;
            let finished = watched.finished.load(SeqCst);
            let found = cache.with_driver(|driver| driver.map(Handle::id));
            let begun = watched.begun.load(SeqCst);
            match (found, self.entries[number]) {
                (Some(found), _) if !self.driving.contains(&found) => {
                    return Err(format!("{found} does not drive this: {self:?}"));
                }
                (Some(found), Some(entry)) if found == entry.by => {
                    if finished > entry.begun {
                        return Err(format!("trusted after a reset: {self:?}"));
                    }
                }
                (Some(found), _) => return Err(format!("cache {number} knows {found}: {self:?}")),
                (None, Some(entry)) if begun == entry.finished => {
                    return Err(format!("forgotten without a reset: {self:?}"));
                }
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn polled_by(&self, runtime: &Handle, flavour: Flavour, same_thread: bool) -> Self {
        let mut level = if same_thread {
            self.clone()
        } else {
            Self::default()
        };
        level.driving.push(runtime.id());
        level.entered = true;
        level.may_block_in_place = matches!(flavour, Flavour::MultiThread);
        level
    }
}

type Outcome = Result<(), String>;

/// Polls the rest of a nest, and tells cache `number`, if there is one.
fn poll(runtime: &Handle, number: Option<usize>, rest: &Rest, mut level: Level) -> Outcome {
    let Some(number) = number else {
        return rest.descend(&level);
    };
    let watched = &rest.caches[number];
    let finished = watched.finished.load(SeqCst);
    let mut driver = Driver::new(runtime.clone());
    watched.cache.driven(&mut driver, || {
        if !level.looking[number] {
            level.entries[number] = Some(Entry {
                by: runtime.id(),
                finished,
                begun: watched.begun.load(SeqCst),
            });
        }
        rest.descend(&level)
    })
}

/// The steps of a nest that remain.
#[derive(Clone)]
struct Rest {
    steps: Vec<Step>,
    caches: Caches,
}

impl Rest {
    fn descend(&self, here: &Level) -> Outcome {
        here.check(&self.caches)?;
        let Some((&step, steps)) = self.steps.split_first() else {
            return Ok(());
        };
        let rest = Self {
            steps: steps.to_vec(),
            caches: self.caches.clone(),
        };
        rest.take(step, here)?;
        here.check(&self.caches)
    }

    /// Takes `step` and then the remaining steps inside it. Skips a step that
    /// would panic here.
    fn take(&self, step: Step, here: &Level) -> Outcome {
        match step {
            Root(flavour, cache) if !here.entered => {
                let runtime = flavour.build();
                let level = here.polled_by(runtime.handle(), flavour, true);
                runtime.block_on(async { poll(runtime.handle(), cache, self, level) })
            }
            Task(flavour, cache) if !here.entered => {
                let runtime = flavour.build();
                let same_thread = matches!(flavour, Flavour::CurrentThread);
                let level = here.polled_by(runtime.handle(), flavour, same_thread);
                let (handle, rest) = (runtime.handle().clone(), self.clone());
                let task = async move { poll(&handle, cache, &rest, level) };
                runtime.block_on(async { task::spawn(task).await.unwrap() })
            }
            Guard(flavour) => {
                let runtime = flavour.build();
                let _guard = runtime.enter();
                self.descend(here)
            }
            BlockInPlace if here.may_block_in_place => task::block_in_place(|| {
                self.descend(&Level {
                    entered: false,
                    may_block_in_place: false,
                    ..here.clone()
                })
            }),
            SpawnBlocking => {
                let runtime = Flavour::MultiThread.build();
                let (tell, told) = mpsc::channel();
                let rest = self.clone();
                runtime.spawn_blocking(move || tell.send(rest.descend(&Level::default())).unwrap());
                told.recv().unwrap()
            }
            Thread => {
                let rest = self.clone();
                thread::spawn(move || rest.descend(&Level::default()))
                    .join()
                    .unwrap()
            }
            Reset(number) => {
                self.caches[number].reset();
                self.descend(here)
            }
            Look(number) => self.caches[number].cache.with_driver(|found| {
                let mut here = here.clone();
                here.looking[number] |= found.is_some();
                self.descend(&here)
            }),
            Root(..) | Task(..) | BlockInPlace => self.descend(here),
        }
    }
}

#[test]
fn the_law_holds() {
    property::holds(256, &vec(vec(step(), 1..10), 1..4), |nests| {
        let caches = Caches::default();
        let threads: Vec<_> = nests
            .into_iter()
            .map(|steps| {
                let rest = Rest {
                    steps,
                    caches: caches.clone(),
                };
                thread::spawn(move || rest.descend(&Level::default()))
            })
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap())
    });
}
