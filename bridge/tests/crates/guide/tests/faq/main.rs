//! Provokes the panics of other crates that the FAQ quotes, and compares the texts.
//!
//! A new version of Tokio that changes a text fails this test. The FAQ then gets the new
//! text as its heading, so that a reader who searches for the text still finds it.

mod bridge;
mod clients;
mod tokio;

use std::{
    error::Error,
    panic::{UnwindSafe, catch_unwind},
};

use testkit::{panic_text, within_limit};

const FAQ: &str = include_str!("../../../../../src/guide/faq.md");

/// A symptom of the FAQ, and the way to see it.
type Symptom = fn() -> String;

/// Returns the text of the panic in which `body` ends.
fn panic_of<R>(body: impl FnOnce() -> R + UnwindSafe) -> String {
    match catch_unwind(body) {
        Ok(_) => panic!("the body was expected to panic"),
        Err(payload) => panic_text(&*payload).to_owned(),
    }
}

/// Returns the texts of an error and of its sources, joined as most programs print them.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// Returns the quoted headings of a section, in their order.
fn headings(section: &str) -> Vec<&'static str> {
    let title = format!("\n## {section}\n");
    let (_, rest) = FAQ.split_once(&title).expect("the FAQ has the section");
    let end = rest.find("\n## ").unwrap_or(rest.len());
    rest[..end]
        .lines()
        .filter_map(|line| line.strip_prefix("### \"")?.strip_suffix('"'))
        .collect()
}

/// Returns whether `text` fits `heading`, in which "…" stands for any text.
fn fits(text: &str, heading: &str) -> bool {
    let mut parts = heading.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    heading.ends_with('…') || rest.is_empty()
}

/// Compares the headings of a section with what its symptoms say, one by one.
#[track_caller]
fn compare(section: &str, symptoms: &[Symptom]) {
    let headings = headings(section);
    let texts: Vec<_> = symptoms
        .iter()
        .map(|symptom| within_limit(testkit::LIMIT, symptom))
        .collect();
    let strangers: Vec<_> = texts
        .iter()
        .filter(|text| !headings.iter().any(|heading| fits(text, heading)))
        .collect();
    let unseen: Vec<_> = headings
        .iter()
        .filter(|heading| !texts.iter().any(|text| fits(text, heading)))
        .collect();
    assert!(
        strangers.is_empty() && unseen.is_empty(),
        "texts that are no heading of \"{section}\": {strangers:#?}\n\
         headings that nothing says: {unseen:#?}"
    );
}

#[test]
fn the_texts_of_tokio_are_headings() {
    compare("Tokio", tokio::SYMPTOMS);
}

#[test]
fn the_texts_of_futures_are_headings() {
    compare("futures", clients::FUTURES);
}

#[test]
fn the_texts_of_reqwest_are_headings() {
    compare("reqwest", clients::REQWEST);
}

#[test]
fn the_texts_of_the_bridge_are_headings() {
    compare("The bridge", bridge::SYMPTOMS);
}

#[test]
fn an_ellipsis_stands_for_any_text() {
    assert!(fits("a 1 b 2 c", "a … b … c"));
    assert!(fits("a 1 b", "a …"));
    assert!(fits("a", "a"));
    assert!(!fits("a 1", "a"));
    assert!(!fits("a 1 c", "a … b"));
    assert!(!fits("an a 1", "a …"));
}
