//! One lane of the audit of the breaks: a copy, in which it tries some breaks of one build
//! after the other.
//!
//! The lane runs the tests of those breaks on its clean copy first. Then it applies break
//! after break.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    copy::Copy,
    list::{Break, Build},
    named_test::{BUILDING, Outcome, outcome, tail},
};
use crate::run::{self, Output, Verdict};

/// The factor by which a test must exceed its time on the clean copy to count as hung. It
/// must also exceed the limit of its break. Otherwise a slow machine would look like a
/// caught break.
pub(super) const TIMES: u32 = 5;

/// The time limit of a test on the clean copy.
pub(super) const CLEAN: Duration = Duration::from_mins(5);

/// A copy, and what builds and runs tests in it.
pub(super) struct Lane<B, R> {
    pub(super) breaker: B,
    pub(super) runner: R,
}

/// Some breaks of one build, in their order, with their places in the list of all.
pub(super) struct Group<'a> {
    pub(super) build: &'a Build,
    pub(super) breaks: Vec<(usize, &'a Break)>,
}

/// A break that was tried.
pub(super) struct Tried<'a> {
    pub(super) place: usize,
    pub(super) one: &'a Break,
    pub(super) seconds: String,
    pub(super) fate: Fate,
}

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
pub(super) enum Fate {
    Caught(&'static str),
    Survived,
    /// The list has a wrong entry for the break.
    Wrong(String),
}

impl Fate {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Caught(how) => how,
            Self::Survived => "SURVIVED",
            Self::Wrong(_) => "WRONG",
        }
    }

    pub(super) fn complaint(&self, name: &str) -> Option<String> {
        match self {
            Self::Caught(_) => None,
            Self::Survived => Some(format!("`{name}` survived")),
            Self::Wrong(why) => Some(format!("`{name}` {why}")),
        }
    }
}

impl<B: Breaker, R: Runner> Lane<B, R> {
    /// Tries each break of a group whose test passes on the clean copy.
    pub(super) fn try_group<'b>(&self, group: &Group<'b>, mut note: impl FnMut(Tried<'b>)) {
        let clean = self.check_clean_copy(group);
        for &(place, one) in &group.breaks {
            let start = Instant::now();
            let fate = match &clean[&*one.caught_by.test] {
                Ok(took) => self.try_one(group.build, one, one.limit().max(*took * TIMES)),
                Err(why) => Fate::Wrong(why.clone()),
            };
            note(Tried {
                place,
                one,
                seconds: format!("{:.1}", start.elapsed().as_secs_f64()),
                fate,
            });
        }
    }

    /// Runs each named test on the clean copy. Returns its time, or why the test does not
    /// pass there.
    fn check_clean_copy<'b>(
        &self,
        group: &Group<'b>,
    ) -> BTreeMap<&'b str, Result<Duration, String>> {
        let build = group.build;
        eprintln!("breaks: {} {}", build.package, build.target.join(" "));
        let outcome = self.runner.build(build);
        let mut times = BTreeMap::new();
        for (_, one) in &group.breaks {
            let test = &*one.caught_by.test;
            let Entry::Vacant(entry) = times.entry(test) else {
                continue;
            };
            let start = Instant::now();
            entry.insert(match &outcome {
                Err(why) => Err(format!("has a clean copy that does not build: {why}")),
                Ok(()) => match self.runner.test(build, test, CLEAN) {
                    Outcome::Passed => Ok(start.elapsed()),
                    other => Err(format!("names `{test}`; on the clean copy: {other:?}")),
                },
            });
        }
        times
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
