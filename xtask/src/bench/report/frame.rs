//! The parts of the report around the charts: origin, summary, all rows, how to read
//! it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::bench::{
    catalogue::{self, Section},
    figures::{Group, OURS},
    record::Record,
    table::{best, ours},
    unit::digits,
    verdict::{Held, Judged, Word},
};

/// The rows that say most in few words.
const HEADLINES: [&str; 7] = ["P4", "P6", "P8", "P9", "P10", "P15-requests", "P21"];

pub(super) fn header(record: &Record, judged: &[Judged]) -> Markup {
    let held = Held::of(judged);
    let Held { kept, missed, .. } = held;
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
                    @if kept + missed > 0 {
                        span.chip.pass[kept > 0].shown[kept == 0] { (kept) " of " (held.all()) " limits kept" }
                    } @else {
                        span.chip.shown { "no limit was measured" }
                    }
                    @if missed > 0 { span.chip.miss { (missed) " missed" } }
                    @if held.unmeasured > 0 { span.chip.open { (held.unmeasured) " not measured" } }
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

/// Returns large figures: how many times faster or slower than the best peer the bridge
/// is.
///
/// The colour and the chip are those of the verdict, because a limit may allow a peer
/// to lead.
pub(super) fn headlines(judged: &[Judged]) -> Markup {
    let found: Vec<_> = HEADLINES
        .iter()
        .filter_map(|id| {
            let judged = judged.iter().find(|judged| judged.row.id == *id)?;
            let worst = judged.worst()?;
            let ratio = worst.ratio().filter(|ratio| *ratio > 0.0)?;
            Some((judged, worst, ratio))
        })
        .collect();
    html! {
        @if !found.is_empty() {
            div.tiles {
                @for (judged, worst, ratio) in found {
                    a.tile href={ "#" (judged.row.id) } {
                        span.big.slow[judged.word() == Word::Miss] {
                            (digits(ratio.max(1.0 / ratio))) span.times { "×" }
                        }
                        span.what {
                            @if worst.peer_leads(judged.row.unit) { "slower than " } @else { "faster than " }
                            (catalogue::name(&worst.who))
                        }
                        span.of {
                            (judged.row.operation)
                            @if let Some(place) = judged.row.shape.place(worst.x) { ", " (place) }
                        }
                        span.pair {
                            b { (judged.row.unit.show(worst.ours)) } " against " (judged.row.unit.show(worst.theirs))
                        }
                        @if !judged.limits.is_empty() { (chip(judged.word())) }
                    }
                }
            }
        }
    }
}

/// Returns a table of the instructions of hot paths that have no row.
pub(super) fn paths(paths: &BTreeMap<&str, &Group>) -> Markup {
    html! {
        section #paths {
            h2 { "Instructions of the hot paths" }
            p.about {
                "The instructions of one call on a warm path. Callgrind counts the same number each \
                time, so the change of a single instruction is seen."
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

/// Returns a table of every row.
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
                    many times the bridge's figure it is. A hatched bar is no peer: it does less than the \
                    work, as polling a future without entering any runtime, or it can run no async \
                    code at all."
                }
                p {
                    "Where a figure is a curve, the tables show the point at which the bridge does worst \
                    beside the best peer, and a limit must be kept at every point."
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

/// Returns the name of the section's place in the page.
pub(super) fn anchor(section: Section) -> String {
    section.title().to_lowercase().replace(' ', "-")
}
