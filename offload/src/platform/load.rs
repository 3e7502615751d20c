//! Tells whether the machine has processors to spare.
//!
//! A spinning worker takes the next job sooner, as long as its processor has nothing else to
//! do. On a busy machine it takes time from the very server that the pool works for. So a
//! worker asks how many threads want to run before it spins, and so does a thread that waits. The fourth figure of
//! `/proc/loadavg` counts them at that moment. All threads of the process share the answer,
//! and one of them asks again when the answer is old.
//!
//! Other systems have no such file, so their machines count as idle.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// An answer is old after this time.
const FRESH: Duration = Duration::from_millis(10);

/// The answer of the system, which all threads of the process share.
static LOAD: Load = Load::new();

/// Returns whether clearly more threads want to run than there are processors. The caller
/// passes the time, which saves a look at the clock.
#[must_use]
pub fn is_busy(now: Instant) -> bool {
    refresh(now);
    was_busy()
}

/// Asks again if the last answer is old at the time `now`.
pub fn refresh(now: Instant) {
    LOAD.refresh(micros(now.saturating_duration_since(start())), || {
        runnable().is_some_and(|runnable| is_clearly_more(runnable, processors()))
    });
}

/// Returns the last answer, however old.
#[must_use]
#[inline]
pub fn was_busy() -> bool {
    LOAD.is_busy.load(Ordering::Relaxed)
}

/// An answer, and the time of its question.
struct Load {
    /// In microseconds since [`start`].
    asked_at: AtomicU64,
    is_busy: AtomicBool,
}

impl Load {
    const fn new() -> Self {
        Self {
            asked_at: AtomicU64::new(0),
            is_busy: AtomicBool::new(false),
        }
    }

    /// Asks again if the answer is old at the time `now`, in microseconds.
    fn refresh(&self, now: u64, ask: impl FnOnce() -> bool) {
        let asked_at = self.asked_at.load(Ordering::Relaxed);
        // A thread that loses the exchange uses the old answer once more.
        if now.saturating_sub(asked_at) >= micros(FRESH)
            && (self.asked_at)
                .compare_exchange(asked_at, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            self.is_busy.store(ask(), Ordering::Relaxed);
        }
    }
}

/// Returns a time before every answer.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(|| {
        let now = Instant::now();
        // The answer that is there at the start counts as old.
        now.checked_sub(FRESH).unwrap_or(now)
    })
}

/// Returns the number of processors that this process may use, as it was at the first call.
///
/// On Linux the standard library opens several files for each answer, which takes as long as
/// a thread takes to start.
pub(crate) fn processors() -> usize {
    // Not a `OnceLock`: a fork's child would wait for the parent's thread that initialises it.
    static PROCESSORS: AtomicUsize = AtomicUsize::new(0);
    let mut processors = PROCESSORS.load(Ordering::Relaxed);
    if processors == 0 {
        processors = thread::available_parallelism().map_or(1, usize::from);
        PROCESSORS.store(processors, Ordering::Relaxed);
    }
    processors
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Returns the number of threads that want to run at this moment, this one included, if the
/// system tells it.
#[cfg(all(target_os = "linux", not(any(bridge_loom, bridge_shuttle))))]
fn runnable() -> Option<usize> {
    use std::{fs::File, io::Read};

    let mut text = [0; 64];
    let length = File::open("/proc/loadavg").ok()?.read(&mut text).ok()?;
    runnable_in(std::str::from_utf8(&text[..length]).ok()?)
}

/// Returns whether clearly more threads want to run than there are processors.
///
/// A single extra thread is usually gone soon, such as a runtime's worker that looks for
/// work.
fn is_clearly_more(runnable: usize, processors: usize) -> bool {
    runnable > processors + 1
}

/// Returns nothing: the system does not tell it, and in a model nothing may depend on the
/// machine.
#[cfg(not(all(target_os = "linux", not(any(bridge_loom, bridge_shuttle)))))]
fn runnable() -> Option<usize> {
    None
}

/// Reads the number of threads that want to run, including this one, from the file's
/// text.
#[cfg(all(any(test, target_os = "linux"), not(any(bridge_loom, bridge_shuttle))))]
fn runnable_in(text: &str) -> Option<usize> {
    let (runnable, _all) = text.split(' ').nth(3)?.split_once('/')?;
    runnable.parse().ok()
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use std::{hint, sync::Arc};

    use super::*;

    #[test]
    fn the_fourth_figure_counts_those_that_want_to_run() {
        for (text, expected) in [
            ("0.46 0.60 0.58 3/1142 90913\n", Some(3)),
            ("12.00 0.60 0.58 17/90 1\n", Some(17)),
            ("0.46 0.60", None),
            ("a b c d e", None),
            ("", None),
        ] {
            assert_eq!(runnable_in(text), expected, "{text:?}");
        }
    }

    /// Otherwise workers never spin again after a busy moment, or ask at each spin.
    #[test]
    fn an_answer_holds_until_it_is_old() {
        let load = Load::new();
        let fresh = micros(FRESH);
        let answer_at = |now, answer| {
            load.refresh(now, || answer);
            load.is_busy.load(Ordering::Relaxed)
        };
        assert!(answer_at(fresh, true));
        assert!(answer_at(2 * fresh - 1, false), "the answer is not old");
        assert!(!answer_at(2 * fresh, false));
        assert!(!answer_at(2 * fresh + 1, true), "the answer is not old");
    }

    /// Otherwise workers do not spin beside one thread that looks for work for a moment.
    #[test]
    fn a_single_extra_thread_makes_no_machine_busy() {
        for (runnable, is_busy) in [(1, false), (2, false), (3, false), (4, true)] {
            assert_eq!(is_clearly_more(runnable, 2), is_busy, "{runnable}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn more_threads_than_processors_are_noticed() {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let ends = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..processors + 2)
            .map(|_| {
                let ends = Arc::clone(&ends);
                thread::spawn(move || {
                    while !ends.load(Ordering::Relaxed) {
                        hint::spin_loop();
                    }
                })
            })
            .collect();
        let since = Instant::now();
        while !is_busy(Instant::now()) {
            assert!(since.elapsed() < Duration::from_secs(10), "never noticed");
            thread::yield_now();
        }
        ends.store(true, Ordering::Relaxed);
        for thread in busy {
            thread.join().unwrap();
        }
    }
}
