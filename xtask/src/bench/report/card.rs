//! One figure of the report: its chart, its meaning, its limits, its numbers.

use maud::{Markup, html};

use super::{bars, curve, frame};
use crate::bench::{
    catalogue::{self, Shape},
    figures::{Figure, Group, OURS},
    unit::Unit,
    verdict::{Judged, Word},
};

/// Returns the card of a row.
pub(super) fn card(judged: &Judged, group: &Group) -> Markup {
    let row = judged.row;
    html! {
        article.card id=(row.id) {
            div.top {
                span.id { (row.id) }
                @if judged.word() != Word::Shown { (frame::chip(judged.word())) }
            }
            h3 { (row.operation) }
            p.means { (row.means) }
            (chart(row.shape, group, row.unit))
            p.limits {
                (row.unit.better())
                @for limit in &judged.limits { "; must be " (limit.text) }
            }
            (foot(group, row.unit))
        }
    }
}

/// Returns the card of a group that no row names.
pub(super) fn unlisted(id: &str, group: &Group) -> Markup {
    let unit = catalogue::unit(id);
    let shape = if group.curves.is_empty() {
        Shape::Bars
    } else {
        Shape::Curve("")
    };
    html! {
        article.card id=(id) {
            h3 { (id) }
            (chart(shape, group, unit))
            p.limits { (unit.better()) }
            (foot(group, unit))
        }
    }
}

fn chart(shape: Shape, group: &Group, unit: Unit) -> Markup {
    html! {
        // A group may hold bars and curves. The bench decides.
        @if !group.figures.is_empty() { (bars::bars(group, unit)) }
        @if !group.curves.is_empty() { (curve::curve(shape, group, unit)) }
    }
}

/// Returns the notes, and the numbers behind the chart.
fn foot(group: &Group, unit: Unit) -> Markup {
    html! {
        @for note in &group.notes { p.note { (note) } }
        details {
            summary { "numbers" }
            @if !group.figures.is_empty() {
                table {
                    @for (who, figure) in &group.figures {
                        tr.ours[who == OURS] {
                            td { (catalogue::name(who)) }
                            td.number { (unit.show(figure.value)) }
                            td.number.faint { (interval(*figure, unit)) }
                        }
                    }
                }
            }
            @for (who, points) in &group.curves {
                table {
                    caption { (catalogue::name(who)) }
                    @for point in points {
                        tr {
                            td.number { (point.x) }
                            td.number { (unit.show(point.figure.value)) }
                            td.number.faint { (interval(point.figure, unit)) }
                        }
                    }
                }
            }
        }
    }
}

fn interval(figure: Figure, unit: Unit) -> String {
    figure.interval.map_or_else(String::new, |[low, high]| {
        format!("{} to {}", unit.show(low), unit.show(high))
    })
}
