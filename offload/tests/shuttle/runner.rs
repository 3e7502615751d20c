//! Runs a scenario under each scheduler, and prints the command that repeats a failure.

use std::{
    any::type_name,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    process,
    str::FromStr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bridge_offload::model;
use shuttle::{
    Config, FailurePersistence, MaxSteps, Runner,
    rand::{Rng, thread_rng},
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler},
};

use crate::{
    scheduler::{Clocked, mix, set_haste},
    world,
};

/// The number of schedules under each scheduler, if no time and no number is set.
const ITERATIONS: usize = 200;

/// The number of schedules from one seed. A scheduler that stops halfway would print its
/// seed as a seed that failed.
const BATCH: usize = 20;

/// A run of more steps than this has a livelock. The longest good runs take a tenth.
const STEPS: usize = 100_000;

/// Each execution draws one of these values: see [`set_haste`]. Half of them are patient.
const HASTES: [u64; 4] = [0, 0, 48, 8];

/// The depths of the scheduler PCT: the numbers of preemptions that it places.
const DEPTHS: [usize; 3] = [3, 4, 5];

static SEED: LazyLock<u64> = LazyLock::new(|| {
    let seed = number("SHUTTLE_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        mix(now.map_or(0, |now| now.as_secs() ^ u64::from(now.subsec_nanos()) << 32)) >> 32
    });
    println!("SHUTTLE_SEED={seed}");
    seed
});

/// Returns the number that a variable holds.
fn number<T: FromStr>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} must be a number, not {text:?}")))
}

/// The time, or the number of schedules, that one scheduler has for a scenario.
#[derive(Clone, Copy)]
enum Share {
    Time(Duration),
    Schedules(usize),
}

impl Share {
    fn from_env() -> Self {
        match number("SHUTTLE_SECONDS") {
            Some(seconds) => {
                let schedulers = u32::try_from(1 + DEPTHS.len()).expect("a few");
                Self::Time(Duration::from_secs_f64(seconds) / schedulers)
            }
            None => Self::Schedules(number("SHUTTLE_ITERATIONS").unwrap_or(ITERATIONS)),
        }
    }

    /// Returns the number of schedules to try next, or zero at the end.
    fn next_batch(self, tried: usize, time: Duration) -> usize {
        match self {
            Self::Time(limit) if tried == 0 || time < limit => BATCH,
            Self::Time(_) => 0,
            Self::Schedules(number) => number.saturating_sub(tried).min(BATCH),
        }
    }
}

/// Runs a scenario in many orders of steps, and prints how many.
pub(crate) fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let name = name_of(&scenario);
    let schedules = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&schedules);
    let execution = move || {
        model::reset();
        world::reset();
        set_haste(HASTES[thread_rng().gen_range(0..HASTES.len())]);
        scenario();
        world::check_that_all_ended();
        count.fetch_add(1, Ordering::Relaxed);
    };
    let execution = Arc::new(execution);
    if let Ok(file) = env::var("SHUTTLE_REPLAY") {
        let mut replay = ReplayScheduler::new_from_file(file).expect("a schedule");
        replay.set_allow_incomplete();
        run(replay, &execution);
        let passed = schedules.load(Ordering::Relaxed) > 0;
        let how = if passed {
            "passed"
        } else {
            "ended before the execution"
        };
        println!("{name}: the schedule {how}");
        return;
    }
    let ended = catch_unwind(AssertUnwindSafe(|| {
        try_under(&name, 0, |seed, batch| {
            run(
                Clocked::new(RandomScheduler::new_from_seed(seed, batch), seed),
                &execution,
            );
        });
        for depth in DEPTHS {
            try_under(&name, depth, |seed, batch| {
                let pct = PctScheduler::new_from_seed(seed, depth, batch);
                run(Clocked::new(pct, seed), &execution);
            });
        }
    }));
    let schedules = schedules.load(Ordering::Relaxed);
    match ended {
        Ok(()) => println!("{name}: {schedules} schedules"),
        Err(payload) => {
            report(&name, schedules);
            resume_unwind(payload);
        }
    }
}

/// Tries batch after batch under one scheduler, each with a seed of its own.
fn try_under(name: &str, scheduler: usize, batch: impl Fn(u64, usize)) {
    let (share, start) = (Share::from_env(), Instant::now());
    let mut tried = 0;
    loop {
        let next = share.next_batch(tried, start.elapsed());
        if next == 0 {
            return;
        }
        batch(seed_for(&(name, scheduler, tried)), next);
        tried += next;
    }
}

/// Returns `module::test`, the name that libtest uses.
fn name_of<F>(_: &F) -> String {
    let path = type_name::<F>().trim_end_matches("::{{closure}}");
    path.split_once("::")
        .map_or(path, |(_, name)| name)
        .to_owned()
}

fn seed_for(part: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    mix(*SEED ^ hasher.finish())
}

fn run<S: Scheduler + 'static>(scheduler: S, execution: &Arc<impl Fn() + Send + Sync + 'static>) {
    let execution = Arc::clone(execution);
    Runner::new(scheduler, config()).run(move || execution());
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = 128 * 1024;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::File(Some(directory().to_owned()));
    config
}

/// Returns the directory where this process leaves the schedules that failed.
fn directory() -> &'static Path {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(process::id().to_string());
        fs::create_dir_all(&path).expect("a directory for the schedules");
        path
    });
    &DIRECTORY
}

/// Prints the command that repeats the failure.
fn report(name: &str, before: usize) {
    println!(
        "{name}: failed after {before} schedules with SHUTTLE_SEED={}",
        *SEED
    );
    let schedules = fs::read_dir(directory()).into_iter().flatten().flatten();
    // The longest record describes the whole execution.
    let last = schedules.map(|entry| entry.path()).max();
    if let Some(file) = last {
        println!(
            "to repeat it:\nSHUTTLE_REPLAY={} RUSTFLAGS=\"--cfg bridge_shuttle\" cargo test \
             --release --target-dir target/shuttle -p bridge-offload --test shuttle -- \
             --exact {name} --nocapture",
            file.display()
        );
    }
}
