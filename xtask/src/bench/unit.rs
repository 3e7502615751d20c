//! The units of figures, and how a figure is written.

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nanoseconds per operation. Where Criterion times a burst of `per` operations,
    /// its figures are divided by `per` as they are read.
    Time {
        per: u32,
    },
    Bytes,
    Allocations,
    Instructions,
    /// Seconds of CPU time.
    Cpu,
    /// A number per second. It is the only unit of which more is better.
    PerSecond,
    /// A number of things, as threads or descriptors.
    Count,
}

impl Unit {
    /// Returns whether a larger figure is better.
    pub(super) fn more_is_better(self) -> bool {
        self == Self::PerSecond
    }

    /// Returns whether the same program gives the same figure each time. Any difference
    /// is a change then.
    pub(super) fn is_exact(self) -> bool {
        matches!(self, Self::Bytes | Self::Instructions)
    }

    /// Returns the difference that does not count.
    ///
    /// A queue that allocates once in ten thousand jobs does not allocate once per job.
    pub(super) fn slack(self) -> f64 {
        if self == Self::Allocations {
            0.005
        } else {
            0.0
        }
    }

    /// Returns the least length of the axis, so that a figure of nearly nothing looks
    /// small.
    pub(super) fn least_scale(self) -> f64 {
        match self {
            Self::Allocations | Self::Count | Self::Bytes => 1.0,
            _ => 0.0,
        }
    }

    /// Returns the number by which Criterion's figures are divided.
    pub(super) fn per(self) -> f64 {
        match self {
            Self::Time { per } => f64::from(per),
            _ => 1.0,
        }
    }

    /// Returns a figure with its unit, to three digits.
    pub(super) fn show(self, value: f64) -> String {
        match self {
            Self::Time { .. } => {
                scaled(value, &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")])
            }
            Self::Bytes => format!("{value:.0} B"),
            Self::Instructions => format!("{value:.0} instr."),
            Self::Cpu => scaled(
                value * 1e9,
                &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")],
            ),
            Self::PerSecond => scaled(value, &[(1e6, "M/s"), (1e3, "k/s"), (1.0, "/s")]),
            Self::Allocations | Self::Count => digits(value),
        }
    }

    /// Returns the text beside a chart that says which figures are better.
    pub(super) fn better(self) -> &'static str {
        if self.more_is_better() {
            "more is better"
        } else {
            "less is better"
        }
    }
}

/// Returns `value` in the largest of `units` that leaves at least one, or in the last
/// unit.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let fits = units.iter().find(|unit| value >= unit.0);
    let (size, name) = fits.or(units.last()).expect("a unit");
    format!("{} {name}", digits(value / size))
}

/// Returns a number to three digits.
pub(super) fn digits(value: f64) -> String {
    let decimals = match value {
        // Whole numbers have no decimals, including those with the error of a power of
        // ten.
        _ if (value - value.round()).abs() <= value * 1e-12 || value >= 100.0 => 0,
        _ if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_keep_three_digits_and_choose_their_scale() {
        let time = |ns| Unit::Time { per: 1 }.show(ns);
        assert_eq!(time(0.314_15), "0.31 ns");
        assert_eq!(time(51.26), "51.3 ns");
        assert_eq!(time(1_000.0), "1 µs");
        assert_eq!(time(28_123.4), "28.1 µs");
        assert_eq!(time(1e6), "1 ms");
        assert_eq!(time(2.5e9), "2.50 s");
        assert_eq!(time(0.0), "0 ns");
        assert_eq!(time(10_f64.powf(20_f64.log10())), "20 ns");
        assert_eq!(Unit::Bytes.show(48.0), "48 B");
        assert_eq!(Unit::Cpu.show(0.25), "250 ms");
        assert_eq!(Unit::PerSecond.show(12_345.0), "12.3 k/s");
    }
}
