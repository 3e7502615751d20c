//! Property tests: random cases, each under a time limit, that are counted, that
//! shrink, and that one command repeats.
//!
//! | variable | what it sets |
//! |---|---|
//! | `PROPTEST_CASES` | the number of cases of each test |
//! | `PROPTEST_RNG_SEED` | the seed of the cases, to repeat a failure |
//! | `PROPERTY_SECONDS` | a time to fill with cases instead, from one seed after the other |
//!
//! Each test prints `name: N cases`. Its failure prints the smallest case, and the
//! command that repeats it. No file keeps failing seeds, because a seed means another
//! case after each change of a strategy. A mended failure gets a test of its own.

use std::{
    cell::Cell,
    collections::hash_map::RandomState,
    env,
    fmt::Write as _,
    hash::{BuildHasher as _, Hasher as _},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use proptest::{
    strategy::Strategy,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner},
};

use crate::panic_text;

/// No case takes nearly as long.
const LIMIT: Duration = Duration::from_secs(30);

/// The limit once a case has failed, so that one that hangs can be made smaller in
/// many steps. Only how far it shrinks depends on this limit.
const LIMIT_WHILE_SHRINKING: Duration = Duration::from_secs(1);

/// The number of tries for a smaller case. Few failures of threads come every time.
const TRIES_WHILE_SHRINKING: u32 = 4;

/// The time that a failing case is made smaller for, in milliseconds.
const SHRINKING: u32 = 60_000;

/// Runs `check` with `cases` random values, unless the environment says otherwise.
///
/// Each case runs on a thread of its own. A case fails if `check` returns an error,
/// panics, or does not end.
///
/// # Panics
///
/// With the smallest failing case that was found, and how to repeat it.
pub fn holds<S>(
    cases: u32,
    values: &S,
    check: impl Fn(S::Value) -> Result<(), String> + Send + Sync + 'static,
) where
    S: Strategy,
    S::Value: Clone + Send + 'static,
{
    let runner = Runner::new(check, LIMIT);
    let cases = setting("PROPTEST_CASES").map_or(cases, |cases| {
        u32::try_from(cases).expect("PROPTEST_CASES has 32 bits")
    });
    let seed = setting("PROPTEST_RNG_SEED").unwrap_or_else(any_seed);
    let seconds = setting("PROPERTY_SECONDS").map(Duration::from_secs);
    let start = Instant::now();
    let is_over = || seconds.is_none_or(|seconds| start.elapsed() >= seconds);
    if let Err((seed, why)) = runner.batches(cases, values, seed, is_over) {
        panic!("{why}\nto repeat it: {}", command(cases, seed));
    }
    let test = thread::current().name().unwrap_or("?").to_owned();
    // libtest has begun a line.
    println!("\n{test}: {} cases", runner.count.get());
}

struct Runner<C> {
    check: Arc<C>,
    /// The limit of a case.
    limit: Duration,
    has_failed: Cell<bool>,
    /// The cases that ended well.
    count: Cell<u64>,
}

impl<C> Runner<C> {
    fn new(check: C, limit: Duration) -> Self {
        Self {
            check: Arc::new(check),
            limit,
            has_failed: Cell::new(false),
            count: Cell::new(0),
        }
    }

    /// Runs batches from one seed after the other, until it `is_over`.
    ///
    /// # Errors
    ///
    /// Returns the seed of the batch that failed, and why.
    fn batches<S>(
        &self,
        cases: u32,
        values: &S,
        mut seed: u64,
        mut is_over: impl FnMut() -> bool,
    ) -> Result<(), (u64, String)>
    where
        S: Strategy,
        S::Value: Clone + Send + 'static,
        C: Fn(S::Value) -> Result<(), String> + Send + Sync + 'static,
    {
        loop {
            self.batch(cases, values, seed).map_err(|why| (seed, why))?;
            if is_over() {
                return Ok(());
            }
            seed = seed.wrapping_add(1);
        }
    }

    fn batch<S>(&self, cases: u32, values: &S, seed: u64) -> Result<(), String>
    where
        S: Strategy,
        S::Value: Clone + Send + 'static,
        C: Fn(S::Value) -> Result<(), String> + Send + Sync + 'static,
    {
        let config = Config {
            cases,
            failure_persistence: None,
            max_shrink_time: SHRINKING,
            ..Config::default()
        };
        let bytes: Vec<u8> = seed.to_le_bytes().repeat(4);
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let outcome = TestRunner::new_with_rng(config, rng).run(values, |value| {
            let tries = if self.has_failed.get() {
                TRIES_WHILE_SHRINKING
            } else {
                1
            };
            let ended = (0..tries).try_for_each(|_| self.once(value.clone()));
            self.has_failed.set(self.has_failed.get() || ended.is_err());
            ended.map_err(TestCaseError::fail)
        });
        outcome.map_err(|failure| match failure {
            // The reason comes last, because a log may keep only its last lines.
            TestError::Fail(reason, value) => format!("the smallest case: {value:?}\n{reason}"),
            TestError::Abort(reason) => reason.to_string(),
        })
    }

    /// Runs one case under its limit. A case that hangs stays behind with its threads.
    fn once<V: Send + 'static>(&self, value: V) -> Result<(), String>
    where
        C: Fn(V) -> Result<(), String> + Send + Sync + 'static,
    {
        let limit = if self.has_failed.get() {
            LIMIT_WHILE_SHRINKING
        } else {
            self.limit
        };
        let check = Arc::clone(&self.check);
        let (done, ended) = mpsc::channel();
        let case = thread::spawn(move || {
            let _gone_if_it_took_too_long = done.send(check(value));
        });
        match ended.recv_timeout(limit) {
            Ok(outcome) => {
                self.count.set(self.count.get() + 1);
                outcome
            }
            Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("it hangs for {limit:?}")),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let payload = case.join().expect_err("it sends what it returns");
                Err(format!("it panics: {}", panic_text(&*payload)))
            }
        }
    }
}

fn any_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// The command that repeats a failure of the test on this thread, as far as Cargo and
/// libtest tell.
fn command(cases: u32, seed: u64) -> String {
    let mut text = format!("PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases} cargo test");
    if let Ok(package) = env::var("CARGO_PKG_NAME") {
        let _never_fails = write!(text, " --package {package}");
    }
    let program = env::current_exe().ok();
    let stem = program.as_ref().and_then(|path| path.file_stem()?.to_str());
    if let Some((target, _hash)) = stem.and_then(|stem| stem.rsplit_once('-')) {
        let _never_fails = write!(text, " --test {target}");
    }
    if let Some(test) = thread::current().name() {
        let _never_fails = write!(text, " -- --exact {test}");
    }
    text
}

fn setting(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, panic::catch_unwind};

    use proptest::{collection::vec, num::u64::ANY};

    use super::*;

    fn failure(check: fn(Vec<u8>) -> Result<(), String>) -> String {
        let payload = catch_unwind(|| holds(64, &vec(0..100_u8, 0..8), check));
        panic_text(&*payload.expect_err("the property does not hold")).to_owned()
    }

    #[test]
    fn a_failure_shrinks_and_says_how_to_repeat_it() {
        let text = failure(|values| match values.iter().find(|value| **value > 4) {
            Some(value) => Err(format!("there is {value}")),
            None => Ok(()),
        });
        assert!(text.contains("case: [5]\nthere is 5\n"), "{text}");
        assert!(text.contains("PROPTEST_RNG_SEED="), "{text}");
        assert!(text.contains("a_failure_shrinks"), "{text}");
    }

    #[test]
    fn a_panic_is_a_failure() {
        let text = failure(|values| {
            assert!(values.len() < 3, "three or more");
            Ok(())
        });
        assert!(text.contains("three or more"), "{text}");
    }

    /// Otherwise a test whose cases all hang passes.
    #[test]
    fn a_case_that_hangs_is_a_failure() {
        let hang = |()| -> Result<(), String> {
            loop {
                thread::park();
            }
        };
        let runner = Runner::new(hang, Duration::from_millis(10));
        let why = runner.once(()).expect_err("the case never ends");
        assert!(why.contains("hangs"), "{why}");
        assert_eq!(runner.count.get(), 0);
    }

    /// Otherwise a long search repeats the cases of its first moment.
    #[test]
    fn each_batch_has_cases_of_its_own() {
        let (send, values) = mpsc::channel();
        let runner = Runner::new(
            move |value| send.send(value).map_err(|_| String::new()),
            LIMIT,
        );
        let mut left = 3;
        let is_over = || {
            left -= 1;
            left == 0
        };
        assert_eq!(runner.batches(1, &ANY, 7, is_over), Ok(()));
        drop(runner);
        let values: BTreeSet<u64> = values.into_iter().collect();
        assert_eq!(values.len(), 3);
    }

    #[test]
    fn what_holds_is_counted() {
        holds(16, &vec(0..4_u8, 0..3), |_| Ok(()));
    }
}
