//! One step of `cargo xtask test`: what it runs, and how it ended.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Chore, loom,
    run::{self, Output, Verdict},
    tools::Tool,
};

/// The work of a step.
pub(super) enum Work {
    /// The step runs a program.
    Program(Command),
    /// The step runs a program of libtest's, which must run a test.
    Tests(Command),
    /// The step runs another chore, which has kill timers of its own.
    Chore(fn() -> Chore),
    /// The other steps do the work of this step, because of the given reason.
    Covered(String),
    /// The step does nothing, because of the given reason.
    Nothing(String),
}

/// A step that has not run yet.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    pub(super) needs: Option<Tool>,
    pub(super) limit: Duration,
    pub(super) work: Work,
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepResult {
    Passed,
    Failed,
    Killed,
    Skipped,
}

impl StepResult {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
            Self::Skipped => "skipped",
        }
    }

    /// Returns whether the step has failed. A step that the user has `named` must run, so
    /// it fails if it was skipped.
    pub(super) fn is_failure(self, named: bool) -> bool {
        match self {
            Self::Passed => false,
            Self::Failed | Self::Killed => true,
            Self::Skipped => named,
        }
    }
}

/// A step that has run.
pub(super) struct Report {
    pub(super) name: &'static str,
    pub(super) result: StepResult,
    pub(super) time: Duration,
    /// What the reader of the table should know, in a line.
    pub(super) note: Option<String>,
    /// Why the step has failed, in more than a line.
    pub(super) details: Option<String>,
}

impl Step {
    pub(super) fn run(self) -> Report {
        let start = Instant::now();
        let (result, said) = match self.needs.and_then(Tool::missing) {
            Some(missing) => (StepResult::Skipped, missing),
            None => self.work.run(self.limit),
        };
        let mut report = Report {
            name: self.name,
            result,
            time: start.elapsed(),
            note: said.lines().next().map(str::to_owned),
            details: None,
        };
        if said.lines().count() > 1 {
            report.details = Some(said);
        }
        report
    }
}

impl Work {
    /// Runs the work. Returns its result, and what there is to say about it: first a line
    /// for the table, and then the details.
    fn run(self, limit: Duration) -> (StepResult, String) {
        match self {
            Self::Covered(how) => (StepResult::Passed, how),
            Self::Nothing(why) => (StepResult::Skipped, why),
            Self::Chore(chore) => match chore() {
                Ok(()) => (StepResult::Passed, String::new()),
                Err(why) => (StepResult::Failed, why),
            },
            Self::Program(mut command) => {
                let ended = run::run(&mut command, limit, Output::Tee);
                judge(ended.verdict, limit, &ended.text)
            }
            Self::Tests(mut command) => {
                let ended = run::run(&mut command, limit, Output::Tee);
                judge_tests(ended.verdict, limit, &ended.text)
            }
        }
    }
}

fn judge(verdict: Verdict, limit: Duration, text: &str) -> (StepResult, String) {
    let last = run::last_lines(text);
    match verdict {
        Verdict::Passed => (StepResult::Passed, String::new()),
        Verdict::Failed => (StepResult::Failed, format!("see below\n{last}")),
        Verdict::Absent => (StepResult::Failed, text.to_owned()),
        Verdict::Killed => {
            let said = format!("ran over {} s\n{last}", limit.as_secs());
            (StepResult::Killed, said)
        }
    }
}

fn judge_tests(verdict: Verdict, limit: Duration, text: &str) -> (StepResult, String) {
    match (verdict, loom::passed(text)) {
        (Verdict::Passed, 0) => (StepResult::Failed, "no test was executed".into()),
        (Verdict::Passed, count) => (StepResult::Passed, format!("{count} tests")),
        (verdict, _) => judge(verdict, limit, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    #[test]
    fn a_failing_program_fails_its_step() {
        let work = Work::Program(run::cargo(&["no-such-command-anywhere"]));
        let (result, said) = work.run(LIMIT);
        assert_eq!(result, StepResult::Failed);
        assert!(said.contains("no-such-command-anywhere"), "{said}");
    }

    #[test]
    fn a_step_of_tests_that_runs_none_fails() {
        let judge = |verdict, text| judge_tests(verdict, LIMIT, text).0;
        let (some, none) = ("test result: ok. 2 passed", "test result: ok. 0 passed");
        assert_eq!(judge(Verdict::Passed, some), StepResult::Passed);
        assert_eq!(judge(Verdict::Passed, none), StepResult::Failed);
        assert_eq!(judge(Verdict::Failed, some), StepResult::Failed);
        assert_eq!(judge(Verdict::Killed, some), StepResult::Killed);
    }

    #[test]
    fn a_chore_that_fails_tells_why() {
        let work = Work::Chore(|| Err("why".into()));
        assert_eq!(work.run(LIMIT), (StepResult::Failed, "why".into()));
    }

    #[cfg(unix)]
    #[test]
    fn a_hang_is_killed_and_named_so() {
        let work = Work::Program(run::program("sleep", &["60"]));
        assert_eq!(work.run(Duration::from_millis(100)).0, StepResult::Killed);
    }
}
