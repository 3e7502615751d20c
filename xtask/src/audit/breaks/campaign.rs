//! The order of all steps, and the verdict.
//!
//! Several lanes work at the same time, each in a copy of its own. A lane that has nothing
//! to do takes some breaks of one build.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use super::{
    lane::{Breaker, Group, Lane, Runner, Tried},
    list::{Break, Build},
};

/// The number of breaks that a lane takes at once. If it were one, each break would need a
/// build of the clean copy. If it were all of a build, one lane would work at the end.
const AT_ONCE: usize = 16;

/// One audit of the breaks.
pub(super) struct Campaign<B, R> {
    lanes: Vec<Lane<B, R>>,
}

impl<B: Breaker + Sync, R: Runner + Sync> Campaign<B, R> {
    pub(super) fn new(lanes: Vec<Lane<B, R>>) -> Self {
        Self { lanes }
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
        let groups = groups(&ordered);
        let tried = self.try_all(&groups, ordered.len());
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_header(["break", "test", "seconds", "verdict"]);
        for Tried {
            one, seconds, fate, ..
        } in &tried
        {
            table.add_row([&one.path(), &one.caught_by.test, seconds, fate.word()]);
        }
        println!("{table}");
        let complaints: Vec<_> = tried
            .iter()
            .filter_map(|tried| tried.fate.complaint(&tried.one.path()))
            .collect();
        if complaints.is_empty() {
            Ok(tried.len() as u64)
        } else {
            Err(complaints.join("\n"))
        }
    }

    /// Lets all lanes work until no group is left. Returns the breaks in their order.
    fn try_all<'b>(&self, groups: &'b [Group<'b>], count: usize) -> Vec<Tried<'b>> {
        let left = Mutex::new(groups.iter());
        let done = Mutex::new(Vec::with_capacity(count));
        thread::scope(|scope| {
            for lane in &self.lanes {
                scope.spawn(|| {
                    let next = || lock(&left).next();
                    while let Some(group) = next() {
                        lane.try_group(group, |tried| note(&mut lock(&done), count, tried));
                    }
                });
            }
        });
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|tried| tried.place);
        done
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows how far the audit is.
fn note<'a>(done: &mut Vec<Tried<'a>>, count: usize, tried: Tried<'a>) {
    let number = done.len() + 1;
    let (path, word) = (tried.one.path(), tried.fate.word());
    eprintln!(
        "breaks: {number}/{count} {path}: {word} ({} s)",
        tried.seconds
    );
    done.push(tried);
}

/// Divides the breaks, which are in the order of their builds.
fn groups<'a>(ordered: &'a [(Build, &'a Break)]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (place, (build, one)) in ordered.iter().enumerate() {
        match groups.last_mut() {
            Some(last) if last.build == build && last.breaks.len() < AT_ONCE => {
                last.breaks.push((place, one));
            }
            _ => groups.push(Group {
                build,
                breaks: vec![(place, one)],
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{
            lane::{CLEAN, TIMES},
            list::{parse, tests::list},
            named_test::Outcome,
        },
        *,
    };

    /// A tree without files, which notes the break that is applied.
    #[derive(Default)]
    struct Fake {
        applied: Mutex<Option<String>>,
        /// The outcome of each test, on the clean copy and on a broken one.
        clean: Option<Outcome>,
        broken: Option<Outcome>,
        compiles: bool,
    }

    struct Restore<'a>(&'a Fake);

    impl Drop for Restore<'_> {
        fn drop(&mut self) {
            lock(&self.0.applied).take();
        }
    }

    impl<'a> Breaker for &'a Fake {
        type Broken = Restore<'a>;

        fn apply(&self, one: &Break) -> Result<Restore<'a>, String> {
            let before = lock(&self.applied).replace(one.name.clone());
            assert_eq!(before, None, "the break before was not restored");
            Ok(Restore(self))
        }
    }

    impl Runner for &Fake {
        fn build(&self, _build: &Build) -> Result<(), String> {
            if lock(&self.applied).is_none() || self.compiles {
                Ok(())
            } else {
                Err("expected `;`".to_owned())
            }
        }

        fn test(&self, _build: &Build, _test: &str, _limit: Duration) -> Outcome {
            let outcome = match *lock(&self.applied) {
                None => &self.clean,
                Some(_) => &self.broken,
            };
            outcome.clone().expect("no such test is run here")
        }
    }

    fn run(fake: &Fake) -> Result<u64, String> {
        let text = list("first", "lib", "") + &list("second", "test:x", "");
        let breaks = parse("xtask/breaks/a.toml", &text).expect("a list");
        let lane = Lane {
            breaker: fake,
            runner: fake,
        };
        let result = Campaign::new(vec![lane]).run(&breaks);
        assert_eq!(*lock(&fake.applied), None, "the last break was restored");
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
        assert_eq!(why, "`a/first` survived\n`a/second` survived");
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
            limits: Mutex<Vec<Duration>>,
        }
        impl Runner for &Slow {
            fn build(&self, build: &Build) -> Result<(), String> {
                (&self.fake).build(build)
            }

            fn test(&self, build: &Build, test: &str, limit: Duration) -> Outcome {
                thread::sleep(Duration::from_millis(300));
                lock(&self.limits).push(limit);
                (&self.fake).test(build, test, limit)
            }
        }
        let slow = Slow {
            fake: fake(Outcome::Hung),
            limits: Mutex::default(),
        };
        let breaks = parse("a.toml", &list("x", "lib", "seconds = 1")).expect("a list");
        let lane = Lane {
            breaker: &slow.fake,
            runner: &slow,
        };
        assert_eq!(Campaign::new(vec![lane]).run(&breaks), Ok(1));
        let limits = lock(&slow.limits);
        let least = Duration::from_millis(300) * TIMES;
        assert!(limits[0] == CLEAN && limits[1] >= least, "{limits:?}");
    }

    #[test]
    fn lanes_share_the_groups_of_a_build_and_the_order_is_kept() {
        let names: Vec<String> = (0..2 * AT_ONCE).map(|n| format!("b{n:02}")).collect();
        let text: String = names.iter().map(|name| list(name, "lib", "")).collect();
        let breaks = parse("a.toml", &text).expect("a list");
        let ordered: Vec<_> = breaks
            .iter()
            .map(|one| (one.build().expect("a build"), one))
            .collect();
        let groups = groups(&ordered);
        assert_eq!(groups.len(), 2);
        let fakes = [fake(Outcome::Red), fake(Outcome::Red)];
        let lanes = fakes.each_ref().map(|fake| Lane {
            breaker: fake,
            runner: fake,
        });
        let tried = Campaign::new(lanes.into()).try_all(&groups, names.len());
        let order: Vec<_> = tried.iter().map(|tried| tried.one.name.clone()).collect();
        assert_eq!(order, names);
    }
}
