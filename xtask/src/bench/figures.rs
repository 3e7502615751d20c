//! The measured figures, by group and by candidate.
//!
//! The figures are in the units of the catalogue as soon as they are read. So verdicts,
//! tables and records only compare and show them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name under which the benches measure the bridge.
pub(super) const OURS: &str = "bridge";

/// The ends of names that are shown but are no peers. These candidates do less than the
/// work, or can run no async code at all.
const NO_PEER: [&str; 9] = [
    "_without_context",
    "_without_runtime",
    "_without_wait",
    "_without_jobs",
    "_without_pool",
    "no_jobs",
    "raw_std",
    "thread_local_read",
    "ureq",
];

/// A figure. Criterion's medians come with their confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Figure {
    pub(super) value: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) interval: Option<[f64; 2]>,
}

impl Figure {
    /// Returns half the width of the interval, as a part of the figure.
    pub(super) fn uncertainty(self) -> Option<f64> {
        let [low, high] = self.interval?;
        (self.value > 0.0).then(|| (high - low) / 2.0 / self.value)
    }
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Self {
            value,
            interval: None,
        }
    }
}

/// A figure at one place of a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) x: f64,
    #[serde(flatten)]
    pub(super) figure: Figure,
}

/// The figures that were measured side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) figures: BTreeMap<String, Figure>,
    /// The points of each curve are in the order of `x`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) curves: BTreeMap<String, Vec<Point>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
}

impl Group {
    /// Returns the peer with the best figure.
    pub(super) fn best(&self, more_is_better: bool) -> Option<(&str, f64)> {
        let figures = self.figures.iter();
        best(
            figures.map(|(who, figure)| (who.as_str(), figure.value)),
            more_is_better,
        )
    }

    /// Returns the peer with the best figure at one place of the curves.
    pub(super) fn best_at(&self, x: f64, more_is_better: bool) -> Option<(&str, f64)> {
        let figures = self.curves.iter().filter_map(|(who, points)| {
            let point = points.iter().find(|point| point.x.total_cmp(&x).is_eq())?;
            Some((who.as_str(), point.figure.value))
        });
        best(figures, more_is_better)
    }
}

fn best<'a>(
    figures: impl Iterator<Item = (&'a str, f64)>,
    more_is_better: bool,
) -> Option<(&'a str, f64)> {
    let peers = figures.filter(|(who, _)| is_peer(who));
    if more_is_better {
        peers.max_by(|a, b| a.1.total_cmp(&b.1))
    } else {
        peers.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Returns whether `who` is a peer, which the bridge is compared with.
pub(super) fn is_peer(who: &str) -> bool {
    who != OURS && !NO_PEER.iter().any(|end| who.ends_with(end))
}

/// All groups, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Figures(pub(super) BTreeMap<String, Group>);

impl Figures {
    pub(super) fn set(&mut self, group: &str, who: &str, figure: impl Into<Figure>) {
        let figures = &mut self.entry(group).figures;
        figures.insert(who.to_owned(), figure.into());
    }

    pub(super) fn add_point(&mut self, group: &str, who: &str, x: f64, figure: impl Into<Figure>) {
        let curves = &mut self.entry(group).curves;
        let curve = curves.entry(who.to_owned()).or_default();
        let figure = figure.into();
        match curve.binary_search_by(|point| point.x.total_cmp(&x)) {
            Ok(at) => curve[at].figure = figure,
            Err(at) => curve.insert(at, Point { x, figure }),
        }
    }

    pub(super) fn add_note(&mut self, group: &str, text: &str) {
        self.entry(group).notes.push(text.to_owned());
    }

    fn entry(&mut self, group: &str) -> &mut Group {
        self.0.entry(group.to_owned()).or_default()
    }

    pub(super) fn group(&self, group: &str) -> Option<&Group> {
        self.0.get(group)
    }

    pub(super) fn ours(&self, group: &str) -> Option<f64> {
        self.of(group, OURS)
    }

    pub(super) fn of(&self, group: &str, who: &str) -> Option<f64> {
        Some(self.group(group)?.figures.get(who)?.value)
    }

    /// Returns the points of the bridge's curve, if the group has one.
    pub(super) fn points(&self, group: &str) -> &[Point] {
        self.points_of(group, OURS)
    }

    /// Returns the points of the curve of `who`, if the group has one.
    pub(super) fn points_of(&self, group: &str, who: &str) -> &[Point] {
        let curve = self.group(group).and_then(|group| group.curves.get(who));
        curve.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_peer_is_a_peer() {
        let mut figures = Figures::default();
        for (who, value) in [
            (OURS, 1.0),
            ("a", 3.0),
            ("b", 2.0),
            ("c_without_runtime", 1.0),
        ] {
            figures.set("g", who, value);
        }
        let group = figures.group("g").expect("the group");
        assert_eq!(group.best(false), Some(("b", 2.0)));
        assert_eq!(group.best(true), Some(("a", 3.0)));
    }

    #[test]
    fn points_are_kept_in_order_and_the_last_word_counts() {
        let mut figures = Figures::default();
        for (x, value) in [(100.0, 1.0), (10.0, 2.0), (100.0, 3.0)] {
            figures.add_point("g", OURS, x, value);
        }
        let points: Vec<_> = figures
            .points("g")
            .iter()
            .map(|p| (p.x, p.figure.value))
            .collect();
        assert_eq!(points, [(10.0, 2.0), (100.0, 3.0)]);
    }

    #[test]
    fn uncertainty_is_half_the_interval_as_a_part() {
        let figure = Figure {
            value: 10.0,
            interval: Some([9.0, 12.0]),
        };
        assert_eq!(figure.uncertainty(), Some(0.15));
        assert_eq!(Figure::from(10.0).uncertainty(), None);
    }
}
