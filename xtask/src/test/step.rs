//! One step of `cargo xtask test`: what it runs, and how it ended.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Chore,
    run::{self, Output, Verdict},
    tools::Tool,
};

/// The work of a step.
pub(super) enum Work {
    /// The step runs a program.
    Program(Command),
    /// The step runs another chore, which has kill timers of its own.
    Chore(fn() -> Chore),
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

    pub(super) fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Killed)
    }
}

/// A step that has run.
pub(super) struct Report {
    pub(super) name: &'static str,
    pub(super) result: StepResult,
    pub(super) time: Duration,
    pub(super) note: Option<String>,
}

impl Step {
    pub(super) fn run(self) -> Report {
        let start = Instant::now();
        let (result, note) = match self.needs.and_then(Tool::missing) {
            Some(missing) => (StepResult::Skipped, Some(missing)),
            None => self.work.run(self.limit),
        };
        Report {
            name: self.name,
            result,
            time: start.elapsed(),
            note,
        }
    }
}

impl Work {
    fn run(self, limit: Duration) -> (StepResult, Option<String>) {
        match self {
            Self::Nothing(why) => (StepResult::Skipped, Some(why)),
            Self::Chore(chore) => match chore() {
                Ok(()) => (StepResult::Passed, None),
                Err(why) => (StepResult::Failed, Some(why)),
            },
            Self::Program(mut command) => {
                let ended = run::run(&mut command, limit, Output::Show);
                judge(ended.verdict, limit, ended.text)
            }
        }
    }
}

fn judge(verdict: Verdict, limit: Duration, text: String) -> (StepResult, Option<String>) {
    match verdict {
        Verdict::Passed => (StepResult::Passed, None),
        Verdict::Failed => (StepResult::Failed, None),
        Verdict::Absent => (StepResult::Failed, Some(text)),
        Verdict::Killed => (
            StepResult::Killed,
            Some(format!("ran over {} s", limit.as_secs())),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);

    #[test]
    fn a_failing_program_fails_its_step() {
        let work = Work::Program(run::cargo(&["no-such-command-anywhere"]));
        assert_eq!(work.run(LIMIT).0, StepResult::Failed);
    }

    #[test]
    fn a_chore_that_fails_tells_why() {
        let work = Work::Chore(|| Err("why".into()));
        assert_eq!(work.run(LIMIT), (StepResult::Failed, Some("why".into())));
    }

    #[cfg(unix)]
    #[test]
    fn a_hang_is_killed_and_named_so() {
        let work = Work::Program(run::program("sleep", &["60"]));
        assert_eq!(work.run(Duration::from_millis(100)).0, StepResult::Killed);
    }
}
