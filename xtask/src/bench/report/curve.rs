//! Curves, with both axes logarithmic.
//!
//! The chart is drawn in colours that stand for names. The page's style replaces these
//! names by colours, so that one drawing serves light and dark.

mod axis;

use std::{cmp::Reverse, error::Error};

use maud::{Markup, PreEscaped, html};
use plotters::{
    prelude::{
        ChartBuilder, Circle, Color, IntoDrawingArea, IntoFont, LineSeries, RGBColor, SVGBackend,
    },
    style::TextStyle,
};

use self::axis::Axis;
use crate::bench::{
    catalogue::{self, Shape},
    figures::{Group, OURS, Point},
    unit::Unit,
};

const SIZE: (u32, u32) = (540, 300);
/// The number of colours that the style has.
const COLOURS: usize = 8;
/// Returns the colour of a candidate. Its red is 1, and its blue is the slot.
const fn series(slot: usize) -> RGBColor {
    RGBColor(1, 0, slot.to_le_bytes()[0])
}
const RULE: RGBColor = RGBColor(2, 0, 0);
const TEXT: RGBColor = RGBColor(3, 0, 0);

/// A curve with its name and colour.
struct Line<'a> {
    who: &'a str,
    slot: usize,
    points: &'a [Point],
}

pub(super) fn curve(shape: Shape, group: &Group, unit: Unit) -> Markup {
    let lines = lines(group);
    let xs = match shape {
        Shape::Percentiles => Axis::percentiles(xs(group)),
        Shape::Bars | Shape::Curve(_) => Axis::logarithmic(xs(group)),
    };
    let title = match shape {
        Shape::Percentiles => "percentile",
        Shape::Curve(title) => title,
        Shape::Bars => "",
    };
    let drawn = draw(&lines, &xs, title, unit);
    html! {
        div.legend {
            @for line in lines.iter().rev() {
                span.key { span.swatch style={ "background:var(--s" (line.slot) ")" } {} (catalogue::name(line.who)) }
            }
        }
        figure.curve {
            @match drawn {
                Ok(svg) => (PreEscaped(svg)),
                Err(why) => p.note { "this chart could not be drawn: " (why) },
            }
        }
    }
}

/// Returns the lines. The bridge comes last, so that its line lies on top.
fn lines(group: &Group) -> Vec<Line<'_>> {
    let mut taken = Vec::new();
    let mut lines: Vec<_> = group
        .curves
        .iter()
        .map(|(who, points)| {
            let wanted = catalogue::slot(who).unwrap_or(1);
            let free = (wanted..COLOURS)
                .chain(1..COLOURS)
                .find(|slot| !taken.contains(slot));
            let slot = free.unwrap_or(wanted);
            taken.push(slot);
            Line { who, slot, points }
        })
        .collect();
    lines.sort_by_key(|line| (line.who == OURS, Reverse(line.slot)));
    lines
}

fn xs(group: &Group) -> impl Iterator<Item = f64> {
    group.curves.values().flatten().map(|point| point.x)
}

fn draw(lines: &[Line<'_>], xs: &Axis, title: &str, unit: Unit) -> Result<String, Box<dyn Error>> {
    let values = lines
        .iter()
        .flat_map(|line| line.points)
        .map(|point| point.figure.value);
    let ys = Axis::decades(values);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let text = |size: i32| -> TextStyle<'_> { ("sans-serif", size).into_font().color(&TEXT) };
        let mut chart = ChartBuilder::on(&area)
            .margin(10)
            .margin_right(22)
            .x_label_area_size(if title.is_empty() { 28 } else { 44 })
            .y_label_area_size(58)
            .build_cartesian_2d(xs.clone(), ys.clone())?;
        chart
            .configure_mesh()
            .light_line_style(RULE.mix(0.0))
            .bold_line_style(RULE)
            .axis_style(RULE)
            .label_style(text(16))
            .axis_desc_style(text(16))
            .x_desc(title)
            .x_labels(xs.ticks.len())
            .y_labels(ys.ticks.len())
            .x_label_formatter(&|at| xs.label(*at))
            .y_label_formatter(&|at| unit.show(10_f64.powf(*at)))
            .draw()?;
        for line in lines {
            let points = line
                .points
                .iter()
                .map(|p| (xs.place(p.x), ys.place(p.figure.value)));
            let width = if line.who == OURS { 3 } else { 2 };
            let style = series(line.slot).stroke_width(width);
            chart.draw_series(LineSeries::new(points.clone(), style))?;
            let size = if line.who == OURS { 4 } else { 3 };
            chart
                .draw_series(points.map(|at| Circle::new(at, size, series(line.slot).filled())))?;
        }
        area.present()?;
    }
    // An SVG inside a page needs no name space.
    Ok(svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Figures;

    #[test]
    fn a_curve_is_drawn_with_its_labels_and_stands_alone() {
        let mut figures = Figures::default();
        for (x, value) in [(100.0, 500.0), (1e4, 220.0), (1e6, 200.0)] {
            figures.add_point("g", "bridge", x, value);
            figures.add_point("g", "somebody", x, value * 10.0);
        }
        let group = figures.group("g").expect("the group");
        let unit = Unit::Time { per: 1 };
        let page = curve(Shape::Curve("jobs"), group, unit).into_string();
        for wanted in [
            "<svg", "polyline", "#010000", "#010001", "jobs", "10k", "1M", "1 µs", "somebody",
        ] {
            assert!(page.contains(wanted), "no {wanted} in {page}");
        }
        assert!(!page.contains("://"), "{page}");
    }
}
