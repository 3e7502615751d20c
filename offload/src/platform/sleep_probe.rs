//! Asks the system whether a thread sleeps.
//!
//! On Linux each thread has a file whose third field is the thread's state. A thread that waits
//! for a lock, a connection or the disk sleeps. A thread that computes is awake, even while it
//! waits for a processor. So the answer depends neither on other threads nor on other processes.
//! An answer costs some microseconds.
//!
//! Other systems have no such file, so their probes do not exist.

/// Asks whether one thread sleeps.
#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(any(bridge_loom, bridge_shuttle))
))]
#[derive(Clone, Debug)]
pub(crate) struct SleepProbe {
    /// The file that tells the thread's state.
    file: std::sync::Arc<str>,
}

#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(any(bridge_loom, bridge_shuttle))
))]
impl SleepProbe {
    /// Returns a probe of the calling thread, if the system has one.
    pub(crate) fn of_this_thread() -> Option<Self> {
        if super::INTERPRETED {
            return None;
        }
        let thread = std::fs::read_link("/proc/thread-self").ok()?;
        let file = format!("/proc/{}/stat", thread.display());
        Some(Self { file: file.into() })
    }

    /// Returns whether the thread sleeps at this moment, if the system tells it.
    pub(crate) fn is_asleep(&self) -> Option<bool> {
        use std::{fs::File, io::Read};

        // The number of the process, and a name of at most 15 bytes, come before the state.
        let mut start = [0; 64];
        let length = File::open(&*self.file).ok()?.read(&mut start).ok()?;
        is_asleep_in(&start[..length])
    }
}

/// There is none: the system has no such file, or in a model nothing may depend on the machine.
#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    not(any(bridge_loom, bridge_shuttle))
)))]
#[derive(Clone, Debug)]
pub(crate) enum SleepProbe {}

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    not(any(bridge_loom, bridge_shuttle))
)))]
impl SleepProbe {
    pub(crate) fn of_this_thread() -> Option<Self> {
        None
    }

    pub(crate) fn is_asleep(&self) -> Option<bool> {
        match *self {}
    }
}

/// Returns whether at most a quarter of the threads is awake. So their jobs block.
pub(crate) fn most_sleep(probes: &[SleepProbe]) -> bool {
    #[cfg(bridge_shuttle)]
    if super::sync::toss(2) {
        return true;
    }
    // In loom's world all running jobs block.
    cfg!(bridge_loom)
        || most_are(
            probes.len(),
            probes.iter().filter_map(SleepProbe::is_asleep),
        )
}

/// Returns whether there are answers and at most a quarter of them is no. No more than `asked`
/// come. Each takes a while, so the rest is left out once too many are no.
fn most_are(asked: usize, answers: impl Iterator<Item = bool>) -> bool {
    let (mut yes, mut no) = (0, 0);
    for is in answers {
        yes += usize::from(is);
        no += usize::from(!is);
        if 4 * no > asked {
            return false;
        }
    }
    yes > 0 && 4 * no <= yes + no
}

/// Reads whether the thread sleeps from the start of its file. The name may contain anything,
/// so the state comes after the last parenthesis.
#[cfg(all(
    any(test, target_os = "linux", target_os = "android"),
    not(any(bridge_loom, bridge_shuttle))
))]
fn is_asleep_in(start: &[u8]) -> Option<bool> {
    let name_ends = start.iter().rposition(|&byte| byte == b')')?;
    match start.get(name_ends + 2)? {
        b'S' | b'D' => Some(true),
        _ => Some(false),
    }
}

#[cfg(all(test, not(any(bridge_loom, bridge_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn the_state_comes_after_the_name() {
        for (start, expected) in [
            ("12 (worker) S 1 12", Some(true)),
            ("12 (worker) D 1 12", Some(true)),
            ("12 (worker) R 1 12", Some(false)),
            ("12 (worker) T 1 12", Some(false)),
            ("12 (a) S) R 1 12", Some(false)),
            ("12 (worker)", None),
            ("12", None),
            ("", None),
        ] {
            assert_eq!(is_asleep_in(start.as_bytes()), expected, "{start:?}");
        }
    }

    /// Otherwise one job that computes keeps a pool of blocked jobs from growing, or a pool grows
    /// although half of its jobs compute.
    #[test]
    fn most_threads_sleep_if_a_quarter_is_awake() {
        for (asleep, awake, expected) in [
            (8, 0, true),
            (6, 2, true),
            (5, 3, false),
            (4, 4, false),
            (0, 8, false),
            (1, 0, true),
            (3, 1, true),
            (2, 1, false),
            (0, 0, false),
        ] {
            let threads = [(true, asleep), (false, awake)];
            let threads = threads.into_iter();
            let all = threads.flat_map(|(state, count)| std::iter::repeat_n(state, count));
            assert_eq!(
                most_are(asleep + awake, all),
                expected,
                "{asleep} of {awake}"
            );
        }
        let unknown = [true, false, false].into_iter();
        assert!(!most_are(8, unknown), "five threads did not answer");
    }

    /// Otherwise a pool grows although its jobs compute, or does not grow although they block.
    #[cfg(all(target_os = "linux", not(miri)))]
    #[test]
    fn a_thread_sleeps_while_it_waits_and_not_while_it_runs() {
        use std::{
            hint,
            sync::{
                Arc,
                atomic::{AtomicBool, Ordering},
                mpsc,
            },
            thread,
            time::Duration,
        };

        testkit::within(|| {
            let (tell, told) = mpsc::channel();
            let (end, held) = mpsc::channel::<()>();
            let tell_other = tell.clone();
            let waits = thread::spawn(move || {
                tell.send(SleepProbe::of_this_thread()).unwrap();
                held.recv().is_err()
            });
            let waiting = told.recv().unwrap().expect("Linux has such a file");
            let ends = Arc::new(AtomicBool::new(false));
            let seen = Arc::clone(&ends);
            let spins = thread::spawn(move || {
                tell_other.send(SleepProbe::of_this_thread()).unwrap();
                while !seen.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            });
            let spinning = told.recv().unwrap().expect("Linux has such a file");
            while waiting.is_asleep() != Some(true) {
                thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(spinning.is_asleep(), Some(false));
            ends.store(true, Ordering::Relaxed);
            drop(end);
            assert!(waits.join().unwrap());
            spins.join().unwrap();
        });
    }
}
