//! Limits are kept, or missed, or nobody knows.

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
fn what_was_not_measured_is_no_pass() {
    assert_eq!(word(&[Must::AtMost(5.0)], &[]), Word::NotMeasured);
    assert_eq!(
        word(&[Must::TimesBest(1.0)], &[(OURS, 1.0)]),
        Word::NotMeasured
    );
    assert_eq!(word(&[], &[]), Word::NotMeasured);
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
