//! Reads instruction counts from the report that the Callgrind benches print.

use crate::bench::figures::{Figures, OURS};

/// The part between group and candidate in the name of a counted function.
const OF: &str = "_icount_of_";

/// Reads a report, in which a line `BENCH::…::FUNCTION` is followed by a line
/// `Instructions: N|…`.
///
/// `p1_icount_of_bridge` counts for `P1-icount`. A function without a candidate in its
/// name, as `wait_ready`, is one of our paths: `I-wait-ready`.
pub(in crate::bench) fn callgrind(bench: &str, text: &str, figures: &mut Figures) {
    let prefix = format!("{bench}::");
    let mut function = None;
    for line in text.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix(&prefix) {
            let path = path.split_whitespace().next();
            function = path.and_then(|path| path.rsplit("::").next());
        } else if let Some(rest) = line.strip_prefix("Instructions:")
            && let Some(name) = function.take()
        {
            let digits = rest
                .trim_start()
                .split(|c: char| !c.is_ascii_digit())
                .next();
            if let Some(count) = digits.and_then(|digits| digits.parse::<f64>().ok()) {
                let (group, who) = place(name);
                figures.set(&group, who, count);
            }
        }
    }
}

/// Returns the group and the candidate that the function's name stands for.
fn place(function: &str) -> (String, &str) {
    match function.split_once(OF) {
        Some((group, who)) => {
            let group = group.replace('_', "-");
            let (first, rest) = group.split_at(group.len().min(1));
            (format!("{}{rest}-icount", first.to_uppercase()), who)
        }
        None => (format!("I-{}", function.replace('_', "-")), OURS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Figures {
        let mut figures = Figures::default();
        callgrind("icount_calls", text, &mut figures);
        figures
    }

    #[test]
    fn a_report_is_read() {
        let text = "icount_calls::sync::p1_icount_of_bridge\n  Instructions:   120|N/A  (*)\n\
            icount_calls::sync::p1_icount_of_plain_call\n  Instructions:   119|120  (-1%)\n\
            icount_calls::paths::wait_ready id:(1)\n  Instructions:  77|77\n";
        let figures = read(text);
        assert_eq!(figures.ours("P1-icount"), Some(120.0));
        assert_eq!(figures.of("P1-icount", "plain_call"), Some(119.0));
        assert_eq!(figures.ours("I-wait-ready"), Some(77.0));
    }

    #[test]
    fn noise_is_no_count() {
        // Only the first line of instructions below a function is that function's
        // count.
        let text = "icount_calls::sync::wait\nInstructions: 7\nInstructions: 99\n";
        assert_eq!(read(text).ours("I-wait"), Some(7.0));
        assert!(read("Instructions: 7\nerror\n").0.is_empty());
    }
}
