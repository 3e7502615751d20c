//! Tests that the page shows the whole record, and refers to no other file.

use super::*;
use crate::bench::verdict;

fn record() -> Record {
    let mut record = Record {
        when: "2026-01-31T01:02:03Z".to_owned(),
        ..Record::default()
    };
    let figures = &mut record.figures;
    for row in catalogue::rows(None) {
        if row.shape == catalogue::Shape::Bars {
            figures.set(row.id, "bridge", 10.0);
            figures.set(row.id, "tokio_rayon", 200.0);
        } else {
            figures.add_point(row.id, "bridge", 1.0, 10.0);
            figures.add_point(row.id, "bridge", 99.0, 100.0);
        }
    }
    figures.set("PY-sync-async", "smartasync", 82_000.0);
    figures.set("X-new", "bridge", 7.0);
    figures.set("Wait-ready-icount", "bridge", 123.0);
    figures.add_note("P8", "<a note>");
    record
        .peers
        .insert("tokio-rayon".to_owned(), "2.1.0".to_owned());
    record
}

fn text(record: &Record) -> String {
    let judged = verdict::judge_all(&catalogue::rows(None), &record.figures);
    page(record, &judged).into_string()
}

#[test]
fn every_group_is_on_the_page() {
    let record = record();
    let text = text(&record);
    for id in record.figures.0.keys().filter(|id| !id.starts_with("PY-")) {
        assert!(text.contains(&format!("id=\"{id}\"")), "no card of {id}");
    }
    for section in Section::ALL {
        assert!(text.contains(section.title()), "no {}", section.title());
    }
    for wanted in [
        "82 µs",
        "2.1.0",
        "Wait ready",
        "<b>123</b>",
        "&lt;a note&gt;",
        "2026-01-31 at 01:02:03 UTC",
    ] {
        assert!(text.contains(wanted), "no {wanted}");
    }
}

#[test]
fn the_front_does_not_count_limits_of_which_none_was_measured() {
    let mut unlimited = record();
    unlimited.figures.0.retain(|id, _| id == "M-p50");
    let text = text(&unlimited);
    assert!(text.contains("no limit was measured"), "{text}");
    assert!(!text.contains("limits kept"), "{text}");
}

#[test]
fn the_front_counts_the_limits_that_were_not_measured() {
    let mut part = record();
    part.figures.0.retain(|id, _| id == "P8");
    let rows = catalogue::rows(None);
    let all = rows.iter().filter(|row| !row.must.is_empty()).count();
    let text = text(&part);
    for wanted in [
        format!("1 of {all} limits kept"),
        format!("{} not measured", all - 1),
    ] {
        assert!(text.contains(&wanted), "no {wanted}");
    }
}

#[test]
fn a_tile_has_the_colour_of_its_verdict() {
    let mut record = record();
    record.figures.0.retain(|id, _| id == "P4");
    let figures = &mut record.figures;
    for (who, value) in [
        ("bridge", 20.0),
        ("pollster_entered", 10.0),
        ("tokio_handle_block_on", 60.0),
        ("tokio_rayon", 200.0),
    ] {
        figures.set("P4", who, value);
    }
    let passed = text(&record);
    let wanted = [
        "slower than pollster, entered",
        "<span class=\"chip pass\">pass</span>",
    ];
    for wanted in wanted {
        assert!(passed.contains(wanted), "no {wanted}");
    }
    assert!(!passed.contains("big slow"), "red over a pass");
    record.figures.set("P4", "bridge", 50.0);
    assert!(text(&record).contains("big slow"), "a miss is not red");
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let text = text(&record());
    for from_elsewhere in ["://", "<script", "<link", "@import", "url(", "src="] {
        assert!(!text.contains(from_elsewhere), "it has {from_elsewhere}");
    }
    let links = text.split("href=\"").skip(1);
    assert!(
        links.into_iter().all(|link| link.starts_with('#')),
        "a link leads away"
    );
}

#[test]
fn what_was_not_measured_leaves_no_empty_card() {
    let mut record = record();
    record.figures.0.remove("P9");
    assert!(!text(&record).contains("id=\"P9\""));
}
