//! One stage of the audit: its budget, and what it found.

use std::time::{Duration, Instant};

use crate::tools::Tool;

/// A stage of the audit.
pub(super) struct Stage {
    pub(super) name: &'static str,
    /// The purpose of the stage, in half a line.
    pub(super) purpose: &'static str,
    /// The things that the stage counts: "executions", "schedules", "inputs".
    pub(super) unit: &'static str,
    /// The time that the short form searches, or `None` if there is no short form.
    pub(super) quick: Option<Duration>,
    /// The time that the long form searches. A stage that runs a fixed set of tests takes
    /// it as a kill timer only.
    pub(super) full: Duration,
    /// Whether the stage runs when no stage is named.
    pub(super) part_of_the_whole: bool,
    /// The tools that the stage needs. If a tool is missing, the stage is skipped.
    pub(super) needs: &'static [Tool],
    pub(super) work: fn(&Budget) -> Result<Tally, String>,
}

/// The limits of one run of a stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget<'a> {
    /// Whether the short form was asked for.
    pub(super) quick: bool,
    /// The time to search, without the time of compiling.
    pub(super) search: Duration,
    /// The first seed, if the user gave one.
    pub(super) seed: Option<u64>,
    /// The part of a list to run, if not all of it.
    pub(super) only: Option<&'a str>,
}

/// The result of a stage that found nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    /// The number of executions, schedules, inputs or tests.
    pub(super) count: u64,
    /// Anything else that the reader of the table should know. It is often empty.
    pub(super) note: String,
}

/// The way in which a stage ended.
pub(super) enum Ending {
    Passed(Tally),
    Failed(String),
    Skipped(String),
}

/// A stage that was run.
pub(super) struct Report {
    pub(super) stage: &'static str,
    pub(super) time: Duration,
    unit: &'static str,
    ending: Ending,
}

impl Stage {
    /// Returns whether the stage could search for ever. Another stage takes its time as a kill
    /// timer only.
    pub(super) fn is_open_ended(&self) -> bool {
        ["shuttle", "proptest", "fuzz"].contains(&self.name)
    }

    /// Runs the stage, or skips it if a tool is missing.
    pub(super) fn run(&self, budget: &Budget) -> Report {
        let start = Instant::now();
        let missing = self.needs.iter().find_map(|tool| tool.missing());
        let ending = match missing {
            Some(missing) => Ending::Skipped(missing),
            None => ending((self.work)(budget)),
        };
        Report {
            stage: self.name,
            time: start.elapsed(),
            unit: self.unit,
            ending,
        }
    }
}

/// Decides how a stage ended. A stage that executed nothing has failed.
fn ending(result: Result<Tally, String>) -> Ending {
    match result {
        Ok(tally) if tally.count == 0 => Ending::Failed("nothing was executed".to_owned()),
        Ok(tally) => Ending::Passed(tally),
        Err(why) => Ending::Failed(why),
    }
}

impl Report {
    /// Returns the report of a stage that has ended so.
    #[cfg(test)]
    pub(super) fn of(stage: &'static str, ending: Ending) -> Self {
        Self {
            stage,
            time: Duration::ZERO,
            unit: "tests",
            ending,
        }
    }

    /// Returns whether the stage has failed. A stage that the user has `named` must run, so
    /// it fails if it was skipped.
    pub(super) fn failed(&self, named: bool) -> bool {
        match self.ending {
            Ending::Passed(_) => false,
            Ending::Failed(_) => true,
            Ending::Skipped(_) => named,
        }
    }

    pub(super) fn verdict(&self) -> &'static str {
        match self.ending {
            Ending::Passed(_) => "passed",
            Ending::Failed(_) => "FAILED",
            Ending::Skipped(_) => "skipped",
        }
    }

    pub(super) fn executed(&self) -> String {
        match &self.ending {
            Ending::Passed(tally) => format!("{} {}", grouped(tally.count), self.unit),
            Ending::Failed(_) | Ending::Skipped(_) => String::new(),
        }
    }

    /// Returns a line for the table.
    pub(super) fn note(&self) -> &str {
        match &self.ending {
            Ending::Passed(tally) => &tally.note,
            Ending::Failed(_) | Ending::Skipped(_) => {
                self.reason().lines().next().unwrap_or_default()
            }
        }
    }

    /// Returns why the stage has not passed, in all lines. It is empty if it has passed.
    pub(super) fn reason(&self) -> &str {
        match &self.ending {
            Ending::Failed(why) | Ending::Skipped(why) => why,
            Ending::Passed(_) => "",
        }
    }
}

/// Returns the number with a space between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_executed_is_a_failure() {
        let nothing = Tally {
            count: 0,
            note: String::new(),
        };
        assert!(matches!(ending(Ok(nothing)), Ending::Failed(_)));
        assert!(matches!(ending(Err(String::new())), Ending::Failed(_)));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234), "1 234");
        assert_eq!(grouped(12_345_678), "12 345 678");
    }
}
