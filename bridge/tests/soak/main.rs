//! Many calls, and nothing that grows with them: threads, descriptors, memory, and
//! references to what the calls captured.
//!
//! `BRIDGE_SOAK` says how many calls each test makes, about. With any number, a test sees a
//! leak of 64 bytes per call of one kind.
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
use testkit::{
    memory::{Memory, ROUNDS},
    within_limit,
};

use self::{
    holdings::Holdings,
    kinds::{Call, KINDS, Stage},
};

#[global_allocator]
static MEMORY: Memory = Memory::new();

/// One test at a time: what is measured is the process's.
static ALONE: Mutex<()> = Mutex::new(());

/// The growth of resident memory that is no leak, in KiB. Allocators keep what was freed.
/// [`MEMORY`] counts exactly, but it does not count stacks and what C functions allocate.
const SLACK: usize = 2_048;

/// As [`SLACK`], for several threads that call. Each has a heap of its own.
const SLACK_OF_MANY: usize = 8_192;

/// The time in which idle threads must have ended. Tokio's threads take 10 seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// The number of threads that call at a time in the mixture.
const CALLERS: usize = 3;

/// The smallest number of bridges in a round. The tables of bridges drop what has ended at every
/// 16th entry, so a round may end with 3 KiB more than the one before. That must not look like a
/// leak of 32 bytes per bridge.
const FEWEST_BRIDGES: usize = 320;

/// The number of calls that a test makes, unless `BRIDGE_SOAK` sets another.
const FEW: usize = 10_000;

fn calls() -> usize {
    let wanted = env::var("BRIDGE_SOAK").ok();
    wanted.map_or(FEW, |count| count.parse().expect("a number of calls"))
}

/// Returns the number of calls in each round of a test that makes `count` of them.
fn in_a_round(count: usize) -> usize {
    (count / ROUNDS).max(1)
}

/// The limits of a comparison.
struct Limits {
    /// The number of calls of one kind in a round.
    calls: usize,
    slack: usize,
    patience: Duration,
}

impl Limits {
    fn of(calls: usize) -> Self {
        Self {
            calls,
            slack: SLACK,
            patience: PATIENCE,
        }
    }
}

/// Runs `warm_up` and then `round`, several times. Compares what the process holds.
///
/// # Errors
///
/// Says what the process holds more than after the warm-up. No reference to the witness
/// may be left that was not there at the beginning.
fn unchanged(
    witness: &Arc<()>,
    limits: &Limits,
    warm_up: impl FnOnce(),
    mut round: impl FnMut(),
) -> Result<(), String> {
    let references = Arc::strong_count(witness);
    warm_up();
    let before = Holdings {
        references,
        ..Holdings::at_rest(witness)
    };
    let mut after = Ok(before.clone());
    let grown = MEMORY.check(limits.calls, || {
        round();
        after = Holdings::come_back(&before, witness, limits.slack, limits.patience);
    });
    println!("before: {before:?}");
    println!("after:  {:?}", after?);
    grown
}

/// Makes `count` calls of one kind.
fn repeat(stage: &Stage, call: Call, count: usize) {
    (0..count).for_each(|_| call(stage));
}

/// Makes about `count` calls of one kind, and compares.
fn one_kind(stage: &Stage, call: Call, count: usize) -> Result<(), String> {
    let calls = in_a_round(count);
    unchanged(
        &stage.witness,
        &Limits::of(calls),
        // All that is made once has been made after the warm-up.
        || repeat(stage, call, count.min(2_000)),
        || repeat(stage, call, calls),
    )
}

/// Makes `count` calls of all kinds from several threads at a time.
fn mixture(stage: &Stage, kinds: &[(&str, Call)], count: usize) {
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            scope.spawn(move || {
                // Each caller begins elsewhere, so that all kinds meet.
                let first = caller * kinds.len() / CALLERS;
                let kinds = kinds.iter().cycle().skip(first);
                for (_, call) in kinds.take(count / CALLERS) {
                    call(stage);
                }
            });
        }
    });
}

/// Makes about `count` calls of these kinds, and compares.
fn all_kinds(stage: &Stage, kinds: &[(&str, Call)], count: usize) -> Result<(), String> {
    let calls = in_a_round(count);
    let limits = Limits {
        slack: SLACK_OF_MANY,
        ..Limits::of(calls / kinds.len())
    };
    unchanged(
        &stage.witness,
        &limits,
        || mixture(stage, kinds, count.min(20_000)),
        || mixture(stage, kinds, calls),
    )
}

#[test]
fn nothing_grows_with_the_number_of_calls_of_a_kind() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = Stage::new();
        let count = calls() / KINDS.len();
        for (kind, call) in KINDS {
            assert_eq!(one_kind(&stage, *call, count), Ok(()), "{kind}");
            println!("soak: {count} calls: {kind}");
        }
    });
}

#[test]
fn nothing_grows_with_the_number_of_calls_of_all_kinds() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let count = calls();
        assert_eq!(all_kinds(&Stage::new(), KINDS, count), Ok(()));
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
        let calls = in_a_round(count);
        let ended = unchanged(
            &witness,
            &Limits::of(calls),
            || (0..200).for_each(|_| round()),
            || (0..calls).for_each(|_| round()),
        );
        assert_eq!(ended, Ok(()));
        println!("soak: {count} calls: threads that end");
    });
}

/// The name of the workers of a bridge that ends.
const WORKERS: &str = "soaked";

/// Counts the workers named [`WORKERS`], and the threads of homes. The number of all threads says
/// nothing, because idle threads of the tests before this one end meanwhile.
fn threads_of_bridges() -> usize {
    holdings::count_threads(|name| name == WORKERS || name == "bridge-home")
}

#[test]
fn nothing_is_left_of_bridges_that_were_shut_down() {
    within_limit(Duration::from_hours(1), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let witness = Arc::new(());
        let call = |index: usize, others: usize| {
            // A permit stays free. Without one the pool starts its monitor, which lives for a
            // second.
            let bridge = Bridge::builder()
                .max_threads(2)
                .worker_threads(1)
                .thread_name(WORKERS)
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
            // Nobody else waits for the threads of a bridge that was dropped.
            drop(bridge);
            while threads_of_bridges() > others {
                thread::sleep(Duration::from_micros(200));
            }
        };
        let calls = in_a_round(calls() / 200).max(FEWEST_BRIDGES);
        // The bridge of the test before this one has ended by then.
        let _at_rest = Holdings::at_rest(&witness);
        let others = threads_of_bridges();
        let repeat = || (0..calls).for_each(|index| call(index, others));
        let ended = unchanged(&witness, &Limits::of(calls), repeat, repeat);
        assert_eq!(ended, Ok(()));
        println!("soak: {} calls: bridges that end", ROUNDS * calls);
    });
}

/// A wait that leaks 64 bytes.
fn leaking(stage: &Stage) {
    static LEAKED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    let leak = async { LEAKED.lock().unwrap().push(vec![1; 64]) };
    stage.bridge.wait(leak);
}

#[test]
fn a_leak_of_64_bytes_in_the_calls_of_one_kind_is_seen() {
    within_limit(Duration::from_mins(10), || {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let stage = Stage::new();
        let why = one_kind(&stage, leaking, FEW / KINDS.len()).unwrap_err();
        assert!(why.contains("bytes more"), "{why}");
        let mut kinds = KINDS.to_vec();
        kinds.push(("a wait that leaks", leaking));
        let why = all_kinds(&stage, &kinds, FEW).unwrap_err();
        assert!(why.contains("bytes more"), "{why}");
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
            let few = Limits {
                patience: Duration::from_millis(10),
                ..Limits::of(8)
            };
            let round = || (0..8).for_each(|_| leak(&witness, &mut kept));
            let ended = unchanged(&witness, &few, || (), round);
            let why = ended.expect_err(what);
            assert!(why.contains(what), "{what}: {why}");
        }
    });
}
