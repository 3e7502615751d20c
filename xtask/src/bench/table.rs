//! The one table that a run of the benches ends with.

use std::time::Duration;

use comfy_table::{Cell, ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};

use super::{
    catalogue::{Row, Unit},
    verdict::Judged,
};
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

/// A figure with its unit, to three digits.
pub(super) fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time { .. } if value >= 1e6 => format!("{} ms", digits(value / 1e6)),
        Unit::Time { .. } if value >= 1e3 => format!("{} µs", digits(value / 1e3)),
        Unit::Time { .. } => format!("{} ns", digits(value)),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Allocations => digits(value),
        Unit::Instructions => format!("{value:.0} instr."),
    }
}

fn digits(value: f64) -> String {
    let decimals = match value {
        _ if value.fract() == 0.0 || value >= 100.0 => 0,
        _ if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits_and_choose_their_unit() {
        let time = |ns| figure(ns, Unit::Time { per: 1 });
        assert_eq!(time(0.314_15), "0.31 ns");
        assert_eq!(time(51.26), "51.3 ns");
        assert_eq!(time(1_000.0), "1 µs");
        assert_eq!(time(28_123.4), "28.1 µs");
        assert_eq!(time(1e6), "1 ms");
        assert_eq!(figure(48.0, Unit::Bytes), "48 B");
    }
}
