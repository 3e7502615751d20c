//! An axis: the places of values on it, and their labels.
//!
//! Places are exponents of ten, so the chart itself is linear. This leaves room for
//! values that have no logarithm, as a job of no length, or the 100th percentile.

use std::ops::Range;

use plotters::{
    coord::ranged1d::{DefaultFormatting, KeyPointHint},
    prelude::Ranged,
};

use crate::bench::unit::digits;

/// The greatest number of labels that have room beside each other.
const MOST_TICKS: usize = 9;

/// An axis from one place to another.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    pub(super) ticks: Vec<f64>,
    /// Each value that has a label, with its place.
    values: Vec<(f64, f64)>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Logarithmic,
    Percentiles,
}

impl Axis {
    /// Returns an axis whose labels are the measured values themselves.
    pub(super) fn logarithmic(values: impl Iterator<Item = f64>) -> Self {
        Self::of(Kind::Logarithmic, values)
    }

    /// Returns an axis of percentiles.
    ///
    /// Each nine takes as much room as the one before. The maximum lies a step after
    /// the last percentile.
    pub(super) fn percentiles(values: impl Iterator<Item = f64>) -> Self {
        Self::of(Kind::Percentiles, values)
    }

    fn of(kind: Kind, values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        // A value without a place of its own gets a place a step beyond the others.
        let places = values.iter().filter_map(|value| own_place(kind, *value));
        let (low, high) = ends(places).unwrap_or((0.0, 1.0));
        let mut all = Vec::new();
        for value in values {
            let outside = match kind {
                Kind::Logarithmic => low - 1.0,
                Kind::Percentiles => high + 1.0,
            };
            all.push((value, own_place(kind, value).unwrap_or(outside)));
        }
        let step = all.len().div_ceil(MOST_TICKS).max(1);
        let ticks: Vec<_> = all.iter().step_by(step).map(|placed| placed.1).collect();
        let (low, high) = ends(all.iter().map(|placed| placed.1)).unwrap_or((0.0, 1.0));
        let margin = ((high - low) * 0.03).max(0.05);
        Self {
            from: low - margin,
            to: high + margin,
            ticks,
            values: all,
            kind,
        }
    }

    /// Returns an axis over at least one decade.
    ///
    /// Its labels are at 1, or at 1, 2 and 5 if there are few decades. Values that have
    /// no logarithm lie at its foot.
    pub(super) fn decades(values: impl Iterator<Item = f64>) -> Self {
        let exponents = values.filter(|value| *value > 0.0).map(f64::log10);
        let (low, high) = ends(exponents).unwrap_or((0.0, 1.0));
        // A flat curve must look flat, so no axis is shorter than a decade.
        let lack = (1.0 - (high - low)).max(0.0) / 2.0;
        let (from, to) = (low - lack - 0.1, high + lack + 0.1);
        let parts: &[f64] = if to - from > 3.0 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let mut ticks = Vec::new();
        let mut decade = from.floor();
        while decade <= to {
            ticks.extend(parts.iter().map(|part| decade + part.log10()));
            decade += 1.0;
        }
        ticks.retain(|tick| (from..=to).contains(tick));
        Self {
            from,
            to,
            ticks,
            values: Vec::new(),
            kind: Kind::Logarithmic,
        }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let known = self
            .values
            .iter()
            .find(|placed| placed.0.total_cmp(&value).is_eq());
        let place = known.map(|placed| placed.1).or(own_place(self.kind, value));
        place.unwrap_or(self.from).max(self.from)
    }

    /// Returns the label at a place.
    pub(super) fn label(&self, place: f64) -> String {
        let near = |placed: &&(f64, f64)| (placed.1 - place).abs() < 1e-6;
        let Some((value, _)) = self.values.iter().find(near) else {
            return String::new();
        };
        match self.kind {
            Kind::Percentiles if *value >= 100.0 => "max".to_owned(),
            Kind::Percentiles => format!("{value} %"),
            Kind::Logarithmic if *value >= 1e6 => format!("{}M", digits(value / 1e6)),
            Kind::Logarithmic if *value >= 1e4 => format!("{}k", digits(value / 1e3)),
            Kind::Logarithmic => format!("{value}"),
        }
    }
}

/// The interface to the chart. Its values are places.
impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a chart")]
    fn map(&self, place: &f64, limit: (i32, i32)) -> i32 {
        let part = (place - self.from) / (self.to - self.from);
        let (from, to) = (f64::from(limit.0), f64::from(limit.1));
        (from + (to - from) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

fn own_place(kind: Kind, value: f64) -> Option<f64> {
    let place = match kind {
        Kind::Logarithmic => value.log10(),
        Kind::Percentiles => -(1.0 - value / 100.0).log10(),
    };
    place.is_finite().then_some(place)
}

fn ends(places: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    places.fold(None, |ends, place| match ends {
        None => Some((place, place)),
        Some((low, high)) => Some((low.min(place), high.max(place))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decades_lie_side_by_side_and_nothing_a_step_before_them() {
        let axis = Axis::logarithmic([100.0, 0.0, 1.0, 10.0].into_iter());
        let places: Vec<_> = [0.0, 1.0, 10.0, 100.0].map(|x| axis.place(x)).to_vec();
        assert_eq!(places, [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(axis.label(-1.0), "0");
        assert_eq!(axis.label(2.0), "100");
        assert_eq!(axis.label(0.5), "");
        assert!(axis.from < -1.0 && axis.to > 2.0);
    }

    #[test]
    fn each_nine_takes_a_step_and_so_does_the_greatest() {
        let axis = Axis::percentiles([50.0, 90.0, 99.0, 99.9, 100.0].into_iter());
        assert!((axis.place(99.0) - 2.0).abs() < 1e-9);
        assert!((axis.place(100.0) - axis.place(99.9) - 1.0).abs() < 1e-9);
        assert_eq!(axis.label(axis.place(100.0)), "max");
        assert_eq!(axis.label(axis.place(99.9)), "99.9 %");
    }

    #[test]
    fn a_flat_curve_still_has_a_decade() {
        let axis = Axis::decades([200.0, 210.0].into_iter());
        assert!(axis.to - axis.from >= 1.0);
        assert!(axis.ticks.len() >= 3, "{:?}", axis.ticks);
        assert!((axis.place(-5.0) - axis.from).abs() < 1e-9);
        let long = Axis::decades([1.0, 1e6].into_iter());
        assert_eq!(long.ticks.len(), 7);
    }
}
