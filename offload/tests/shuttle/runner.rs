//! How a scenario is run: under which schedulers, how long, and how it is repeated.

use std::{
    any::type_name,
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
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

/// Without a time or a number: so many schedules under each scheduler.
const ITERATIONS: usize = 300;

/// A run of more steps than this has a livelock. The longest good ones take a tenth.
const STEPS: usize = 100_000;

/// How often a hasty execution lets a limit pass: one step in so many. Zero: never
/// while a thread can run.
const HASTES: [u64; 4] = [0, 0, 48, 8];

/// The depths of PCT: how many preemptions it places.
const DEPTHS: [usize; 3] = [3, 4, 5];

static SEED: LazyLock<u64> = LazyLock::new(|| {
    let seed = number("SHUTTLE_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        mix(now.map_or(0, |now| now.as_micros() as u64)) >> 32
    });
    println!("SHUTTLE_SEED={seed}");
    seed
});

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} must be a number, not {text:?}")))
}

/// Runs a scenario in many orders of steps, and prints how many.
pub(crate) fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let name = name_of(&scenario);
    let schedules = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&schedules);
    let execution = move || {
        model::reset();
        world::reset();
        let haste = HASTES[thread_rng().gen_range(0..HASTES.len())];
        set_haste(haste);
        scenario();
        world::check_that_all_ended();
        count.fetch_add(1, Ordering::Relaxed);
    };
    let execution = Arc::new(execution);
    if let Ok(file) = env::var("SHUTTLE_REPLAY") {
        let mut replay = ReplayScheduler::new_from_file(file).expect("a schedule");
        replay.set_allow_incomplete();
        run(replay, config(None), &execution);
        let passed = schedules.load(Ordering::Relaxed) > 0;
        let how = if passed {
            "passed"
        } else {
            "ended before the execution"
        };
        println!("{name}: the schedule {how}");
        return;
    }
    let time = number("SHUTTLE_SECONDS").map(Duration::from_secs);
    let iterations = match time {
        Some(_) => usize::MAX,
        None => number("SHUTTLE_ITERATIONS").map_or(ITERATIONS, |number| number as usize),
    };
    let share = config(time.map(|time| time / (1 + DEPTHS.len() as u32)));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let seed = seed_for(&name, 0);
        let random = RandomScheduler::new_from_seed(seed, iterations);
        run(Clocked::new(random, seed), share.clone(), &execution);
        for depth in DEPTHS {
            let seed = seed_for(&name, depth);
            let pct = PctScheduler::new_from_seed(seed, depth, iterations);
            run(Clocked::new(pct, seed), share.clone(), &execution);
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

/// `module::test`, as libtest calls it.
fn name_of<F>(_: &F) -> String {
    let path = type_name::<F>().trim_end_matches("::{{closure}}");
    path.split_once("::")
        .map_or(path, |(_, name)| name)
        .to_owned()
}

fn seed_for(name: &str, scheduler: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, scheduler).hash(&mut hasher);
    mix(*SEED ^ hasher.finish())
}

fn run<S: Scheduler + 'static>(
    scheduler: S,
    config: Config,
    execution: &Arc<impl Fn() + Send + Sync + 'static>,
) {
    let execution = Arc::clone(execution);
    Runner::new(scheduler, config).run(move || execution());
}

fn config(time: Option<Duration>) -> Config {
    let mut config = Config::new();
    config.stack_size = 128 * 1024;
    config.max_steps = MaxSteps::FailAfter(STEPS);
    config.max_time = time;
    config.silence_warnings = true;
    config.failure_persistence = FailurePersistence::File(Some(directory().to_owned()));
    config
}

/// Where this process leaves the schedules that failed.
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
    // The longest record is the one of the whole execution.
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
