//! The report: one page that needs no other file.
//!
//! Bars are plain markup, curves are SVG in the page, and the style is in its head. So
//! the page can be sent to somebody as one file.

mod bars;
mod beside;
mod card;
mod curve;
mod frame;

use std::{collections::BTreeMap, fs, path::Path};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    catalogue::{self, Section},
    figures::Group,
    record::Record,
    unit::Unit,
    verdict::Judged,
};
use crate::Chore;

const STYLE: &str = include_str!("report/style.css");

/// Writes the page of `record` to `path`. `judged` is the judgement of its rows.
pub(super) fn write(path: &Path, record: &Record, judged: &[Judged]) -> Chore {
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, page(record, judged).into_string()));
    written.map_err(|e| format!("the report {}: {e}", path.display()))
}

fn page(record: &Record, judged: &[Judged]) -> Markup {
    let (paths, more) = others(record);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "bridge: the figures of " (record.date()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (frame::header(record, judged))
                main {
                    (frame::headlines(judged))
                    @for section in Section::ALL {
                        (part(section, record, judged))
                    }
                    (beside::section(record))
                    @if !paths.is_empty() { (frame::paths(&paths)) }
                    @if !more.is_empty() {
                        section #more {
                            h2 { "More" }
                            p.about { "These groups were measured, and have no row and no limit." }
                            div.cards {
                                @for (id, group) in more { (card::unlisted(id, group)) }
                            }
                        }
                    }
                    (frame::whole(judged))
                    (frame::reading(record))
                }
            }
        }
    }
}

/// Returns a section with a card for each of its rows that has figures.
fn part(section: Section, record: &Record, judged: &[Judged]) -> Markup {
    let cards: Vec<_> = judged
        .iter()
        .filter(|judged| judged.row.section == section)
        .filter_map(|judged| Some((judged, record.figures.group(judged.row.id)?)))
        .collect();
    html! {
        @if !cards.is_empty() {
            section id=(frame::anchor(section)) {
                h2 { (section.title()) }
                p.about { (section.about()) }
                div.cards {
                    @for (judged, group) in cards { (card::card(judged, group)) }
                }
            }
        }
    }
}

/// The groups, by name.
type Groups<'a> = BTreeMap<&'a str, &'a Group>;

/// Returns the groups that no row names: the hot paths, and other groups.
///
/// The hot paths have limits of their own. The others are what a bench measures before
/// the catalogue has a row for it.
fn others(record: &Record) -> (Groups<'_>, Groups<'_>) {
    let groups = record
        .figures
        .0
        .iter()
        .map(|(id, group)| (id.as_str(), group));
    let others = groups.filter(|(id, _)| catalogue::row(id).is_none() && !id.starts_with("PY-"));
    others.partition(|(id, _)| catalogue::unit(id) == Unit::Instructions)
}

#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
