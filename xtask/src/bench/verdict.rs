//! Judges whether a figure keeps its limits.

use super::{
    catalogue::{self, Must, Row},
    figures::Figures,
    unit::Unit,
};
use crate::Chore;

/// The verdict of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Pass,
    Miss,
    /// The bridge's figure is missing, or the peer's.
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

/// A limit as text, and whether it is kept, if that is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) text: String,
    pub(super) kept: Option<bool>,
}

/// Our figure beside that of the best peer, where both were measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Beside {
    /// The place, if the figure is a point of a curve.
    pub(super) x: Option<f64>,
    pub(super) ours: f64,
    pub(super) who: String,
    pub(super) theirs: f64,
}

impl Beside {
    /// Returns our figure as a part of the peer's. A peer that costs nothing has no
    /// ratio.
    pub(super) fn ratio(&self) -> Option<f64> {
        (self.theirs > 0.0).then(|| self.ours / self.theirs)
    }

    /// Returns whether the peer's figure is better.
    pub(super) fn peer_leads(&self, unit: Unit) -> bool {
        if unit.more_is_better() {
            self.ours < self.theirs * (1.0 - EQUAL)
        } else {
            self.ours > self.theirs * (1.0 + EQUAL)
        }
    }
}

/// Figures that differ by no more than this part look equal in the tables.
const EQUAL: f64 = 0.005;

/// A row with its figures and its verdict.
#[derive(Clone, Debug)]
pub(super) struct Judged {
    pub(super) row: Row,
    /// Our figures beside the best peer: one for bars, or one for each point of a
    /// curve.
    pub(super) besides: Vec<Beside>,
    pub(super) ours: Option<f64>,
    /// The lowest and the highest point, if the figure is a curve.
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

    /// Returns our figure beside the best peer, at the place where ours does worst.
    pub(super) fn worst(&self) -> Option<&Beside> {
        worst(self.row.unit, &self.besides, Beside::ratio)
    }

    /// Returns our figure as a part of the best peer's, at the place where ours does
    /// worst.
    pub(super) fn ratio(&self) -> Option<f64> {
        self.worst()?.ratio()
    }
}

/// The numbers of rows that have a limit, by their verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) kept: usize,
    pub(super) missed: usize,
    /// A figure that the limit needs is missing.
    pub(super) unmeasured: usize,
}

impl Held {
    pub(super) fn of(judged: &[Judged]) -> Self {
        let count = |word| limited(judged, word).count();
        Self {
            kept: count(Word::Pass),
            missed: count(Word::Miss),
            unmeasured: count(Word::NotMeasured),
        }
    }

    pub(super) fn all(self) -> usize {
        self.kept + self.missed + self.unmeasured
    }
}

/// Returns the rows that have a limit and this verdict.
fn limited(judged: &[Judged], word: Word) -> impl Iterator<Item = &Judged> {
    let found = move |judged: &&Judged| !judged.row.must.is_empty() && judged.word() == word;
    judged.iter().filter(found)
}

/// Fails if a row misses a limit, or if it has one and was not measured.
pub(super) fn all_held(judged: &[Judged]) -> Chore {
    let mut failed = Vec::new();
    for (word, text) in [(Word::Miss, "missed"), (Word::NotMeasured, "not measured")] {
        let ids: Vec<_> = limited(judged, word).map(|judged| judged.row.id).collect();
        if !ids.is_empty() {
            failed.push(format!("{text}: {}", ids.join(", ")));
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(failed.join("; "))
    }
}

/// Fails if a row was not measured, with a limit or without.
pub(super) fn all_measured(judged: &[Judged]) -> Chore {
    let open = judged
        .iter()
        .filter(|judged| judged.word() == Word::NotMeasured);
    let ids: Vec<_> = open.map(|judged| judged.row.id).collect();
    if ids.is_empty() {
        Ok(())
    } else {
        Err(format!("not measured: {}", ids.join(", ")))
    }
}

/// Returns the element whose ratio is worst for us.
fn worst<T>(unit: Unit, all: &[T], ratio: impl Fn(&T) -> Option<f64>) -> Option<&T> {
    let all = all.iter().filter_map(|one| Some((one, ratio(one)?)));
    let worst = if unit.more_is_better() {
        all.min_by(|a, b| a.1.total_cmp(&b.1))
    } else {
        all.max_by(|a, b| a.1.total_cmp(&b.1))
    };
    worst.map(|(one, _)| one)
}

/// Judges every row.
pub(super) fn judge_all(rows: &[Row], figures: &Figures) -> Vec<Judged> {
    rows.iter().map(|row| judge(row, figures)).collect()
}

pub(super) fn judge(row: &Row, figures: &Figures) -> Judged {
    let ours = figures.ours(row.id);
    let points = figures.points(row.id);
    let values = || points.iter().map(|point| point.figure.value);
    let limits = row.must.iter().map(|must| match *must {
        Must::AtMost(most) => Limit {
            text: format!("≤ {}", row.unit.show(most)),
            kept: ours.map(|value| value <= most + row.unit.slack()),
        },
        Must::Times(times, name) => times_of(row, times, name, &pairs(row, figures, name)),
        Must::Above(most, name) => Limit {
            text: format!("≤ {} above {}", row.unit.show(most), catalogue::name(name)),
            kept: ours
                .zip(figures.of(row.id, name))
                .map(|(ours, other)| ours - other <= most + row.unit.slack()),
        },
        Must::TimesBest(times) => {
            let pairs: Vec<_> = besides(row, figures)
                .iter()
                .map(|beside| (beside.x, beside.ours, beside.theirs))
                .collect();
            times_of(row, times, "the best", &pairs)
        }
        Must::SameAs(name) => Limit {
            text: format!("the same as {}", catalogue::name(name)),
            kept: ours
                .zip(figures.of(row.id, name))
                .map(|(ours, peer)| (ours - peer).abs() < 0.5),
        },
        Must::Flat(part) => Limit {
            text: format!("flat within {:.0} %", part * 100.0),
            kept: flat(part, values()),
        },
        Must::FlatBeyond(part, name) => {
            let pairs = pairs(row, figures, name);
            Limit {
                text: format!(
                    "flat within {:.0} % beyond {}",
                    part * 100.0,
                    catalogue::name(name)
                ),
                kept: flat(part, pairs.iter().map(|(_, ours, theirs)| ours - theirs)),
            }
        }
    });
    Judged {
        limits: limits.collect(),
        row: *row,
        besides: besides(row, figures),
        ours,
        curve: values().reduce(f64::min).zip(values().reduce(f64::max)),
    }
}

/// Returns our figures, each beside that of the best peer.
fn besides(row: &Row, figures: &Figures) -> Vec<Beside> {
    let Some(group) = figures.group(row.id) else {
        return Vec::new();
    };
    let more = row.unit.more_is_better();
    let beside = |x, ours: Option<f64>, best: Option<(&str, f64)>| {
        let (who, theirs) = best?;
        Some(Beside {
            x,
            ours: ours?,
            who: who.to_owned(),
            theirs,
        })
    };
    let bars = beside(None, figures.ours(row.id), group.best(more));
    let points = figures.points(row.id).iter().filter_map(|point| {
        let ours = Some(point.figure.value);
        beside(Some(point.x), ours, group.best_at(point.x, more))
    });
    bars.into_iter().chain(points).collect()
}

/// A place, our figure there, and the figure of another candidate.
type Pair = (Option<f64>, f64, f64);

/// Returns our figures, each beside the figure of the candidate called `name`.
fn pairs(row: &Row, figures: &Figures, name: &str) -> Vec<Pair> {
    let bars = figures.ours(row.id).zip(figures.of(row.id, name));
    let theirs = figures.points_of(row.id, name);
    let points = figures.points(row.id).iter().filter_map(|ours| {
        let theirs = theirs
            .iter()
            .find(|theirs| theirs.x.total_cmp(&ours.x).is_eq())?;
        Some((Some(ours.x), ours.figure.value, theirs.figure.value))
    });
    let bars = bars.map(|(ours, theirs)| (None, ours, theirs));
    bars.into_iter().chain(points).collect()
}

/// Returns whether the values lie within this part of the smallest, if there are
/// several.
fn flat(part: f64, values: impl Iterator<Item = f64> + Clone) -> Option<bool> {
    let low = values.clone().reduce(f64::min)?;
    let high = values.clone().reduce(f64::max)?;
    (values.count() > 1).then_some(high <= low * (1.0 + part))
}

/// Returns a limit that all of `pairs` must keep. Its text has the worst ratio.
fn times_of(row: &Row, times: f64, name: &str, pairs: &[Pair]) -> Limit {
    let more = row.unit.more_is_better();
    let sign = if more { '≥' } else { '≤' };
    let text = format!("{sign} {times} × {}", catalogue::name(name));
    let ratio = |pair: &Pair| (pair.2 > 0.0).then(|| pair.1 / pair.2);
    let text = match worst(row.unit, pairs, ratio).and_then(|pair| Some((pair.0, ratio(pair)?))) {
        Some((Some(x), ratio)) => format!("{text} (is {ratio:.2} at {x})"),
        Some((None, ratio)) => format!("{text} (is {ratio:.2})"),
        None => text,
    };
    let kept = |(_, ours, theirs): &Pair| {
        if more {
            *ours >= times * theirs
        } else {
            *ours <= times * theirs
        }
    };
    Limit {
        text,
        kept: (!pairs.is_empty()).then(|| pairs.iter().all(kept)),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
