//! Tests that the documents quote the newest record, and which of its rows.

use super::*;

const FIGURES: Document = Document::Figures;

fn record(when: &str, ours: f64) -> String {
    let mut record = Record {
        when: when.to_owned(),
        ..Record::default()
    };
    record.figures.set("P8", "bridge", ours);
    record.figures.set("P8", "tokio_rayon", 20_000.0);
    record.text()
}

fn readme() -> String {
    format!("# title\n\n{BEGIN}old\n{END}\n\nrest\n")
}

fn quoted<'a>(text: &str, records: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let (path, record) = newest(records).expect("a record");
    quoting(FIGURES, text, path, &record).expect("a place")
}

#[test]
fn the_newest_record_is_quoted_between_the_marks() {
    let (old, new) = (
        record("2026-01-01T00:00:00Z", 900.0),
        record("2026-01-02T00:00:00Z", 500.0),
    );
    let records = || [("old.json", old.as_str()), ("new.json", new.as_str())].into_iter();
    assert!(agrees(FIGURES, &readme(), records()).is_err());
    let written = quoted(&readme(), records());
    assert!(
        written.contains("| tokio-rayon 20 µs | 500 ns | 0.03 |"),
        "{written}"
    );
    assert!(written.contains("(new.json)"), "{written}");
    assert!(
        written.starts_with("# title\n") && written.ends_with("\n\nrest\n"),
        "{written}"
    );
    assert_eq!(agrees(FIGURES, &written, records()), Ok(()));
}

#[test]
fn rows_in_which_a_peer_leads_are_quoted_too() {
    let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
    let figures = &mut record.figures;
    for (row, who, value) in [
        ("P15-requests", "bridge", [2_000.0, 3_000.0]),
        ("P15-requests", "spawn_blocking", [1_000.0, 4_000.0]),
        ("P15-cpu", "bridge", [3_000.0, 2_000.0]),
        ("P15-cpu", "spawn_blocking", [4_000.0, 1_000.0]),
    ] {
        figures.add_point(row, who, 1.0, value[0]);
        figures.add_point(row, who, 16.0, value[1]);
    }
    figures.set("P21-default", "bridge", 600.0);
    figures.set("P21-default", "affinitypool", 400.0);
    figures.set("P12-first", "bridge", 20.0);
    figures.set("P12-first", "handle_try_current", 30.0);
    let text = part("a.json", &record);
    for wanted in [
        "requests, 1 client | Tokio `spawn_blocking` 1 k/s | 2 k/s | 2 |",
        "requests, 16 clients | Tokio `spawn_blocking` 4 k/s | 3 k/s | 0.75 |",
        "CPU time of the service, 16 clients | Tokio `spawn_blocking` 1 µs | 2 µs | 2 |",
        "configured | affinitypool 400 ns | 600 ns | 1.50 |",
    ] {
        assert!(text.contains(wanted), "no {wanted} in\n{text}");
    }
    // The bridge leads in these rows, and they are not among those that are always
    // quoted.
    for unwanted in ["CPU time of the service, 1 client", "look-up"] {
        assert!(!text.contains(unwanted), "{unwanted} in\n{text}");
    }
}

#[test]
fn the_readme_quotes_three_operations() {
    let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
    record.figures.set("P10", "bridge", 600.0);
    record.figures.set("P10", "affinitypool", 400.0);
    for (clients, theirs) in [(1.0, 2_000.0), (16.0, 3_000.0), (200.0, 1_000.0)] {
        let figures = &mut record.figures;
        figures.add_point("P15-requests", "bridge", clients, 2_000.0);
        figures.add_point("P15-requests", "spawn_blocking", clients, theirs);
    }
    let text = short(&record);
    assert!(
        text.contains("| 500 ns |") && !text.contains("600 ns"),
        "{text}"
    );
    assert!(text.contains(", 16 clients |"), "{text}");
    assert!(!text.contains(", 1 client |"), "{text}");
    assert!(!text.contains(", 200 clients |"), "{text}");
    assert!(
        text.contains(". A peer leads at a point of 2 rows. "),
        "{text}"
    );
}

#[test]
fn the_guide_quotes_the_usual_costs_and_where_a_peer_leads() {
    let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
    record.figures.set("P21", "bridge", 600.0);
    record.figures.set("P21", "affinitypool", 400.0);
    record.figures.set("P5", "bridge", 20.0);
    record.figures.set("P5", "handle_block_on", 30.0);
    let text = costs(&record);
    let (usual, leads) = text.split_once("A peer leads here").expect("two tables");
    assert!(usual.contains("| 500 ns |"), "{text}");
    assert!(!usual.contains("600 ns"), "{text}");
    assert!(leads.contains("| 600 ns |"), "{text}");
    // The bridge leads in these rows.
    assert!(!leads.contains("500 ns"), "{text}");
    assert!(!text.contains("20 ns"), "{text}");
}

#[test]
fn limits_are_counted_where_some_were_measured() {
    let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
    let rows = catalogue::rows(None);
    let all = rows.iter().filter(|row| !row.must.is_empty()).count();
    let wanted = format!("1 of {all} limits held, {} not measured.", all - 1);
    assert!(part("a.json", &record).contains(&wanted), "no {wanted}");
    let p8 = rows.iter().filter(|row| row.id == "P8");
    let p8: Vec<_> = p8.map(|row| verdict::judge(row, &record.figures)).collect();
    assert_eq!(held(&p8), "1 of 1 limits held");
    record.figures.0.clear();
    let text = part("a.json", &record);
    assert!(
        text.contains("No limit was measured") && !text.contains(" of 0"),
        "{text}"
    );
}

#[test]
fn names_of_code_are_marked() {
    assert_eq!(
        marked("sync → sync: SyncCall::wait(), as spawn_blocking, 10 µs P8 join_all"),
        "sync → sync: `SyncCall::wait()`, as `spawn_blocking`, 10 µs P8 `join_all`"
    );
}

#[test]
fn an_edited_figure_is_found() {
    let text = record("2026-01-01T00:00:00Z", 500.0);
    let records = || [("a.json", text.as_str())].into_iter();
    let written = quoted(&readme(), records());
    let edited = written.replace("500 ns", "400 ns");
    assert_ne!(edited, written);
    assert!(agrees(FIGURES, &edited, records()).is_err());
}

#[test]
fn without_marks_or_record_it_says_so() {
    let text = record("2026-01-01T00:00:00Z", 500.0);
    let error = agrees(
        FIGURES,
        "# title\n",
        [("a.json", text.as_str())].into_iter(),
    )
    .expect_err("no marks");
    assert!(error.contains("figures: end"), "{error}");
    let error = agrees(FIGURES, &readme(), std::iter::empty()).expect_err("no record");
    assert!(error.contains("bench --record"), "{error}");
    let error = agrees(FIGURES, &readme(), [("a.json", "{}")].into_iter()).expect_err("no record");
    assert!(error.contains("a.json"), "{error}");
}

#[test]
fn a_sentence_of_the_guide_that_the_record_contradicts_is_found() {
    let mut record = Record::parse(&record("2026-01-01T00:00:00Z", 500.0)).expect("a record");
    let figures = &mut record.figures;
    for (row, peer) in SAID {
        let shape = catalogue::rows(None)
            .into_iter()
            .find(|r| r.id == row)
            .expect("a row")
            .shape;
        let peer = if peer == "bridge" {
            "affinitypool"
        } else {
            peer
        };
        let theirs = if row == "P8" { 900.0 } else { 100.0 };
        if shape == catalogue::Shape::Bars {
            figures.set(row, "bridge", 200.0);
            figures.set(row, peer, theirs);
        } else {
            figures.add_point(row, "bridge", 1.0, 200.0);
            figures.add_point(row, peer, 1.0, theirs);
        }
    }
    assert_eq!(said(&record), Ok(()));
    record.figures.set("P4", "bridge", 50.0);
    let error = said(&record).expect_err("the bridge leads in P4");
    assert!(error.contains("pollster_entered leads in P4"), "{error}");
}
