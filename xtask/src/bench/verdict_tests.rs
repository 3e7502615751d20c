//! Tests the verdicts: a limit is kept, is missed, or can't be judged.

use super::*;
use crate::bench::{
    catalogue::{Section, Shape},
    figures::OURS,
    unit::Unit,
};

fn row(must: &'static [Must]) -> Row {
    Row {
        id: "g",
        section: Section::Calls,
        operation: "",
        means: "",
        bench: "",
        shape: Shape::Bars,
        unit: Unit::Time { per: 1 },
        must,
    }
}

fn word(must: &'static [Must], measured: &[(&str, f64)]) -> Word {
    let mut figures = Figures::default();
    for (who, value) in measured {
        figures.set("g", who, *value);
    }
    judge(&row(must), &figures).word()
}

#[test]
fn limits_are_kept_or_missed() {
    assert_eq!(word(&[Must::AtMost(5.0)], &[(OURS, 5.0)]), Word::Pass);
    assert_eq!(word(&[Must::AtMost(5.0)], &[(OURS, 5.1)]), Word::Miss);
    let both = [(OURS, 6.0), ("a", 10.0), ("b", 20.0)];
    assert_eq!(word(&[Must::Times(0.5, "b")], &both), Word::Pass);
    assert_eq!(word(&[Must::Times(0.5, "a")], &both), Word::Miss);
    assert_eq!(word(&[Must::TimesBest(0.5)], &both), Word::Miss);
    assert_eq!(word(&[Must::TimesBest(0.7)], &both), Word::Pass);
    assert_eq!(word(&[Must::Above(5.0, "a")], &both), Word::Pass);
    assert_eq!(
        word(&[Must::Above(5.0, "a")], &[(OURS, 15.1), ("a", 10.0)]),
        Word::Miss
    );
    assert_eq!(
        word(&[Must::Above(5.0, "a")], &[(OURS, 15.1)]),
        Word::NotMeasured
    );
    assert_eq!(word(&[Must::SameAs("a")], &both), Word::Miss);
    assert_eq!(
        word(&[Must::SameAs("a")], &[(OURS, 9.0), ("a", 9.0)]),
        Word::Pass
    );
    assert_eq!(word(&[], &both), Word::Shown);
}

#[test]
fn a_curve_is_flat_or_is_not() {
    let curve = |values: &[f64]| {
        let mut figures = Figures::default();
        for (x, value) in values.iter().enumerate() {
            figures.add_point("g", OURS, f64::from(u8::try_from(x).expect("few")), *value);
        }
        judge(&row(&[Must::Flat(0.25)]), &figures).word()
    };
    assert_eq!(curve(&[10.0, 12.0]), Word::Pass);
    assert_eq!(curve(&[13.0, 10.0]), Word::Miss);
    assert_eq!(curve(&[10.0]), Word::NotMeasured);
}

#[test]
fn a_curve_is_flat_once_another_is_taken_off() {
    let judged = |ours: [f64; 2], memory: [f64; 2]| {
        let mut figures = Figures::default();
        for (at, x) in [1.0, 2.0].into_iter().enumerate() {
            figures.add_point("g", OURS, x, ours[at]);
            figures.add_point("g", "memory_without_jobs", x, memory[at]);
        }
        judge(
            &row(&[Must::FlatBeyond(0.25, "memory_without_jobs")]),
            &figures,
        )
        .word()
    };
    assert_eq!(judged([110.0, 500.0], [10.0, 390.0]), Word::Pass);
    assert_eq!(judged([110.0, 500.0], [10.0, 10.0]), Word::Miss);
    assert_eq!(
        word(&[Must::FlatBeyond(0.25, "memory_without_jobs")], &[]),
        Word::NotMeasured
    );
}

/// Returns the verdict of our curve beside two peers, at 1 and at 200.
fn curves(unit: Unit, ours: [f64; 2], must: &'static [Must]) -> Judged {
    let mut figures = Figures::default();
    let all = [
        (OURS, ours),
        ("a", [10.0, 40.0]),
        ("b", [20.0, 30.0]),
        ("raw_std", [1.0, 900.0]),
    ];
    for (who, [one, many]) in all {
        figures.add_point("g", who, 1.0, one);
        figures.add_point("g", who, 200.0, many);
    }
    let row = Row { unit, ..row(must) };
    judge(&row, &figures)
}

#[test]
fn a_curve_must_keep_its_limit_at_every_point() {
    const MUST: &[Must] = &[Must::TimesBest(0.8)];
    let ns = Unit::Time { per: 1 };
    assert_eq!(curves(ns, [8.0, 24.0], MUST).word(), Word::Pass);
    let missed = curves(ns, [8.0, 27.0], MUST);
    assert_eq!(missed.word(), Word::Miss);
    assert_eq!(missed.limits[0].text, "≤ 0.8 × the best (is 0.90 at 200)");
    let named = curves(ns, [9.0, 39.0], &[Must::Times(1.0, "a")]);
    assert_eq!(named.word(), Word::Pass);
    let none = curves(ns, [9.0, 39.0], &[Must::Times(1.0, "nobody")]);
    assert_eq!(none.word(), Word::NotMeasured);
}

/// Otherwise a table says "1.00" in a list of rows in which a peer leads.
#[test]
fn figures_that_look_equal_lead_nowhere() {
    for (unit, equal, worse) in [
        (Unit::Time { per: 1 }, [10.02, 30.02], 10.2),
        (Unit::PerSecond, [19.98, 39.98], 19.8),
    ] {
        let [_, many] = equal;
        let equal = curves(unit, equal, &[]);
        let leads = |judged: &Judged| {
            let mut besides = judged.besides.iter();
            besides.any(|beside| beside.peer_leads(judged.row.unit))
        };
        assert_eq!(equal.besides.len(), 2);
        assert!(!leads(&equal));
        assert!(leads(&curves(unit, [worse, many], &[])));
    }
}

#[test]
fn where_more_is_better_a_limit_is_the_least() {
    const MUST: &[Must] = &[Must::TimesBest(1.2)];
    let kept = curves(Unit::PerSecond, [24.0, 49.0], MUST);
    assert_eq!(kept.word(), Word::Pass);
    assert_eq!(kept.limits[0].text, "≥ 1.2 × the best (is 1.20 at 1)");
    assert!(
        kept.besides
            .iter()
            .all(|beside| !beside.peer_leads(kept.row.unit))
    );
    let missed = curves(Unit::PerSecond, [19.0, 49.0], MUST);
    assert_eq!(missed.word(), Word::Miss);
    assert_eq!(missed.ratio(), Some(0.95));
    let leads = missed
        .besides
        .iter()
        .map(|beside| beside.peer_leads(missed.row.unit));
    assert_eq!(leads.collect::<Vec<_>>(), [true, false]);
}

#[test]
fn what_was_not_measured_is_no_pass() {
    assert_eq!(word(&[Must::AtMost(5.0)], &[]), Word::NotMeasured);
    assert_eq!(
        word(&[Must::TimesBest(1.0)], &[(OURS, 1.0)]),
        Word::NotMeasured
    );
    assert_eq!(word(&[], &[]), Word::NotMeasured);
}

#[test]
fn a_record_without_figures_holds_no_limit() {
    let rows = [row(&[Must::AtMost(5.0)]), row(&[])];
    let mut figures = Figures::default();
    let nothing = judge_all(&rows, &figures);
    let held = Held::of(&nothing);
    assert_eq!((held.kept, held.missed, held.unmeasured), (0, 0, 1));
    assert_eq!(held.all(), 1);
    assert_eq!(all_held(&nothing), Err("not measured: g".to_owned()));
    assert_eq!(all_measured(&nothing), Err("not measured: g, g".to_owned()));
    figures.set("g", OURS, 5.0);
    let kept = judge_all(&rows, &figures);
    assert_eq!((all_held(&kept), all_measured(&kept)), (Ok(()), Ok(())));
    figures.set("g", OURS, 6.0);
    let missed = judge_all(&rows, &figures);
    assert_eq!(all_held(&missed), Err("missed: g".to_owned()));
    assert_eq!(all_measured(&missed), Ok(()));
}

#[test]
fn the_ratio_is_to_the_best_peer() {
    let mut figures = Figures::default();
    for (who, value) in [(OURS, 5.0), ("a", 10.0), ("b", 20.0)] {
        figures.set("g", who, value);
    }
    assert_eq!(judge(&row(&[]), &figures).ratio(), Some(0.5));
    figures.set("g", "free", 0.0);
    assert_eq!(judge(&row(&[]), &figures).ratio(), None);
}
