//! The order of all steps: the clean copy, then break after break, then the verdict.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use super::{
    copy::Copy,
    list::{Break, Build},
    named_test::{BUILDING, Outcome, outcome, tail},
};
use crate::run::{self, Output, Verdict};

/// The factor by which a test must exceed its time on the clean copy to count as hung. It
/// must also exceed the limit of its break. Otherwise a slow machine would look like a
/// caught break.
const TIMES: u32 = 5;

/// The time limit of a test on the clean copy.
const CLEAN: Duration = Duration::from_mins(5);

/// The time that each test takes on the clean copy.
type Times<'a> = BTreeMap<(&'a Build, &'a str), Duration>;

/// Builds and runs tests in the copy.
pub(super) trait Runner {
    fn build(&self, build: &Build) -> Result<(), String>;
    fn test(&self, build: &Build, test: &str, limit: Duration) -> Outcome;
}

/// Breaks a file of the copy. The drop of `Self::Broken` restores the file.
pub(super) trait Breaker {
    type Broken;
    fn apply(&self, one: &Break) -> Result<Self::Broken, String>;
}

impl Breaker for Copy {
    type Broken = super::copy::Broken;

    fn apply(&self, one: &Break) -> Result<Self::Broken, String> {
        Copy::apply(self, &one.file, &one.find, &one.replace)
    }
}

/// Cargo, in the root of the copy.
pub(super) struct Cargo {
    tree: PathBuf,
    target: PathBuf,
}

impl Cargo {
    pub(super) fn in_copy(copy: &Copy) -> Self {
        Self {
            tree: copy.tree(),
            target: copy.target(),
        }
    }

    fn command(&self, build: &Build, further: &[&str]) -> Command {
        let mut args = build.args();
        args.extend(further.iter().map(|&arg| arg.to_owned()));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut command = run::cargo(&args);
        command.current_dir(&self.tree);
        build.prepare(&mut command, &self.target);
        command
    }
}

impl Runner for Cargo {
    fn build(&self, build: &Build) -> Result<(), String> {
        let mut command = self.command(build, &["--no-run"]);
        let ended = run::run(&mut command, BUILDING, Output::Keep);
        match ended.verdict {
            Verdict::Passed => Ok(()),
            Verdict::Killed => Err(format!("builds for over {} s", BUILDING.as_secs())),
            Verdict::Failed | Verdict::Absent => Err(tail(&ended.text)),
        }
    }

    fn test(&self, build: &Build, test: &str, limit: Duration) -> Outcome {
        let mut command = self.command(build, &["--", "--exact", test]);
        outcome(&run::run(&mut command, limit, Output::Keep))
    }
}

/// The verdict on one break.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Caught(&'static str),
    Survived,
    /// The list has a wrong entry for the break.
    Wrong(String),
}

impl Fate {
    fn word(&self) -> &'static str {
        match self {
            Self::Caught(how) => how,
            Self::Survived => "SURVIVED",
            Self::Wrong(_) => "WRONG",
        }
    }

    fn complaint(&self, name: &str) -> Option<String> {
        match self {
            Self::Caught(_) => None,
            Self::Survived => Some(format!("`{name}` survived")),
            Self::Wrong(why) => Some(format!("`{name}` {why}")),
        }
    }
}

/// One audit of the breaks.
pub(super) struct Campaign<'a, B, R> {
    breaker: &'a B,
    runner: &'a R,
}

impl<'a, B: Breaker, R: Runner> Campaign<'a, B, R> {
    pub(super) fn new(breaker: &'a B, runner: &'a R) -> Self {
        Self { breaker, runner }
    }

    /// Runs everything. Returns how many breaks were caught, or an error unless all were.
    pub(super) fn run(&self, breaks: &[Break]) -> Result<u64, String> {
        let mut ordered = Vec::new();
        for one in breaks {
            let build = one.build().ok_or("a list names no target")?;
            ordered.push((build, one));
        }
        ordered.sort_by(|(build, one), (other_build, other)| {
            (build, &one.file).cmp(&(other_build, &other.file))
        });
        let times = self.check_clean_copy(&ordered)?;
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_header(["break", "test", "seconds", "verdict"]);
        let mut complaints = Vec::new();
        for (index, (build, one)) in ordered.iter().enumerate() {
            let start = Instant::now();
            let took = times.get(&(build, &*one.caught_by.test)).copied();
            let limit = one.limit().max(took.unwrap_or_default() * TIMES);
            let fate = self.try_one(build, one, limit);
            let seconds = format!("{:.1}", start.elapsed().as_secs_f64());
            eprintln!(
                "breaks: {}/{} {}: {} ({seconds} s)",
                index + 1,
                ordered.len(),
                one.path(),
                fate.word()
            );
            table.add_row([&one.path(), &one.caught_by.test, &seconds, fate.word()]);
            complaints.extend(fate.complaint(&one.path()));
        }
        println!("{table}");
        if complaints.is_empty() {
            Ok(ordered.len() as u64)
        } else {
            Err(complaints.join("; "))
        }
    }

    /// Checks that each named test passes on the clean copy, and measures its time.
    fn check_clean_copy<'b>(&self, breaks: &'b [(Build, &Break)]) -> Result<Times<'b>, String> {
        let mut times = Times::new();
        let mut complaints = Vec::new();
        let mut built = None;
        for (build, one) in breaks {
            if built != Some(build) {
                eprintln!("breaks: {} {}", build.package, build.target.join(" "));
                self.runner
                    .build(build)
                    .map_err(|why| format!("the clean copy does not build: {why}"))?;
                built = Some(build);
            }
            let test = &*one.caught_by.test;
            let Entry::Vacant(entry) = times.entry((build, test)) else {
                continue;
            };
            let start = Instant::now();
            let outcome = self.runner.test(build, test, CLEAN);
            entry.insert(start.elapsed());
            if outcome != Outcome::Passed {
                complaints.push(format!("`{test}` on the clean copy: {outcome:?}"));
            }
        }
        if complaints.is_empty() {
            Ok(times)
        } else {
            Err(complaints.join("; "))
        }
    }

    fn try_one(&self, build: &Build, one: &Break, limit: Duration) -> Fate {
        let _broken = match self.breaker.apply(one) {
            Ok(broken) => broken,
            Err(why) => return Fate::Wrong(why),
        };
        if let Err(why) = self.runner.build(build) {
            return Fate::Wrong(format!("does not compile: {why}"));
        }
        match self.runner.test(build, &one.caught_by.test, limit) {
            Outcome::Red => Fate::Caught("red"),
            Outcome::Hung => Fate::Caught("hung"),
            Outcome::Passed => Fate::Survived,
            Outcome::NotRun(why) => Fate::Wrong(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::{
        super::list::{parse, tests::list},
        *,
    };

    /// A tree without files, which notes the break that is applied.
    #[derive(Default)]
    struct Fake {
        applied: RefCell<Option<String>>,
        /// The outcome of each test, on the clean copy and on a broken one.
        clean: Option<Outcome>,
        broken: Option<Outcome>,
        compiles: bool,
    }

    struct Restore<'a>(&'a Fake);

    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            self.0.applied.take();
        }
    }

    impl<'a> Breaker for &'a Fake {
        type Broken = Restore<'a>;

        fn apply(&self, one: &Break) -> Result<Restore<'a>, String> {
            let before = self.applied.replace(Some(one.name.clone()));
            assert_eq!(before, None, "the break before was not restored");
            Ok(Restore(self))
        }
    }

    impl Runner for Fake {
        fn build(&self, _build: &Build) -> Result<(), String> {
            if self.applied.borrow().is_none() || self.compiles {
                Ok(())
            } else {
                Err("expected `;`".to_owned())
            }
        }

        fn test(&self, _build: &Build, _test: &str, _limit: Duration) -> Outcome {
            let outcome = match *self.applied.borrow() {
                None => &self.clean,
                Some(_) => &self.broken,
            };
            outcome.clone().expect("no such test is run here")
        }
    }

    fn run(fake: &Fake) -> Result<u64, String> {
        let text = list("first", "lib", "") + &list("second", "test:x", "");
        let breaks = parse("xtask/breaks/a.toml", &text).expect("a list");
        let result = Campaign::new(&fake, fake).run(&breaks);
        assert_eq!(*fake.applied.borrow(), None, "the last break was restored");
        result
    }

    fn fake(broken: Outcome) -> Fake {
        Fake {
            clean: Some(Outcome::Passed),
            broken: Some(broken),
            compiles: true,
            ..Fake::default()
        }
    }

    #[test]
    fn breaks_that_turn_their_tests_red_or_hang_them_are_caught() {
        assert_eq!(run(&fake(Outcome::Red)), Ok(2));
        assert_eq!(run(&fake(Outcome::Hung)), Ok(2));
    }

    #[test]
    fn a_break_that_survives_fails_the_audit_and_is_named() {
        let why = run(&fake(Outcome::Passed)).expect_err("it survived");
        assert_eq!(why, "`a/first` survived; `a/second` survived");
    }

    #[test]
    fn a_break_that_does_not_compile_is_an_error_of_the_list() {
        let broken = Fake {
            compiles: false,
            ..fake(Outcome::Red)
        };
        let why = run(&broken).expect_err("it does not compile");
        assert!(why.contains("`a/first` does not compile"), "{why}");
    }

    #[test]
    fn a_test_that_does_not_run_catches_nothing() {
        let why = run(&fake(Outcome::NotRun("no test was run".into()))).expect_err("not run");
        assert!(why.contains("no test was run"), "{why}");
    }

    #[test]
    fn a_test_that_is_red_without_any_break_fails_the_audit() {
        let red = Fake {
            clean: Some(Outcome::Red),
            ..fake(Outcome::Red)
        };
        let why = run(&red).expect_err("the clean copy is red");
        assert!(why.contains("clean copy"), "{why}");
    }

    #[test]
    fn a_test_that_is_slow_without_any_break_has_more_time() {
        struct Slow {
            fake: Fake,
            limits: RefCell<Vec<Duration>>,
        }
        impl Runner for Slow {
            fn build(&self, build: &Build) -> Result<(), String> {
                self.fake.build(build)
            }

            fn test(&self, build: &Build, test: &str, limit: Duration) -> Outcome {
                std::thread::sleep(Duration::from_millis(300));
                self.limits.borrow_mut().push(limit);
                self.fake.test(build, test, limit)
            }
        }
        let slow = Slow {
            fake: fake(Outcome::Hung),
            limits: RefCell::default(),
        };
        let breaks = parse("a.toml", &list("x", "lib", "seconds = 1")).expect("a list");
        assert_eq!(Campaign::new(&&slow.fake, &slow).run(&breaks), Ok(1));
        let limits = slow.limits.into_inner();
        let least = Duration::from_millis(300) * TIMES;
        assert!(limits[0] == CLEAN && limits[1] >= least, "{limits:?}");
    }
}
