//! The one table that a run of the benches ends with.

use std::time::Duration;

use comfy_table::{Cell, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};

use super::{catalogue::Row, show::figure, verdict::Judged};
use crate::run::{self, Output};

const HEADER: [&str; 8] = [
    "id",
    "operation",
    "SmartAsync, documented",
    "best peer here",
    "ours here",
    "ours / best peer",
    "must",
    "verdict",
];

pub(super) fn render(rows: &[Row], judged: &[Judged]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(HEADER);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for (row, judged) in rows.iter().zip(judged) {
        let best = judged.best.as_ref();
        // Nothing compares to a peer that costs nothing.
        let best_of_some = best.filter(|best| best.1 > 0.0);
        let ratio = judged
            .ours
            .zip(best_of_some)
            .map(|(ours, best)| format!("{:.2}", ours / best.1));
        let ours = match judged.curve {
            Some((low, high)) => {
                format!("{} to {}", figure(low, row.unit), figure(high, row.unit))
            }
            None => judged
                .ours
                .map_or_else(dash, |value| figure(value, row.unit)),
        };
        let limits: Vec<_> = judged.limits.iter().map(|limit| limit.0.as_str()).collect();
        table.add_row([
            Cell::new(row.id),
            Cell::new(row.operation),
            Cell::new(row.smartasync),
            Cell::new(best.map_or_else(dash, |(who, v)| format!("{who} {}", figure(*v, row.unit)))),
            Cell::new(ours),
            Cell::new(ratio.unwrap_or_else(dash)),
            Cell::new(limits.join("; ")),
            Cell::new(judged.word()),
        ]);
    }
    table
}

fn dash() -> String {
    "–".to_owned()
}

/// Where the figures were taken: they hold for no other place.
pub(super) fn machine() -> String {
    let limit = Duration::from_secs(30);
    let rustc = run::run(
        &mut run::program("rustc", &["--version"]),
        limit,
        Output::Keep,
    )
    .text;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!(
        "medians of one run; {os} {arch}, {cores} cores, {}",
        rustc.trim()
    )
}
