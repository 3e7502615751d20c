//! How a figure is written.

use super::catalogue::Unit;

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
