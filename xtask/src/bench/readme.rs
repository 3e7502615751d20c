//! Writes the parts of documents that quote a record, so that nobody types them.
//!
//! The README quotes three operations. `bench-suite/FIGURES.md` quotes every row that
//! matters to a user, and every row in which a peer leads.

use std::{fmt::Write as _, fs};

use super::{
    catalogue::{self, BESIDE},
    record::{self, KEPT, Record},
    table::{dash, ours, peer, theirs},
    unit::digits,
    verdict::{self, Beside, Judged},
};
use crate::Chore;

/// A document that quotes the newest record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Readme,
    Figures,
}

impl Document {
    pub(crate) const ALL: [Self; 2] = [Self::Readme, Self::Figures];

    /// Returns the path of the document, from the root.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Readme => "README.md",
            Self::Figures => "bench-suite/FIGURES.md",
        }
    }

    /// Returns the part that quotes the record at `path`.
    fn part(self, path: &str, record: &Record) -> String {
        match self {
            Self::Readme => short(record),
            // The link is relative to the document.
            Self::Figures => part(path.strip_prefix("bench-suite/").unwrap_or(path), record),
        }
    }
}

/// The rows that the README quotes: one in which a peer leads, and two of usual programs.
const SHORT: [&str; 3] = ["P4", "P8", "P15-requests"];

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --readme`, not by hand -->\n";
const END: &str = "<!-- figures: end -->";

/// The rows that are always quoted. A row with a limit in which a peer leads is quoted
/// too. All other rows are in the record and in the report.
const QUOTED: [&str; 15] = [
    "P1-icount",
    "P2-icount",
    "P4",
    "P5",
    "P6",
    "P7",
    "P8",
    "P9",
    "P10",
    "P10-join",
    "P13-offload",
    "P15-requests",
    "P15-p99",
    "P16-http",
    "P21",
];

/// Replaces the part of each document by one that quotes the newest record.
pub(super) fn write() -> Chore {
    let kept: Vec<_> = record::kept()
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(crate::root().join(&path));
            Ok((path.clone(), text.map_err(|e| format!("{path}: {e}"))?))
        })
        .collect::<Result<_, String>>()?;
    for document in Document::ALL {
        let name = document.path();
        let path = crate::root().join(name);
        let text = fs::read_to_string(&path).map_err(|e| format!("{name}: {e}"))?;
        let records = kept
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()));
        let written = quoting(document, &text, records)?;
        if written != text {
            fs::write(&path, &written).map_err(|e| format!("{name}: {e}"))?;
            println!("{name} quotes the newest record now");
        }
    }
    Ok(())
}

/// Returns an error that says why, if `text` does not quote the newest of `records`.
pub(crate) fn agrees<'a>(
    document: Document,
    text: &str,
    records: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), String> {
    if quoting(document, text, records)? == text {
        Ok(())
    } else {
        Err(
            "its figures are not those of the newest record; run: cargo xtask bench --readme"
                .into(),
        )
    }
}

/// Returns `text` with its part replaced by one that quotes the newest of `records`.
fn quoting<'a>(
    document: Document,
    text: &str,
    records: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<String, String> {
    let records: Vec<_> = records
        .map(|(path, text)| match Record::parse(text) {
            Ok(record) => Ok((path, record)),
            Err(why) => Err(format!("{path} is no record: {why}")),
        })
        .collect::<Result<_, _>>()?;
    let (path, record) = record::quoted(records.into_iter()).ok_or_else(|| {
        format!("{KEPT} holds no whole record; make one with: cargo xtask bench --record")
    })?;
    let place = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) =
        place.ok_or_else(|| format!("there is no `{}` before an `{END}`", BEGIN.trim()))?;
    Ok(format!(
        "{before}{BEGIN}\n{}\n{END}{after}",
        document.part(path, &record)
    ))
}

/// The three operations of the README, and how many limits and rows there are.
fn short(record: &Record) -> String {
    let mut text = String::from(HEAD);
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    for judged in &judged {
        if SHORT.contains(&judged.row.id) {
            rows_of(&mut text, judged);
        }
    }
    let leads = judged.iter().filter(|judged| {
        let limited = !judged.row.must.is_empty();
        let unit = judged.row.unit;
        limited && judged.besides.iter().any(|beside| beside.peer_leads(unit))
    });
    let _ = write!(
        text,
        "\n{}. A peer leads in {} rows. [All figures]({}) stand beside the best peer's.\n",
        held(&judged),
        leads.count(),
        Document::Figures.path()
    );
    text
}

const HEAD: &str = "| operation | best peer | bridge | bridge / peer |\n|---|---|---|---|\n";

/// Says how many limits the record keeps.
fn held(judged: &[Judged]) -> String {
    match verdict::kept_and_missed(judged) {
        (0, 0) => "No limit was measured".to_owned(),
        (kept, missed) => format!("{kept} of {} limits held", kept + missed),
    }
}

fn part(path: &str, record: &Record) -> String {
    let mut text = String::from(HEAD);
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    for judged in &judged {
        rows_of(&mut text, judged);
    }
    text += "\n";
    if BESIDE
        .iter()
        .any(|beside| record.figures.group(beside.group).is_some())
    {
        text += "Beside `SmartAsync`, the Python decorator that this follows:\n\n";
        text += "| operation | documented | measured here | bridge |\n|---|---|---|---|\n";
        for beside in BESIDE.iter().filter(|beside| beside.ours.is_some()) {
            let ours = beside.ours.and_then(|id| {
                let value = record.figures.ours(id)?;
                Some(catalogue::unit(id).show(value))
            });
            let here = theirs(&record.figures, beside.group, "smartasync");
            let ours = ours.unwrap_or_else(|| "–".to_owned());
            line(
                &mut text,
                &[beside.operation, beside.documented, &here, &ours],
            );
        }
        text += "\n";
    }
    let held = held(&judged);
    let _ = write!(
        text,
        "Medians of one run on one machine, of which only the ratios travel:\n{}.\n\
        {held}. [The record]({path}) has all figures.\n",
        record.origin()
    );
    text
}

/// Writes the lines of a row: one line, or one for each point of a curve.
///
/// A row that is not among [`QUOTED`] has only the lines in which a peer leads.
fn rows_of(text: &mut String, judged: &Judged) {
    let row = judged.row;
    let quoted = QUOTED.contains(&row.id);
    let leads = |beside: &&Beside| !row.must.is_empty() && beside.peer_leads(row.unit);
    let mut any = false;
    for beside in judged
        .besides
        .iter()
        .filter(|beside| quoted || leads(beside))
    {
        any = true;
        let operation = match row.shape.place(beside.x) {
            Some(place) => format!("{}, {place}", row.operation),
            None => row.operation.to_owned(),
        };
        let ratio = beside.ratio().map_or_else(dash, digits);
        let ours = row.unit.show(beside.ours);
        line(text, &[&operation, &peer(beside, row.unit), &ours, &ratio]);
    }
    if quoted && !any && judged.ours.is_some() {
        line(text, &[row.operation, &dash(), &ours(judged), &dash()]);
    }
}

fn line(text: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| marked(cell)).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// Returns `text` with names of code in backticks.
fn marked(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let name = word.trim_end_matches([',', ':']);
        let inner_capital =
            name.chars().skip(1).any(char::is_uppercase) && name.chars().any(char::is_lowercase);
        if name.contains("::") || name.contains('_') || inner_capital {
            format!("`{name}`{}", &word[name.len()..])
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIGURES: Document = Document::Figures;

    fn record(when: &str, ours: f64) -> String {
        let mut record = Record {
            when: when.to_owned(),
            ..Record::default()
        };
        record.figures.set("P8", "bridge", ours);
        record.figures.set("P8", "tokio_rayon", 20_000.0);
        record.text()
    }

    fn readme() -> String {
        format!("# title\n\n{BEGIN}old\n{END}\n\nrest\n")
    }

    #[test]
    fn the_newest_record_is_quoted_between_the_marks() {
        let (old, new) = (
            record("2026-01-01T00:00:00Z", 900.0),
            record("2026-01-02T00:00:00Z", 500.0),
        );
        let records = || [("old.json", old.as_str()), ("new.json", new.as_str())].into_iter();
        assert!(agrees(FIGURES, &readme(), records()).is_err());
        let written = quoting(FIGURES, &readme(), records()).expect("a place and a record");
        assert!(
            written.contains("| tokio-rayon 20 µs | 500 ns | 0.03 |"),
            "{written}"
        );
        assert!(written.contains("(new.json)"), "{written}");
        assert!(
            written.starts_with("# title\n") && written.ends_with("\n\nrest\n"),
            "{written}"
        );
        assert_eq!(agrees(FIGURES, &written, records()), Ok(()));
    }

    #[test]
    fn rows_in_which_a_peer_leads_are_quoted_too() {
        let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
        let figures = &mut record.figures;
        for (row, who, value) in [
            ("P15-requests", "bridge", [2_000.0, 3_000.0]),
            ("P15-requests", "spawn_blocking", [1_000.0, 4_000.0]),
            ("P15-cpu", "bridge", [3_000.0, 2_000.0]),
            ("P15-cpu", "spawn_blocking", [4_000.0, 1_000.0]),
        ] {
            figures.add_point(row, who, 1.0, value[0]);
            figures.add_point(row, who, 16.0, value[1]);
        }
        figures.set("P21-default", "bridge", 600.0);
        figures.set("P21-default", "affinitypool", 400.0);
        figures.set("P12-first", "bridge", 20.0);
        figures.set("P12-first", "handle_try_current", 30.0);
        let text = part("a.json", &record);
        for wanted in [
            "requests, 1 client | Tokio `spawn_blocking` 1 k/s | 2 k/s | 2 |",
            "requests, 16 clients | Tokio `spawn_blocking` 4 k/s | 3 k/s | 0.75 |",
            "CPU time of the service, 16 clients | Tokio `spawn_blocking` 1 µs | 2 µs | 2 |",
            "configured | affinitypool 400 ns | 600 ns | 1.50 |",
        ] {
            assert!(text.contains(wanted), "no {wanted} in\n{text}");
        }
        // The bridge leads in these rows, and they are not among those that are always
        // quoted.
        for unwanted in ["CPU time of the service, 1 client", "look-up"] {
            assert!(!text.contains(unwanted), "{unwanted} in\n{text}");
        }
    }

    #[test]
    fn the_readme_quotes_three_operations() {
        let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
        record.figures.set("P10", "bridge", 600.0);
        record.figures.set("P10", "affinitypool", 400.0);
        let text = short(&record);
        assert!(
            text.contains("| 500 ns |") && !text.contains("600 ns"),
            "{text}"
        );
        assert!(text.contains(". A peer leads in 1 rows. "), "{text}");
    }

    #[test]
    fn limits_are_counted_where_some_were_measured() {
        let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
        assert!(part("a.json", &record).contains("1 of 1 limits held"));
        record.figures.0.clear();
        let text = part("a.json", &record);
        assert!(
            text.contains("No limit was measured") && !text.contains(" of 0"),
            "{text}"
        );
    }

    #[test]
    fn names_of_code_are_marked() {
        assert_eq!(
            marked("sync → sync: SyncCall::wait(), as spawn_blocking, 10 µs P8 join_all"),
            "sync → sync: `SyncCall::wait()`, as `spawn_blocking`, 10 µs P8 `join_all`"
        );
    }

    #[test]
    fn an_edited_figure_is_found() {
        let text = record("2026-01-01T00:00:00Z", 500.0);
        let records = || [("a.json", text.as_str())].into_iter();
        let written = quoting(FIGURES, &readme(), records()).expect("a place and a record");
        let edited = written.replace("500 ns", "400 ns");
        assert_ne!(edited, written);
        assert!(agrees(FIGURES, &edited, records()).is_err());
    }

    #[test]
    fn without_marks_or_record_it_says_so() {
        let text = record("2026-01-01T00:00:00Z", 500.0);
        let error = agrees(
            FIGURES,
            "# title\n",
            [("a.json", text.as_str())].into_iter(),
        )
        .expect_err("no marks");
        assert!(error.contains("figures: end"), "{error}");
        let error = agrees(FIGURES, &readme(), std::iter::empty()).expect_err("no record");
        assert!(error.contains("bench --record"), "{error}");
        let error =
            agrees(FIGURES, &readme(), [("a.json", "{}")].into_iter()).expect_err("no record");
        assert!(error.contains("a.json"), "{error}");
    }
}
