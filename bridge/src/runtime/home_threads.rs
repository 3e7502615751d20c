//! The threads of a home runtime. The exit of the process waits for them, and so does a
//! shutdown in one of them.
//!
//! When a Tokio runtime ends, each of its threads finishes the blocking task that it
//! runs, and the queued tasks of `tokio::fs` and `tokio::io`. Then the thread ends. So
//! the blocking tasks are finished when no thread is left. Tokio has no public count of
//! its threads that outlives the [`Runtime`], so hooks count them here. The count also
//! outlives a bridge that is dropped before the exit.
//!
//! [`Runtime`]: tokio::runtime::Runtime

use std::{
    cell::Cell,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use offload_pool::exit::{self, BeforeExit, ProcessExit, Turn};
use tokio::runtime::Builder;

/// The threads' name.
const NAME: &str = "bridge-home";

/// The time from the first look at the count to the second. It doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_micros(50);

/// The longest time from look to look.
const LONGEST: Duration = Duration::from_millis(5);

/// If no thread starts for this long, the system has refused those that Tokio asked for.
const START: Duration = Duration::from_millis(100);

/// The time that threads without a blocking task have to end if the grace is over.
const TIME_TO_END: Duration = Duration::from_millis(200);

thread_local! {
    /// The mark of the home runtime whose thread this is, or 0.
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// Counts the threads of one home runtime.
pub(crate) struct Threads {
    exit_grace: Duration,
    /// The threads that Tokio has asked the system for. They are counted in `thread_name_fn`,
    /// which Tokio calls just before it starts a thread.
    asked: AtomicUsize,
    started: AtomicUsize,
    ended: AtomicUsize,
    /// Whether the exit of the process has waited for the threads.
    were_waited_for: AtomicBool,
}

impl Threads {
    /// Makes the count, and registers it with the exit of the process, unless the grace is zero.
    pub(crate) fn new(exit_grace: Duration) -> Arc<Self> {
        let threads = Arc::new(Self {
            exit_grace,
            asked: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            were_waited_for: AtomicBool::new(false),
        });
        if !exit_grace.is_zero() {
            let entry: Arc<dyn BeforeExit> = Arc::clone(&threads) as _;
            let entry: Weak<dyn BeforeExit> = Arc::downgrade(&entry);
            exit::register(entry);
        }
        threads
    }

    /// Counts the threads of the runtime that `builder` builds. The runtime keeps the count
    /// alive until its last thread has ended.
    pub(crate) fn count(self: &Arc<Self>, builder: &mut Builder) {
        let [asked, started, ended] = [(); 3].map(|()| Arc::clone(self));
        builder
            .thread_name_fn(move || {
                asked.asked.fetch_add(1, Ordering::SeqCst);
                NAME.to_owned()
            })
            .on_thread_start(move || {
                HERE.set(started.mark());
                if !started.exit_grace.is_zero() {
                    exit::mark_thread(started.mark());
                }
                started.started.fetch_add(1, Ordering::SeqCst);
            })
            .on_thread_stop(move || {
                ended.ended.fetch_add(1, Ordering::SeqCst);
            });
    }

    /// Returns the number that marks the threads of this runtime.
    fn mark(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Returns how many of these threads this thread is: one or none.
    pub(crate) fn here(&self) -> usize {
        usize::from(HERE.get() == self.mark())
    }

    /// Waits until at most `own` threads are left. Returns how many more are left at the
    /// deadline.
    pub(crate) fn wait(&self, own: usize, until: Option<Instant>) -> usize {
        let mut pause = FIRST;
        let mut since = Instant::now();
        let mut seen = usize::MAX;
        loop {
            let ended = self.ended.load(Ordering::SeqCst);
            let started = self.started.load(Ordering::SeqCst);
            let asked = self.asked.load(Ordering::SeqCst);
            let alive = (started - ended).saturating_sub(own);
            let now = Instant::now();
            if started != seen {
                (seen, since) = (started, now);
            }
            let is_starting = asked > started && now.saturating_duration_since(since) < START;
            if alive == 0 && !is_starting {
                return 0;
            }
            if until.is_some_and(|until| until <= now) {
                return alive;
            }
            thread::sleep(pause);
            pause = longer(pause);
        }
    }
}

/// Returns the time to the next look, from the time to the last.
fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST)
}

impl BeforeExit for Threads {
    fn grace(&self) -> Duration {
        self.exit_grace
    }

    fn begin(
        self: Arc<Self>,
        exit: &Arc<ProcessExit>,
        turn: Turn,
    ) -> Option<Box<dyn FnOnce() + Send>> {
        // The exit may take this turn again. It has waited for these threads then.
        if turn != Turn::RuntimeThreads || self.were_waited_for.swap(true, Ordering::Relaxed) {
            return None;
        }
        // The thread that calls `exit` can't end before the exit does. If it is a thread of this
        // runtime, the count leaves it out.
        let own = usize::from(exit.mark() == self.mark());
        let until = exit.deadline(self.exit_grace);
        Some(Box::new(move || {
            // A stuck job may have used up the grace, and then no thread has had time to end.
            let least = Instant::now() + TIME_TO_END;
            let left = self.wait(own, until.map(|until| until.max(least)));
            if left > 0 {
                tracing::warn!(
                    threads = left,
                    grace = ?self.exit_grace,
                    "the process exits while threads of a home runtime still run blocking tasks; \
                     allow them more time with `exit_grace`, or end them first"
                );
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use testkit::within;

    use super::*;

    /// Otherwise the exit waits for its whole grace if the system had no thread.
    #[test]
    fn a_thread_that_the_system_has_refused_is_not_waited_for() {
        within(|| {
            let threads = Threads::new(Duration::from_secs(20));
            threads.asked.store(1, Ordering::SeqCst);
            assert_eq!(threads.wait(0, None), 0);
        });
    }

    /// Otherwise a thread that starts and ends between two reads makes the count negative.
    #[test]
    fn a_thread_is_never_counted_as_ended_before_it_started() {
        /// Ends the other thread also if the count panics.
        struct EndsOther<'a>(&'a AtomicBool);
        impl Drop for EndsOther<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }

        within(|| {
            let threads = Threads::new(Duration::ZERO);
            let is_over = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        threads.asked.fetch_add(1, Ordering::SeqCst);
                        threads.started.fetch_add(1, Ordering::SeqCst);
                        threads.ended.fetch_add(1, Ordering::SeqCst);
                    }
                });
                let _ends = EndsOther(&is_over);
                let now = Instant::now();
                // On a busy machine the two threads rarely run at the same time.
                while now.elapsed() < Duration::from_millis(500) {
                    let most = (0..50_000).map(|_| threads.wait(0, Some(now))).max();
                    assert!(most < Some(usize::MAX / 2), "{most:?}");
                }
            });
        });
    }

    /// Otherwise the exit sees late that the last thread has ended, or looks all the time.
    #[test]
    fn looks_grow_rarer_up_to_a_bound() {
        assert_eq!(longer(FIRST), 2 * FIRST);
        assert_eq!(longer(LONGEST), LONGEST);
    }

    /// Otherwise the exit would lose a blocking task that has just been submitted.
    #[test]
    fn a_thread_that_is_about_to_start_is_waited_for() {
        let step = || thread::sleep(Duration::from_millis(10));
        let is_waited_for = |_| {
            let threads = Threads::new(Duration::from_secs(20));
            threads.asked.store(1, Ordering::SeqCst);
            let counted = Arc::clone(&threads);
            let runs = thread::spawn(move || {
                step();
                counted.started.store(1, Ordering::SeqCst);
                step();
                counted.ended.store(1, Ordering::SeqCst);
            });
            let left = threads.wait(0, None);
            let ended = threads.ended.load(Ordering::SeqCst);
            runs.join().unwrap();
            (left, ended) == (0, 1)
        };
        // On a busy machine the thread may start too late, but not each time.
        assert!((0..5).any(is_waited_for));
    }
}
