//! Checks that context travels to offloaded closures and spawned tasks, and nowhere else.
//!
//! The carriers here carry a word of a thread-local. They restore it as a careless user
//! would: without a guard for panics.
#![deny(warnings)]

mod chosen;
mod own;
mod panics;
mod task_local;

use std::{
    cell::Cell,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use bridge::{Bridge, Builder, Carrier};
use tokio::sync::oneshot;

thread_local! {
    static WORD: Cell<&'static str> = const { Cell::new("") };
}

/// Runs `body` with this word on this thread.
fn with_word<R>(word: &'static str, body: impl FnOnce() -> R) -> R {
    let before = WORD.replace(word);
    let result = body();
    WORD.set(before);
    result
}

/// Carries [`WORD`] if there is one, and counts its calls.
#[derive(Clone, Default)]
struct Word {
    captured: Arc<AtomicUsize>,
    entered: Arc<AtomicUsize>,
}

impl Carrier for Word {
    type Context = &'static str;

    fn capture(&self) -> Option<&'static str> {
        self.captured.fetch_add(1, Ordering::Relaxed);
        Some(WORD.get()).filter(|word| !word.is_empty())
    }

    fn enter<R>(&self, word: &&'static str, body: impl FnOnce() -> R) -> R {
        self.entered.fetch_add(1, Ordering::Relaxed);
        with_word(word, body)
    }
}

impl Word {
    fn captured(&self) -> usize {
        self.captured.load(Ordering::Relaxed)
    }

    fn entered(&self) -> usize {
        self.entered.load(Ordering::Relaxed)
    }
}

/// Returns the settings of a bridge with one thread in its pool, so that each job runs on
/// the thread of the one before.
fn one_thread() -> Builder {
    Bridge::builder().worker_threads(1).max_threads(1)
}

/// Returns a bridge with one thread in its pool that carries the word.
fn carries_word() -> Bridge {
    one_thread().carry(Word::default()).build().unwrap()
}

/// A job, which returns with its value whether it was lent.
type Job<T> = Box<dyn FnOnce() -> (bool, T) + Send>;
type Submitted<T> = Pin<Box<dyn Future<Output = (bool, T)> + Send>>;

/// Lends `job` to an outer job that waits for it, and returns its value.
///
/// The outer job runs `around` around its wait, and `submit` inside that wait.
///
/// The pool has two threads and can start no third one. A third job parks one thread for
/// the whole test.
fn lent<T: Send + 'static>(
    builder: Builder,
    around: impl FnOnce(&mut dyn FnMut()) + Send + 'static,
    submit: impl FnOnce(&Bridge, Job<T>) -> Submitted<T> + Send + 'static,
    job: impl FnOnce() -> T + Send + 'static,
) -> T {
    let bridge = builder.max_threads(1).max_blocked_threads(1);
    let bridge = bridge.build().unwrap();
    let (release, released) = oneshot::channel::<()>();
    let inner = bridge.clone();
    let parked = bridge.offload(move || inner.wait(released).is_err());
    let parked = parked.start();
    while bridge.metrics().blocked == 0 {
        thread::yield_now();
    }
    let inner = bridge.clone();
    let outer = bridge.offload(move || {
        let here = thread::current().id();
        let mut job: Option<Job<T>> =
            Some(Box::new(move || (thread::current().id() == here, job())));
        let mut submit = Some(submit);
        let mut result = None;
        around(&mut || {
            let (submit, job) = (submit.take().unwrap(), job.take().unwrap());
            result = Some(inner.wait(async { submit(&inner, job).await }));
        });
        result.unwrap()
    });
    let (was_lent, value) = bridge.wait(outer);
    assert!(
        was_lent,
        "the job ran on the thread of the job that waits for it"
    );
    drop(release);
    assert!(bridge.wait(parked));
    value
}
