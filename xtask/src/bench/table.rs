//! The tables that a run prints at its end.

use comfy_table::{
    Attribute, Cell, Color, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED,
};

use super::{
    catalogue::{self, BESIDE},
    figures::Figures,
    unit::{Unit, digits},
    verdict::{Beside, Judged, Word},
};

const HEADER: [&str; 7] = [
    "id",
    "operation",
    "best peer",
    "bridge",
    "bridge / peer",
    "must",
    "verdict",
];

/// Returns an empty table with this header.
pub(super) fn table(header: impl IntoIterator<Item = impl Into<Cell>>) -> Table {
    let mut table = Table::new();
    let cells: Vec<Cell> = header.into_iter().map(Into::into).collect();
    table.load_style(UTF8_FULL_CONDENSED).set_header(cells);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// Returns a table of every row with its verdict.
pub(super) fn verdicts(judged: &[Judged]) -> Table {
    let mut table = table(HEADER);
    for judged in judged {
        let limits: Vec<_> = judged
            .limits
            .iter()
            .map(|limit| limit.text.as_str())
            .collect();
        let word = judged.word();
        let verdict = Cell::new(word.text());
        table.add_row([
            Cell::new(judged.row.id),
            Cell::new(judged.row.operation),
            Cell::new(best(judged)),
            Cell::new(ours(judged)).add_attribute(Attribute::Bold),
            Cell::new(judged.ratio().map_or_else(dash, digits)),
            Cell::new(limits.join("; ")),
            match word {
                Word::Pass => verdict.fg(Color::Green),
                Word::Miss => verdict.fg(Color::Red),
                Word::NotMeasured => verdict.fg(Color::Yellow),
                Word::Shown => verdict,
            },
        ]);
    }
    table
}

/// Returns a table of the figures that `SmartAsync` documents, those measured here, and
/// ours.
pub(super) fn beside(figures: &Figures) -> Table {
    let header = [
        "operation",
        "SmartAsync documents",
        "SmartAsync here",
        "its successor here",
        "bridge here",
    ];
    let mut table = table(header);
    for beside in BESIDE {
        table.add_row([
            beside.operation.to_owned(),
            beside.documented.to_owned(),
            theirs(figures, beside.group, "smartasync"),
            theirs(figures, beside.group, "genro_toolbox"),
            beside.ours.map_or_else(
                || "by the compiler".to_owned(),
                |id| {
                    figures
                        .ours(id)
                        .map_or_else(dash, |value| catalogue::unit(id).show(value))
                },
            ),
        ]);
    }
    table
}

/// Returns the time that a Python candidate took.
pub(super) fn theirs(figures: &Figures, group: &str, who: &str) -> String {
    let value = figures.of(group, who);
    value.map_or_else(dash, |value| Unit::Time { per: 1 }.show(value))
}

/// Returns our figure. A curve is shown at its worst place beside the peers, or by its
/// ends.
pub(super) fn ours(judged: &Judged) -> String {
    let unit = judged.row.unit;
    match (judged.worst(), judged.curve, judged.ours) {
        (Some(worst), Some(_), _) => at(&unit.show(worst.ours), worst.x),
        (None, Some((low, high)), _) => format!("{} to {}", unit.show(low), unit.show(high)),
        (_, None, Some(value)) => unit.show(value),
        (_, None, None) => dash(),
    }
}

/// Returns the name and the figure of the best peer, at the same place.
pub(super) fn best(judged: &Judged) -> String {
    // The ratio to a peer that costs nothing does not exist.
    let best = judged.worst().or(judged.besides.first());
    best.map_or_else(dash, |best| at(&peer(best, judged.row.unit), best.x))
}

/// Returns the name and the figure of the peer.
pub(super) fn peer(beside: &Beside, unit: Unit) -> String {
    let name = catalogue::name(&beside.who);
    format!("{name} {}", unit.show(beside.theirs))
}

fn at(text: &str, x: Option<f64>) -> String {
    x.map_or_else(|| text.to_owned(), |x| format!("{text} at {x}"))
}

pub(super) fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{catalogue::rows, verdict::judge_all};

    #[test]
    fn each_row_has_its_figures_and_its_verdict() {
        let mut figures = Figures::default();
        figures.set("P8", "bridge", 500.0);
        figures.set("P8", "tokio_rayon", 20_000.0);
        let text = verdicts(&judge_all(&rows(Some("P8")), &figures)).to_string();
        for wanted in ["P8", "500 ns", "tokio-rayon", "20 µs", "0.03", "pass"] {
            assert!(text.contains(wanted), "no {wanted} in\n{text}");
        }
    }

    #[test]
    fn a_curve_is_shown_where_it_does_worst() {
        let mut figures = Figures::default();
        for (who, one, many) in [
            ("bridge", 2_000.0, 3_000.0),
            ("spawn_blocking", 1_000.0, 1_500.0),
            ("spawn_blocking_limited", 900.0, 2_500.0),
        ] {
            figures.add_point("P15-requests", who, 1.0, one);
            figures.add_point("P15-requests", who, 200.0, many);
        }
        let text = verdicts(&judge_all(&rows(Some("P15-requests")), &figures)).to_string();
        let text = text.replace(['\n', '│', '┆'], " ");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for wanted in ["3 k/s at", "1.20", "pass"] {
            assert!(text.contains(wanted), "no {wanted} in\n{text}");
        }
    }

    #[test]
    fn the_three_columns_stand_side_by_side() {
        let mut figures = Figures::default();
        figures.set("P4", "bridge", 30.0);
        figures.set("PY-sync-async", "smartasync", 82_000.0);
        let text = beside(&figures).to_string();
        let line = text
            .lines()
            .find(|line| line.contains("sync → async"))
            .expect("the row");
        for wanted in ["~102 µs", "82 µs", "30 ns"] {
            assert!(line.contains(wanted), "no {wanted} in {line}");
        }
    }
}
