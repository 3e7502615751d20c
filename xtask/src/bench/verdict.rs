//! Is a figure what it must be?

use super::{
    catalogue::{self, Must, Row},
    figures::Figures,
};

/// What is said of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Pass,
    Miss,
    /// There is no figure to judge, or none of the peer's.
    NotMeasured,
    /// There is a figure, and no limit.
    Shown,
}

impl Word {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Miss => "MISS",
            Self::NotMeasured => "not measured",
            Self::Shown => "–",
        }
    }
}

/// A limit, as text, with whether it is kept, where that is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) text: String,
    pub(super) kept: Option<bool>,
}

/// A row with its figures, judged.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) row: Row,
    pub(super) best: Option<(String, f64)>,
    pub(super) ours: Option<f64>,
    /// Where the figure is a curve: its lowest and highest point.
    pub(super) curve: Option<(f64, f64)>,
    pub(super) limits: Vec<Limit>,
}

impl Judged {
    pub(super) fn word(&self) -> Word {
        let any = self.ours.is_some() || self.curve.is_some();
        if self.limits.iter().any(|limit| limit.kept == Some(false)) {
            Word::Miss
        } else if !any || self.limits.iter().any(|limit| limit.kept.is_none()) {
            Word::NotMeasured
        } else if self.limits.is_empty() {
            Word::Shown
        } else {
            Word::Pass
        }
    }

    /// Ours as a part of the best peer's: nothing compares to what costs
    /// nothing.
    pub(super) fn ratio(&self) -> Option<f64> {
        let (_, best) = self.best.as_ref().filter(|best| best.1 > 0.0)?;
        Some(self.ours? / best)
    }
}

/// Judges every row.
pub(super) fn judge_all(rows: &[Row], figures: &Figures) -> Vec<Judged> {
    rows.iter().map(|row| judge(row, figures)).collect()
}

pub(super) fn judge(row: &Row, figures: &Figures) -> Judged {
    let ours = figures.ours(row.id);
    let best = figures
        .group(row.id)
        .and_then(|group| group.best(row.unit.more_is_better()))
        .map(|(who, value)| (who.to_owned(), value));
    let points = figures
        .points(row.id)
        .iter()
        .map(|point| point.figure.value);
    let curve = points
        .clone()
        .reduce(f64::min)
        .zip(points.clone().reduce(f64::max));
    let limits = row.must.iter().map(|must| match *must {
        Must::AtMost(most) => Limit {
            text: format!("≤ {}", row.unit.show(most)),
            kept: ours.map(|value| value <= most + row.unit.slack()),
        },
        Must::Times(times, name) => times_of(times, name, ours, figures.of(row.id, name)),
        Must::TimesBest(times) => {
            times_of(times, "the best", ours, best.as_ref().map(|best| best.1))
        }
        Must::SameAs(name) => Limit {
            text: format!("the same as {}", catalogue::name(name)),
            kept: ours
                .zip(figures.of(row.id, name))
                .map(|(ours, peer)| (ours - peer).abs() < 0.5),
        },
        Must::Flat(part) => Limit {
            text: format!("flat within {:.0} %", part * 100.0),
            kept: curve
                .filter(|_| points.clone().count() > 1)
                .map(|(low, high)| high <= low * (1.0 + part)),
        },
    });
    Judged {
        limits: limits.collect(),
        row: *row,
        best,
        ours,
        curve,
    }
}

fn times_of(times: f64, name: &str, ours: Option<f64>, peer: Option<f64>) -> Limit {
    let text = format!("≤ {times} × {}", catalogue::name(name));
    match ours.zip(peer) {
        Some((ours, peer)) => Limit {
            text: format!("{text} (is {:.2})", ours / peer),
            kept: Some(ours <= times * peer),
        },
        None => Limit { text, kept: None },
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
