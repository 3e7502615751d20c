//! Is a figure what it must be?

use super::{
    catalogue::{Must, Row, Unit},
    figures::Figures,
};

/// A row with its figures, judged.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) id: &'static str,
    pub(super) best: Option<(String, f64)>,
    pub(super) ours: Option<f64>,
    /// Where the figure is a curve: its lowest and highest point.
    pub(super) curve: Option<(f64, f64)>,
    /// Each limit, as text, with whether it is kept, where that is known.
    pub(super) limits: Vec<(String, Option<bool>)>,
}

impl Judged {
    pub(super) fn missed(&self) -> bool {
        self.limits.iter().any(|limit| limit.1 == Some(false))
    }

    pub(super) fn word(&self) -> &'static str {
        if self.missed() {
            "MISS"
        } else if self.limits.iter().all(|limit| limit.1 == Some(true)) {
            "pass"
        } else {
            "not measured"
        }
    }
}

pub(super) fn judge(row: &Row, figures: &Figures) -> Judged {
    let per = match row.unit {
        Unit::Time { per } => f64::from(per),
        _ => 1.0,
    };
    let ours = figures.ours(row.group).map(|value| value / per);
    let best = figures
        .best(row.group)
        .map(|(who, value)| (who.to_owned(), value / per));
    let points = figures.points(row.group);
    let curve = points
        .iter()
        .map(|point| point.1 / per)
        .fold(None, |ends, value| match ends {
            None => Some((value, value)),
            Some((low, high)) => Some((f64::min(low, value), f64::max(high, value))),
        });
    let named = |name| figures.of(row.group, name).map(|value| value / per);
    let limits = row.must.iter().map(|must| match *must {
        Must::AtMost(most) => {
            // One allocation of a queue's among ten thousand is not one each.
            let most_shown = most
                + if row.unit == Unit::Allocations {
                    0.005
                } else {
                    0.0
                };
            let text = format!("≤ {}", super::show::figure(most, row.unit));
            (text, ours.map(|value| value <= most_shown))
        }
        Must::Times(times, name) => times_of(times, name, ours, named(name)),
        Must::TimesBest(times) => {
            times_of(times, "the best", ours, best.as_ref().map(|best| best.1))
        }
        Must::SameAs(name) => {
            let same = ours
                .zip(named(name))
                .map(|(ours, peer)| (ours - peer).abs() < 0.5);
            (format!("as {name}"), same)
        }
        Must::Flat(part) => (
            format!("flat within {:.0} %", part * 100.0),
            curve
                .filter(|_| points.len() > 1)
                .map(|(low, high)| high <= low * (1.0 + part)),
        ),
    });
    Judged {
        id: row.id,
        limits: limits.collect(),
        best,
        ours,
        curve,
    }
}

fn times_of(
    times: f64,
    name: &str,
    ours: Option<f64>,
    peer: Option<f64>,
) -> (String, Option<bool>) {
    let text = format!("≤ {times} × {name}");
    match ours.zip(peer) {
        Some((ours, peer)) => (
            format!("{text} (is {:.2})", ours / peer),
            Some(ours <= times * peer),
        ),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(must: &'static [Must], per: u32, measured: &[(&str, f64)]) -> &'static str {
        let row = Row {
            id: "P0",
            operation: "",
            bench: "",
            group: "g",
            unit: Unit::Time { per },
            smartasync: "",
            must,
        };
        let mut figures = Figures::default();
        for (who, value) in measured {
            figures.set("g", who, *value);
        }
        judge(&row, &figures).word()
    }

    #[test]
    fn limits_are_kept_or_missed() {
        assert_eq!(word(&[Must::AtMost(5.0)], 1, &[("bridge", 5.0)]), "pass");
        assert_eq!(word(&[Must::AtMost(5.0)], 1, &[("bridge", 5.1)]), "MISS");
        assert_eq!(word(&[Must::AtMost(5.0)], 10, &[("bridge", 50.0)]), "pass");
        let both = [("bridge", 6.0), ("a", 10.0), ("b", 20.0)];
        assert_eq!(word(&[Must::Times(0.5, "b")], 1, &both), "pass");
        assert_eq!(word(&[Must::Times(0.5, "a")], 1, &both), "MISS");
        assert_eq!(word(&[Must::TimesBest(0.5)], 1, &both), "MISS");
        assert_eq!(word(&[Must::TimesBest(0.7)], 1, &both), "pass");
        assert_eq!(word(&[Must::SameAs("a")], 1, &both), "MISS");
        assert_eq!(
            word(&[Must::SameAs("a")], 1, &[("bridge", 9.0), ("a", 9.0)]),
            "pass"
        );
    }

    #[test]
    fn a_curve_is_flat_or_is_not() {
        let flat = [("bridge/10", 10.0), ("bridge/100", 12.0)];
        assert_eq!(word(&[Must::Flat(0.25)], 1, &flat), "pass");
        let steep = [("bridge/10", 10.0), ("bridge/100", 13.0)];
        assert_eq!(word(&[Must::Flat(0.25)], 1, &steep), "MISS");
        assert_eq!(word(&[Must::Flat(0.25)], 1, &flat[..1]), "not measured");
    }

    #[test]
    fn what_was_not_measured_is_no_pass() {
        assert_eq!(word(&[Must::AtMost(5.0)], 1, &[]), "not measured");
        assert_eq!(
            word(&[Must::TimesBest(1.0)], 1, &[("bridge", 1.0)]),
            "not measured"
        );
    }
}
