//! What stands around the charts: where from, in short, all rows, how to read.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::bench::{
    catalogue::{self, Section},
    figures::{Group, OURS},
    record::Record,
    table::{best, ours},
    unit::digits,
    verdict::{Judged, Word},
};

/// Rows that say most in the least words.
const HEADLINES: [&str; 4] = ["P4", "P6", "P8", "P10"];

pub(super) fn header(record: &Record, judged: &[Judged]) -> Markup {
    let count = |word| judged.iter().filter(|judged| judged.word() == word).count();
    let (kept, missed, open) = (count(Word::Pass), count(Word::Miss), unmeasured(judged));
    let sections = Section::ALL.iter().filter(|section| {
        let mut rows = judged
            .iter()
            .filter(|judged| judged.row.section == **section);
        rows.any(|judged| record.figures.group(judged.row.id).is_some())
    });
    html! {
        header {
            div.wide {
                p.kicker { "sync and async, beside the peers" }
                h1 { "bridge: the figures" }
                p.origin { (record.origin()) }
                p.origin { "taken on " time datetime=(record.when) { (record.when.replace('T', " at ").replace('Z', " UTC")) } }
                p.chips {
                    span.chip.pass { (kept) " of " (kept + missed) " limits kept" }
                    @if missed > 0 { span.chip.miss { (missed) " missed" } }
                    @if open > 0 { span.chip.open { (open) " with a limit not measured" } }
                    @if record.quick { span.chip.open { "quick run: a first impression" } }
                }
                nav {
                    @for section in sections {
                        a href={ "#" (anchor(*section)) } { (section.title()) }
                    }
                    a href="#all" { "All rows" }
                    a href="#reading" { "How to read this" }
                }
            }
        }
    }
}

/// Rows with a limit that could not be judged.
fn unmeasured(judged: &[Judged]) -> usize {
    let open = judged
        .iter()
        .filter(|judged| judged.word() == Word::NotMeasured);
    open.filter(|judged| !judged.row.must.is_empty()).count()
}

/// How many times less than the best peer, in large print.
pub(super) fn headlines(record: &Record, judged: &[Judged]) -> Markup {
    let found = HEADLINES.iter().filter_map(|id| {
        let judged = judged.iter().find(|judged| judged.row.id == *id)?;
        let (who, theirs) = judged.best.as_ref()?;
        Some((
            judged,
            judged.ours.filter(|ours| *ours > 0.0)?,
            who,
            *theirs,
        ))
    });
    html! {
        @if HEADLINES.iter().any(|id| record.figures.ours(id).is_some()) {
            div.tiles {
                @for (judged, ours, who, theirs) in found {
                    a.tile href={ "#" (judged.row.id) } {
                        @if ours <= theirs {
                            span.big { (digits(theirs / ours)) span.times { "×" } }
                            span.what { "faster than " (catalogue::name(who)) }
                        } @else {
                            span.big.slow { (digits(ours / theirs)) span.times { "×" } }
                            span.what { "slower than " (catalogue::name(who)) }
                        }
                        span.of { (judged.row.operation) }
                        span.pair {
                            b { (judged.row.unit.show(ours)) } " against " (judged.row.unit.show(theirs))
                        }
                    }
                }
            }
        }
    }
}

/// The instructions of hot paths that have no row.
pub(super) fn paths(paths: &BTreeMap<&str, &Group>) -> Markup {
    html! {
        section #paths {
            h2 { "Instructions of the hot paths" }
            p.about {
                "What one call executes on a warm path, as Callgrind counts it: it comes out the same each \
                time, so a change of a single instruction is seen."
            }
            div.scroll {
                table.all {
                    thead { tr { th { "path" } th.number { "bridge" } th { "beside it" } } }
                    tbody {
                        @for (id, group) in paths {
                            tr id=(id) {
                                td { (id.trim_end_matches("-icount").replace('-', " ")) }
                                td.number {
                                    @if let Some(figure) = group.figures.get(OURS) { b { (figure.value) } } @else { "–" }
                                }
                                td {
                                    @for (who, figure) in group.figures.iter().filter(|(who, _)| *who != OURS) {
                                        div { (catalogue::name(who)) " " (figure.value) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every row in one table.
pub(super) fn whole(judged: &[Judged]) -> Markup {
    html! {
        section #all {
            h2 { "All rows" }
            p.about { "Every row that was asked for, with its limit and its verdict." }
            div.scroll {
                table.all {
                    thead {
                        tr {
                            th { "id" } th { "operation" } th.number { "bridge" } th { "best peer" }
                            th.number { "bridge / peer" } th { "must" } th { "verdict" }
                        }
                    }
                    tbody {
                        @for judged in judged {
                            tr {
                                td.id { (judged.row.id) }
                                td { (judged.row.operation) }
                                td.number { b { (ours(judged)) } }
                                td { (best(judged)) }
                                td.number { (judged.ratio().map_or_else(|| "–".to_owned(), digits)) }
                                td { @for limit in &judged.limits { div { (limit.text) } } }
                                td { (chip(judged.word())) }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn reading(record: &Record) -> Markup {
    html! {
        section #reading {
            h2 { "How to read this" }
            div.prose {
                p {
                    "Figures are medians of one run: half of the samples were faster, half slower. The \
                    thin line across the end of a bar is the interval that Criterion is 95 % sure of. \
                    It knows nothing of what changes from one run to the next, which is about a tenth."
                }
                p {
                    "Nanoseconds are those of the machine above. Ratios travel better: each bar says how \
                    many times the bridge's figure it is. A hatched bar does less than the work, as \
                    polling a future without entering any runtime, and is no peer."
                }
                p {
                    "Instructions, sizes and allocations are counted, not timed, and come out the same \
                    each time. Where a curve's figure is zero or less, which differences of times can \
                    be, it is drawn at the foot of its chart."
                }
                h3 { "Versions" }
                ul.versions {
                    @for (name, version) in record.peers.iter().chain(&record.python) {
                        li { (name) " " span { (version) } }
                    }
                }
            }
        }
    }
}

pub(super) fn chip(word: Word) -> Markup {
    html! {
        @match word {
            Word::Pass => span.chip.pass { "pass" },
            Word::Miss => span.chip.miss { "miss" },
            Word::NotMeasured => span.chip.open { "not measured" },
            Word::Shown => span.chip.shown { "no limit" },
        }
    }
}

/// The section's place in the page.
pub(super) fn anchor(section: Section) -> String {
    section.title().to_lowercase().replace(' ', "-")
}
