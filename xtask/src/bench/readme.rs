//! Writes the parts of documents that quote a record, so that nobody types them.
//!
//! The README quotes three operations. The guide's page about performance quotes what the
//! usual operations cost, and every row in which a peer leads. `bench-suite/FIGURES.md`
//! quotes both, and further rows that matter to a user.

use std::{fmt::Write as _, fs};

use super::{
    catalogue::{self, BESIDE},
    record::{self, KEPT, Record},
    table::{dash, ours, peer, theirs},
    unit::digits,
    verdict::{self, Beside, Held, Judged},
};
use crate::Chore;

/// A document that quotes the newest record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Document {
    Readme,
    Guide,
    Figures,
}

impl Document {
    pub(crate) const ALL: [Self; 3] = [Self::Readme, Self::Guide, Self::Figures];

    /// Returns the path of the document, from the root.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Readme => "README.md",
            Self::Guide => "bridge/src/guide/performance.md",
            Self::Figures => "bench-suite/FIGURES.md",
        }
    }

    /// Returns the part that quotes the record at `path`.
    fn part(self, path: &str, record: &Record) -> String {
        match self {
            Self::Readme => short(record),
            Self::Guide => costs(record),
            // The link is relative to the document.
            Self::Figures => part(path.strip_prefix("bench-suite/").unwrap_or(path), record),
        }
    }
}

/// The rows that the README quotes: one in which a peer leads, and two of usual programs.
const SHORT: [&str; 3] = ["P4", "P8", "P15-requests"];

/// The rows of the guide: the operations of a usual program.
const COSTS: [&str; 7] = ["P1-icount", "P2-icount", "P4", "P6", "P8", "P9", "P10-join"];

/// What the guide's sentences say without a figure: who leads in a row, at one point at
/// least.
const SAID: [(&str, &str); 5] = [
    ("P4", "pollster_entered"),
    ("P8", "bridge"),
    ("P10-join", "affinitypool"),
    ("P16-http", "current_thread_block_on"),
    ("P21", "affinitypool"),
];

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
    let records = kept
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    let (newest, record) = newest(records)?;
    for document in Document::ALL {
        let name = document.path();
        let path = crate::root().join(name);
        let text = fs::read_to_string(&path).map_err(|e| format!("{name}: {e}"))?;
        let written = quoting(document, &text, newest, &record)?;
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
    let (path, record) = newest(records)?;
    if quoting(document, text, path, &record)? != text {
        return Err(
            "its figures are not those of the newest record; run: cargo xtask bench --readme"
                .into(),
        );
    }
    match document {
        Document::Guide => said(&record),
        Document::Readme | Document::Figures => Ok(()),
    }
}

/// Returns an error that says why, if the record contradicts the guide's sentences.
fn said(record: &Record) -> Result<(), String> {
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    for (id, who) in SAID {
        let leads = |judged: &Judged, beside: &Beside| match who {
            "bridge" => !beside.peer_leads(judged.row.unit),
            peer => beside.who == peer && beside.peer_leads(judged.row.unit),
        };
        let mut rows = judged.iter().filter(|judged| judged.row.id == id);
        if !rows.any(|row| row.besides.iter().any(|beside| leads(row, beside))) {
            return Err(format!(
                "it says that {who} leads in {id}, and the newest record does not; change the \
                 sentences, there and in the pages about peers"
            ));
        }
    }
    Ok(())
}

/// Returns the newest of `records`, with its path.
fn newest<'a>(
    records: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(&'a str, Record), String> {
    let records: Vec<_> = records
        .map(|(path, text)| match Record::parse(text) {
            Ok(record) => Ok((path, record)),
            Err(why) => Err(format!("{path} is no record: {why}")),
        })
        .collect::<Result<_, _>>()?;
    record::quoted(records.into_iter()).ok_or_else(|| {
        format!("{KEPT} holds no whole record; make one with: cargo xtask bench --record")
    })
}

/// Returns `text` with its part replaced by one that quotes the record at `path`.
fn quoting(document: Document, text: &str, path: &str, record: &Record) -> Result<String, String> {
    let place = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) =
        place.ok_or_else(|| format!("there is no `{}` before an `{END}`", BEGIN.trim()))?;
    Ok(format!(
        "{before}{BEGIN}\n{}\n{END}{after}",
        document.part(path, record)
    ))
}

/// Returns the three operations of the README, and how many limits and rows there are.
///
/// A curve is quoted where the bridge is worst beside its peer.
fn short(record: &Record) -> String {
    let mut text = String::from(HEAD);
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    for judged in &judged {
        rows_of(&mut text, judged, |judged, beside| {
            let worst = judged.worst().is_none_or(|worst| worst.x == beside.x);
            SHORT.contains(&judged.row.id) && worst
        });
    }
    let leads = judged.iter().filter(|judged| {
        let mut besides = judged.besides.iter();
        besides.any(|beside| peer_leads(judged, beside))
    });
    let _ = write!(
        text,
        "\n{}. A peer leads at a point of {} rows. [All figures]({}) stand beside the best peer's. Here stands\n\
        the worst point of each row.\n",
        held(&judged),
        leads.count(),
        Document::Figures.path()
    );
    text
}

/// Returns the costs of the usual operations, and the rows in which a peer leads.
fn costs(record: &Record) -> String {
    let mut text = String::from(HEAD);
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    for judged in &judged {
        rows_of(&mut text, judged, |judged, _| {
            COSTS.contains(&judged.row.id)
        });
    }
    let _ = write!(text, "\nA peer leads here:\n\n{HEAD}");
    for judged in &judged {
        rows_of(&mut text, judged, peer_leads);
    }
    let _ = writeln!(
        text,
        "\nMedians of one run on one machine: {}.",
        record.origin()
    );
    text
}

/// Returns whether the peer is better, in a row that has a limit.
fn peer_leads(judged: &Judged, beside: &Beside) -> bool {
    !judged.row.must.is_empty() && beside.peer_leads(judged.row.unit)
}

const HEAD: &str = "| operation | best peer | bridge | bridge / peer |\n|---|---|---|---|\n";

/// Says how many limits the record keeps, and how many rows with a limit it lacks.
fn held(judged: &[Judged]) -> String {
    let held = Held::of(judged);
    if held.kept + held.missed == 0 {
        return "No limit was measured".to_owned();
    }
    let kept = format!("{} of {} limits held", held.kept, held.all());
    match held.unmeasured {
        0 => kept,
        count => format!("{kept}, {count} not measured"),
    }
}

fn part(path: &str, record: &Record) -> String {
    let mut text = String::from(HEAD);
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    for judged in &judged {
        rows_of(&mut text, judged, |judged, beside| {
            QUOTED.contains(&judged.row.id) || peer_leads(judged, beside)
        });
        let alone = judged.besides.is_empty() && judged.ours.is_some();
        if alone && QUOTED.contains(&judged.row.id) {
            let cells = [judged.row.operation, &dash(), &ours(judged), &dash()];
            line(&mut text, &cells);
        }
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
        {held}. [The record]({path}) has every figure of the run.\n",
        record.origin()
    );
    text
}

/// Writes the chosen lines of a row: one line, or one for each point of a curve.
fn rows_of(text: &mut String, judged: &Judged, chosen: fn(&Judged, &Beside) -> bool) {
    let row = judged.row;
    for beside in judged
        .besides
        .iter()
        .filter(|beside| chosen(judged, beside))
    {
        let operation = match row.shape.place(beside.x) {
            Some(place) => format!("{}, {place}", row.operation),
            None => row.operation.to_owned(),
        };
        let ratio = beside.ratio().map_or_else(dash, digits);
        let ours = row.unit.show(beside.ours);
        line(text, &[&operation, &peer(beside, row.unit), &ours, &ratio]);
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
#[path = "readme_tests.rs"]
mod tests;
