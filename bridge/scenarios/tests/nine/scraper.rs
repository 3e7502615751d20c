//! `scraper`: async fetching and blocking parsing, within limits, until Ctrl-C.

use std::{fs, path::Path};

use tempfile::tempdir;
use testkit::within_limit;

use crate::program::{Ended, Running, TEST_LIMIT, number_before, run, under_load};

const PROGRAM: &str = env!("CARGO_BIN_EXE_scraper");

/// A site that no test visits to its end.
const ENDLESS: &str = "1000000";

#[test]
fn the_demonstration_visits_every_page() {
    within_limit(TEST_LIMIT, || {
        visits_every_page(&run(PROGRAM, &[]).success());
    });
}

#[test]
fn it_visits_every_page_under_load() {
    within_limit(TEST_LIMIT, || {
        visits_every_page(&under_load(|| run(PROGRAM, &[])).success());
    });
}

fn visits_every_page(text: &str) {
    assert!(text.contains("all pages are visited"), "{text}");
    for missing in [17, 67, 117, 167] {
        let line = format!("/page/{missing}: 404 Not Found");
        assert!(text.contains(&line), "no {line:?} in:\n{text}");
    }
    // A title of two words, five links of one word, and 40 paragraphs of nine words.
    let words = 196 * (2 + 5 + 40 * 9);
    assert_eq!(number_before(text, " words are saved"), words, "{text}");
    assert!(text.contains("\n  196 pages with "), "{text}");
    assert!(text.contains(", 4 failed, 20 retries\n"), "{text}");
    assert!(
        text.contains("the site served 196 pages, at most "),
        "{text}"
    );
    assert!(
        (1..=8).contains(&number_before(text, " at a time")),
        "{text}"
    );
    assert!(
        (1..=2).contains(&number_before(text, " threads\n")),
        "{text}"
    );
}

#[test]
fn the_limits_can_be_set() {
    within_limit(TEST_LIMIT, || {
        let args = [
            "--fetches",
            "1",
            "--parsers",
            "1",
            "--pages",
            "60",
            "--delay",
            "0",
        ];
        let text = run(PROGRAM, &args).success();
        assert!(
            text.contains("served 59 pages, at most 1 at a time"),
            "{text}"
        );
        assert!(text.contains("parsed on 1 threads"), "{text}");
    });
}

#[test]
fn sigint_saves_what_was_found() {
    let (ended, saved) = stopped_by("INT");
    assert_eq!(ended.status.code(), Some(130), "{ended:#?}");
    assert!(
        ended.output.contains("stopped by Interrupt: "),
        "{ended:#?}"
    );
    consistent(&ended.output, saved);
}

#[test]
fn sigterm_saves_what_was_found() {
    let (ended, saved) = stopped_by("TERM");
    assert_eq!(ended.status.code(), Some(143), "{ended:#?}");
    assert!(
        ended.output.contains("stopped by Terminate: "),
        "{ended:#?}"
    );
    consistent(&ended.output, saved);
}

/// Each page that the site served is in the file, also those that were being fetched.
#[track_caller]
fn consistent(text: &str, saved: u64) {
    assert!(saved >= 100, "{text}");
    assert_eq!(number_before(text, " pages with "), saved, "{text}");
    let (_, served) = text.split_once("the site served ").expect("its figures");
    assert_eq!(number_before(served, " pages"), saved, "{text}");
    assert!(text.contains(", 0 were given up"), "{text}");
}

#[test]
fn a_second_signal_gives_up() {
    within_limit(TEST_LIMIT, || {
        let directory = tempdir().unwrap();
        let file = directory.path().join("pages.json");
        // The first page takes an hour.
        let mut scraper = start(&file, &["--delay", "3600000"]);
        scraper.line_with("scraping ");
        scraper.line_with("waiting for the first page");
        scraper.signal("INT");
        scraper.line_with("pages to finish: 1");
        scraper.signal("INT");
        let ended = scraper.ended();
        assert_eq!(ended.status.code(), Some(130), "{ended:#?}");
        assert!(ended.output.contains("1 were given up"), "{ended:#?}");
        assert_eq!(pages_in(&file), 0);
    });
}

/// Stops an endless crawl by a signal. Returns how it ended, and how many pages it saved.
fn stopped_by(signal: &str) -> (Ended, u64) {
    within_limit(TEST_LIMIT, || {
        let directory = tempdir().unwrap();
        let file = directory.path().join("pages.json");
        let mut scraper = start(&file, &["--delay", "1"]);
        scraper.line_with("100 of ");
        scraper.signal(signal);
        let ended = scraper.ended();
        (ended, pages_in(&file))
    })
}

fn start(file: &Path, args: &[&str]) -> Running {
    let file = file.to_str().expect("a temporary path is UTF-8");
    Running::start(
        PROGRAM,
        &[&["--pages", ENDLESS, "--out", file], args].concat(),
    )
}

/// Returns the number of pages in a file. Each must be whole.
#[track_caller]
fn pages_in(file: &Path) -> u64 {
    let text = fs::read_to_string(file).expect("the file was saved");
    let pages = text.lines().map(|line| {
        let page: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(
            page["title"]
                .as_str()
                .is_some_and(|title| title.starts_with("Page "))
        );
    });
    pages.count() as u64
}
