//! Compares two records, and shows the changes beyond noise.

use comfy_table::{Cell, Color, Table};

use super::{
    catalogue,
    figures::{Figure, Group, OURS},
    record::Record,
    table::table,
    unit::{Unit, digits},
};

/// The usual difference of two runs of one build on an idle machine. No interval of
/// either run can know it.
const DRIFT: f64 = 0.1;

/// The change of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Better,
    Worse,
    /// The change is within the uncertainty of both figures.
    Noise,
}

/// A figure that both records have.
#[derive(Debug)]
pub(super) struct Pair {
    group: String,
    who: String,
    before: f64,
    after: f64,
    /// The part of the figure that a change must exceed.
    noise: f64,
    pub(super) change: Change,
}

/// Returns every figure that both records have, and the drift between the records.
pub(super) fn pairs(before: &Record, after: &Record) -> (Vec<Pair>, f64) {
    let drift = drift(before, after);
    let mut pairs = Vec::new();
    for (name, then) in &before.figures.0 {
        let Some(now) = after.figures.group(name) else {
            continue;
        };
        let unit = catalogue::unit(name);
        for (who, then) in flat(then) {
            let found = flat(now).find(|(other, _)| *other == who);
            if let Some((_, now)) = found {
                pairs.push(pair(name, who, [then, now], unit, drift));
            }
        }
    }
    (pairs, drift)
}

/// Returns how far the machine has drifted.
///
/// The peers show it if their code is the same in both records: three quarters of their
/// figures changed by no more than this.
fn drift(before: &Record, after: &Record) -> f64 {
    let same = |(name, version)| after.peers.get(name).is_none_or(|now| now == version);
    if !before.peers.iter().all(same) || before.toolchain != after.toolchain {
        return DRIFT;
    }
    let groups = before.figures.0.iter();
    let groups = groups.filter(|(name, _)| matches!(catalogue::unit(name), Unit::Time { .. }));
    let mut moves: Vec<_> = groups
        .filter_map(|(name, group)| Some((group, after.figures.group(name)?)))
        .flat_map(|(then, now)| {
            let peers = then.figures.iter().filter(|(who, _)| who.as_str() != OURS);
            peers.filter_map(|(who, then)| Some((then.value, now.figures.get(who)?.value)))
        })
        .filter(|(then, now)| then.min(*now) > 0.0)
        .map(|(then, now)| then.max(now) / then.min(now) - 1.0)
        .collect();
    moves.sort_by(f64::total_cmp);
    let most = moves.get(moves.len() * 3 / 4).copied().unwrap_or(DRIFT);
    most.max(DRIFT)
}

/// Returns the figures of a group. The figures of a curve have their place in the name.
fn flat(group: &Group) -> impl Iterator<Item = (String, Figure)> {
    let figures = group
        .figures
        .iter()
        .map(|(who, figure)| (who.clone(), *figure));
    let points = group.curves.iter().flat_map(|(who, curve)| {
        curve
            .iter()
            .map(move |point| (format!("{who} at {}", point.x), point.figure))
    });
    figures.chain(points)
}

fn pair(group: &str, who: String, [then, now]: [Figure; 2], unit: Unit, drift: f64) -> Pair {
    let noise = if unit.is_exact() {
        0.0
    } else {
        let sides = [then, now].map(|figure| figure.uncertainty().unwrap_or(0.0));
        sides[0].hypot(sides[1]).max(drift)
    };
    let (less, more) = (then.value.min(now.value), then.value.max(now.value));
    let change = if more <= less * (1.0 + noise) + unit.slack() {
        Change::Noise
    } else if (now.value > then.value) == unit.more_is_better() {
        Change::Better
    } else {
        Change::Worse
    };
    Pair {
        group: group.to_owned(),
        who,
        before: then.value,
        after: now.value,
        noise,
        change,
    }
}

/// Returns a table of all pairs, and a line that sums them up.
pub(super) fn render(pairs: &[Pair], drift: f64) -> (Table, String) {
    let mut table = table(["group", "who", "A", "B", "B / A", "noise", "change"]);
    for pair in pairs {
        let unit = catalogue::unit(&pair.group);
        let ratio = if pair.before > 0.0 {
            digits(pair.after / pair.before)
        } else {
            "–".to_owned()
        };
        table.add_row([
            Cell::new(&pair.group),
            Cell::new(&pair.who),
            Cell::new(unit.show(pair.before)),
            Cell::new(unit.show(pair.after)),
            Cell::new(ratio),
            Cell::new(format!("± {:.0} %", pair.noise * 100.0)),
            match pair.change {
                Change::Better => Cell::new("better").fg(Color::Green),
                Change::Worse => Cell::new("WORSE").fg(Color::Red),
                Change::Noise => Cell::new(""),
            },
        ]);
    }
    let count = |change| pairs.iter().filter(|pair| pair.change == change).count();
    let line = format!(
        "{} figures in both; {} better, {} worse, the others within noise, of which {:.0} % is drift",
        pairs.len(),
        count(Change::Better),
        count(Change::Worse),
        drift * 100.0
    );
    (table, line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(figures: &[(&str, f64, f64)]) -> Record {
        let mut record = Record::default();
        for &(group, value, half) in figures {
            let interval = Some([value - half, value + half]);
            record
                .figures
                .set(group, "bridge", Figure { value, interval });
        }
        record
    }

    fn change(group: &str, before: (f64, f64), after: (f64, f64)) -> Change {
        let before = record(&[(group, before.0, before.1)]);
        let after = record(&[(group, after.0, after.1)]);
        pairs(&before, &after).0[0].change
    }

    #[test]
    fn a_change_has_to_exceed_drift() {
        assert_eq!(change("P8", (100.0, 1.0), (109.0, 1.0)), Change::Noise);
        assert_eq!(change("P8", (100.0, 1.0), (111.0, 1.0)), Change::Worse);
        assert_eq!(change("P8", (111.0, 1.0), (100.0, 1.0)), Change::Better);
    }

    #[test]
    fn a_change_has_to_exceed_what_both_are_unsure_of() {
        assert_eq!(change("P8", (100.0, 30.0), (140.0, 56.0)), Change::Noise);
        assert_eq!(change("P8", (100.0, 30.0), (160.0, 60.0)), Change::Worse);
    }

    #[test]
    fn counts_are_exact_and_more_requests_are_better() {
        assert_eq!(change("P1-icount", (14.0, 0.0), (15.0, 0.0)), Change::Worse);
        assert_eq!(change("P2-size", (48.0, 0.0), (48.0, 0.0)), Change::Noise);
        assert_eq!(
            change("M-requests", (100.0, 0.0), (150.0, 0.0)),
            Change::Better
        );
        assert_eq!(change("P13-wait", (0.0, 0.0), (1e-4, 0.0)), Change::Noise);
        assert_eq!(change("P13-wait", (0.0, 0.0), (1.0, 0.0)), Change::Worse);
    }

    #[test]
    fn peers_that_moved_show_how_far_the_machine_drifted() {
        let mut before = record(&[("P8", 100.0, 1.0)]);
        let mut after = record(&[("P8", 125.0, 1.0)]);
        for (who, then, now) in [("a", 10.0, 13.0), ("b", 13.0, 10.0), ("c", 10.0, 10.0)] {
            before.figures.set("P8", who, then);
            after.figures.set("P8", who, now);
        }
        let ours = |(pairs, _): (Vec<Pair>, f64)| {
            let ours = pairs.into_iter().find(|pair| pair.who == OURS);
            ours.expect("our figure").change
        };
        assert_eq!(ours(pairs(&before, &after)), Change::Noise);
        // Peers of different versions say nothing about drift.
        before.peers.insert("a".to_owned(), "1.0.0".to_owned());
        after.peers.insert("a".to_owned(), "2.0.0".to_owned());
        assert_eq!(ours(pairs(&before, &after)), Change::Worse);
    }

    #[test]
    fn what_only_one_has_is_left_out_and_curves_are_not() {
        let mut before = record(&[("P8", 1.0, 0.0), ("P9", 1.0, 0.0)]);
        before.figures.add_point("C-burst", "bridge", 100.0, 5.0);
        let mut after = record(&[("P8", 1.0, 0.0)]);
        after.figures.add_point("C-burst", "bridge", 100.0, 50.0);
        after.figures.add_point("C-burst", "bridge", 1000.0, 50.0);
        let (pairs, drift) = pairs(&before, &after);
        let whos: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.who.as_str(), pair.change))
            .collect();
        assert_eq!(
            whos,
            [("bridge at 100", Change::Worse), ("bridge", Change::Noise)]
        );
        let (table, line) = render(&pairs, drift);
        assert!(table.to_string().contains("WORSE"));
        assert_eq!(
            line,
            "2 figures in both; 0 better, 1 worse, the others within noise, of which 10 % is drift"
        );
    }
}
