//! Instruction counts, for claims that wall time is too coarse for.

use std::time::Duration;

use super::{catalogue::Row, figures::Figures};
use crate::{
    run::{self, Output},
    tools::Tool,
};

/// Counts what `rows` ask for.
pub(super) fn run(rows: &[Row]) -> Result<Figures, String> {
    if !rows.iter().any(|row| row.bench == "icount_calls") {
        return Ok(Figures::default());
    }
    for tool in [Tool::Valgrind, Tool::CallgrindRunner] {
        if let Some(missing) = tool.missing() {
            return Err(missing);
        }
    }
    let mut bench = run::cargo(&[
        "bench",
        "--package",
        "bench-suite",
        "--bench",
        "icount_calls",
    ]);
    bench
        .env("NO_COLOR", "1")
        .env("IAI_CALLGRIND_COLOR", "never");
    let ended = run::run(&mut bench, Duration::from_mins(15), Output::Keep);
    if !ended.passed() {
        return Err(format!("{:?}\n{}", ended.verdict, ended.text));
    }
    let counts = read(&ended.text);
    for row in rows.iter().filter(|row| row.bench == "icount_calls") {
        if counts.ours(row.group).is_none() {
            return Err(format!(
                "no count of {} in the output\n{}",
                row.group, ended.text
            ));
        }
    }
    Ok(counts)
}

/// Reads a report: a line `icount_calls::…::GROUP_WHO`, and the line
/// `Instructions: N|…` below it. `P1_icount_of_bridge` counts for `P1-icount`.
fn read(text: &str) -> Figures {
    let mut figures = Figures::default();
    let mut function = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(path) = line.strip_prefix("icount_calls::") {
            let name = path
                .split_whitespace()
                .next()
                .and_then(|path| path.rsplit("::").next());
            function = name.and_then(|name| name.split_once("_icount_of_"));
        } else if let Some(rest) = line.strip_prefix("Instructions:")
            && let Some((group, who)) = function.take()
        {
            let number: String = rest
                .trim_start()
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            if let Ok(number) = number.parse() {
                figures.set(&format!("{}-icount", group.to_uppercase()), who, number);
            }
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let text = "icount_calls::sync::p1_icount_of_bridge\n  Instructions:   120|N/A  (*)\n\
            icount_calls::sync::p1_icount_of_plain_call\n  Instructions:   119|120  (-1%)\n";
        let figures = read(text);
        assert_eq!(figures.ours("P1-icount"), Some(120.0));
        assert_eq!(figures.of("P1-icount", "plain_call"), Some(119.0));
    }

    #[test]
    fn noise_is_no_count() {
        assert_eq!(read("Instructions: 7\nerror\n").ours("P1-icount"), None);
    }
}
