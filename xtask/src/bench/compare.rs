//! Two records side by side: what has changed, beyond noise.

use comfy_table::{Cell, Color, Table};

use super::{
    catalogue,
    figures::{Figure, Group},
    record::Record,
    table::table,
    unit::{Unit, digits},
};

/// Two runs of one build differ by about so much, which no interval of either
/// run can know.
const DRIFT: f64 = 0.1;

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Better,
    Worse,
    /// Within what both are unsure of.
    Noise,
}

/// A figure in both records.
#[derive(Debug)]
pub(super) struct Pair {
    group: String,
    who: String,
    before: f64,
    after: f64,
    /// The part that a change has to exceed.
    noise: f64,
    pub(super) change: Change,
}

/// Every figure that both have.
pub(super) fn pairs(before: &Record, after: &Record) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (name, then) in &before.figures.0 {
        let Some(now) = after.figures.group(name) else {
            continue;
        };
        let unit = catalogue::unit(name);
        for (who, then) in flat(then) {
            let found = flat(now).find(|(other, _)| *other == who);
            if let Some((_, now)) = found {
                pairs.push(pair(name, who, then, now, unit));
            }
        }
    }
    pairs
}

/// The figures of a group, those of curves with their place in the name.
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

fn pair(group: &str, who: String, then: Figure, now: Figure, unit: Unit) -> Pair {
    let noise = if unit.is_exact() {
        0.0
    } else {
        let sides = [then, now].map(|figure| figure.uncertainty().unwrap_or(0.0));
        sides[0].hypot(sides[1]).max(DRIFT)
    };
    let (less, more) = (then.value.min(now.value), then.value.max(now.value));
    let change = if more <= less * (1.0 + noise) {
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

/// All pairs, and a line that sums them up.
pub(super) fn render(pairs: &[Pair]) -> (Table, String) {
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
        "{} figures in both; {} better, {} worse, the others within noise",
        pairs.len(),
        count(Change::Better),
        count(Change::Worse)
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
        pairs(&before, &after)[0].change
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
        assert_eq!(change("P13-wait", (0.0, 0.0), (1.0, 0.0)), Change::Worse);
    }

    #[test]
    fn what_only_one_has_is_left_out_and_curves_are_not() {
        let mut before = record(&[("P8", 1.0, 0.0), ("P9", 1.0, 0.0)]);
        before.figures.add_point("C-burst", "bridge", 100.0, 5.0);
        let mut after = record(&[("P8", 1.0, 0.0)]);
        after.figures.add_point("C-burst", "bridge", 100.0, 50.0);
        after.figures.add_point("C-burst", "bridge", 1000.0, 50.0);
        let pairs = pairs(&before, &after);
        let whos: Vec<_> = pairs
            .iter()
            .map(|pair| (pair.who.as_str(), pair.change))
            .collect();
        assert_eq!(
            whos,
            [("bridge at 100", Change::Worse), ("bridge", Change::Noise)]
        );
        let (table, line) = render(&pairs);
        assert!(table.to_string().contains("WORSE"));
        assert_eq!(
            line,
            "2 figures in both; 0 better, 1 worse, the others within noise"
        );
    }
}
