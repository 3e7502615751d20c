//! `SmartAsync` in a table: documented, measured here, and the bridge.

use maud::{Markup, html};

use crate::bench::{
    catalogue::{self, BESIDE, Beside},
    figures::Figures,
    record::Record,
    table::theirs,
    unit::digits,
};

pub(super) fn section(record: &Record) -> Markup {
    let figures = &record.figures;
    html! {
        @if BESIDE.iter().any(|beside| figures.group(beside.group).is_some()) {
            section #smartasync {
                h2 { "Beside SmartAsync" }
                p.about {
                    "The bridge follows the Python decorator SmartAsync. The table shows the times that it \
                    documents, its times on this machine, and the bridge's times. The languages differ, so \
                    the operations are the same in kind only."
                }
                div.scroll {
                    table.all {
                        thead {
                            tr {
                                th { "operation" } th.number { "documented" } th.number { "measured here" }
                                th.number { "its successor here" } th.number { "bridge here" } th.number { "times less" }
                            }
                        }
                        tbody {
                            @for beside in BESIDE { (line(beside, figures)) }
                        }
                    }
                }
                @for note in record.python.iter() {
                    span.version { (note.0) " " (note.1) }
                }
            }
        }
    }
}

fn line(beside: &Beside, figures: &Figures) -> Markup {
    let python = figures.of(beside.group, "smartasync");
    let ours = beside
        .ours
        .and_then(|id| Some((figures.ours(id)?, catalogue::unit(id))));
    let times = python.zip(ours).filter(|(_, ours)| ours.0 > 0.0);
    html! {
        tr {
            td { (beside.operation) }
            td.number { (beside.documented) }
            td.number { (theirs(figures, beside.group, "smartasync")) }
            td.number { (theirs(figures, beside.group, "genro_toolbox")) }
            td.number {
                @if let Some((value, unit)) = ours { b { (unit.show(value)) } }
                @else if beside.ours.is_none() { span.faint { "by the compiler" } }
                @else { "–" }
            }
            td.number { @if let Some((python, ours)) = times { (digits(python / ours.0)) " ×" } }
        }
    }
}
