//! Many calls, and nothing that grows with them: threads, descriptors, memory, and
//! references to what the calls captured.
//!
//! `BRIDGE_SOAK` says how many calls each test makes, about. A million calls show a
//! leak of a few bytes a call.
#![cfg(target_os = "linux")]

mod holdings;
mod kinds;

use std::{
    env, fs,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use bridge::{Bridge, Wait, offload, spawn};
use testkit::within_limit;

use self::{
    holdings::Holdings,
    kinds::{KINDS, Stage},
};

/// One test at a time: what is measured is the process's.
static ALONE: Mutex<()> = Mutex::new(());

/// The growth of resident memory that is no leak, in KiB. Allocators keep what was freed.
const SLACK: usize = 2_048;

/// As [`SLACK`], for several threads that call. Each has a heap of its own.
const SLACK_OF_MANY: usize = 8_192;

/// The time in which idle threads must have ended. Tokio's threads take 10 seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// The number of threads that call at a time in the mixture.
const CALLERS: usize = 3;

fn calls() -> usize {
    let wanted = env::var("BRIDGE_SOAK").ok();
    wanted.map_or(10_000, |count| count.parse().expect("a number of calls"))
}

/// Runs `warm_up` and then `body`, and compares what the process holds after each.
///
/// # Errors
///
/// Says what the process holds more than after the warm-up. No reference to the witness
/// may be left that was not there at the beginning.
fn unchanged(
    witness: &Arc<()>,
    slack: usize,
    patience: Duration,
    warm_up: impl FnOnce(),
    body: impl FnOnce(),
) -> Result<(), String> {
    let references = Arc::strong_count(witness);
    warm_up();
    let before = Holdings {
        references,
        ..Holdings::at_rest(witness)
    };
    body();
    let after = Holdings::come_back(&before, witness, slack, patience)?;
    println!("before: {before:?}");
    println!("after:  {after:?}");
    Ok(())
}

/// Makes `count` calls of all kinds from several threads at a time.
fn mixture(stage: &Stage, count: usize) {
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            scope.spawn(move || {
                // Each caller begins elsewhere, so that all kinds meet.
                let first = caller * KINDS.len() / CALLERS;
                let kinds = KINDS.iter().cycle().skip(first);
                for (_, call) in kinds.take(count / CALLERS) {
                    call(stage);
                }
            });
        }
    });
}

#[test]
fn nothing_grows_with_the_number_of_calls_of_a_kind() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = Stage::new();
        let count = calls() / KINDS.len();
        for (kind, call) in KINDS {
            let repeat = |count| (0..count).for_each(|_| call(&stage));
            // All that is made once has been made after the warm-up.
            let ended = unchanged(
                &stage.witness,
                SLACK,
                PATIENCE,
                || repeat(count.min(2_000)),
                || repeat(count),
            );
            assert_eq!(ended, Ok(()), "{kind}");
            println!("soak: {count} calls: {kind}");
        }
    });
}

#[test]
fn nothing_grows_with_the_number_of_calls_of_all_kinds() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = Stage::new();
        let count = calls();
        let ended = unchanged(
            &stage.witness,
            SLACK_OF_MANY,
            PATIENCE,
            || mixture(&stage, count.min(20_000)),
            || mixture(&stage, count),
        );
        assert_eq!(ended, Ok(()));
        println!("soak: {count} calls: a mixture");
    });
}

#[test]
fn the_global_bridge_keeps_nothing_of_threads_that_ended() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let witness = Arc::new(());
        let round = || {
            let (first, second) = (Arc::clone(&witness), Arc::clone(&witness));
            let thread = thread::spawn(|| {
                let sum = async {
                    let job = offload(move || {
                        drop(first);
                        3
                    });
                    let task = spawn(async move {
                        drop(second);
                        4
                    });
                    job.await + task.await.unwrap()
                };
                assert_eq!(sum.wait(), 7);
            });
            thread.join().unwrap();
        };
        let count = calls() / 50;
        let ended = unchanged(
            &witness,
            SLACK,
            PATIENCE,
            || (0..200).for_each(|_| round()),
            || (0..count).for_each(|_| round()),
        );
        assert_eq!(ended, Ok(()));
        println!("soak: {count} calls: threads that end");
    });
}

#[test]
fn nothing_is_left_of_bridges_that_were_shut_down() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let witness = Arc::new(());
        let round = |index: usize| {
            let bridge = Bridge::builder()
                .max_threads(1)
                .worker_threads(1)
                .build()
                .unwrap();
            let (inner, held) = (bridge.clone(), Arc::clone(&witness));
            let job = bridge.offload(move || inner.wait(async move { drop(held) }));
            bridge.wait(job);
            // Every other bridge ends with its last handle.
            if index.is_multiple_of(2) {
                let end = bridge.shutdown(Duration::from_secs(10)).wait();
                assert!(end.running.is_empty(), "{end:?}");
            }
            // Nobody waits for the threads of a bridge that was dropped, so without this
            // hundreds of them would end at a time.
            while Holdings::now(&witness).threads > 40 {
                thread::sleep(Duration::from_millis(1));
            }
        };
        let count = calls() / 200;
        let ended = unchanged(
            &witness,
            SLACK,
            PATIENCE,
            || (0..50).for_each(round),
            || (0..count).for_each(round),
        );
        assert_eq!(ended, Ok(()));
        println!("soak: {count} calls: bridges that end");
    });
}

/// A call that leaks, and the word by which the comparison names what it leaks.
type Leak = fn(&Arc<()>, &mut Vec<Box<dyn std::any::Any>>);

const LEAKS: [(&str, Leak); 4] = [
    ("threads", |_, kept| {
        let (release, held) = mpsc::channel::<()>();
        thread::spawn(move || held.recv());
        kept.push(Box::new(release));
    }),
    ("descriptors", |_, kept| {
        kept.push(Box::new(fs::File::open("/dev/null").unwrap()));
    }),
    ("KiB of memory", |_, kept| {
        // Written, because untouched pages are not resident.
        kept.push(Box::new(vec![1_u8; 1 << 20]));
    }),
    ("references", |witness, kept| {
        kept.push(Box::new(Arc::clone(witness)));
    }),
];

#[test]
fn a_leak_of_each_kind_is_seen() {
    within_limit(Duration::from_mins(10), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let witness = Arc::new(());
        for (what, leak) in LEAKS {
            let mut kept = Vec::new();
            let few = Duration::from_millis(10);
            let ended = unchanged(
                &witness,
                SLACK,
                few,
                || (),
                || (0..8).for_each(|_| leak(&witness, &mut kept)),
            );
            let why = ended.expect_err(what);
            assert!(why.contains(what), "{what}: {why}");
        }
    });
}
