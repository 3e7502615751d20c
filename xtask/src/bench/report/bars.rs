//! Bars from zero, one for each candidate, the best one first.

use maud::{Markup, html};

use crate::bench::{
    catalogue,
    figures::{Figure, Group, OURS, is_peer},
    unit::{Unit, digits},
};

pub(super) fn bars(group: &Group, unit: Unit) -> Markup {
    let mut sorted: Vec<_> = group.figures.iter().collect();
    sorted.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    if unit.more_is_better() {
        sorted.reverse();
    }
    let longest = sorted
        .iter()
        .map(|(_, figure)| end(**figure))
        .fold(unit.least_scale(), f64::max);
    let ours = group.figures.get(OURS).map(|figure| figure.value);
    html! {
        div.bars role="list" {
            @for (who, figure) in sorted {
                div.bar.ours[who == OURS].lesser[who != OURS && !is_peer(who)] role="listitem" {
                    span.who { (catalogue::name(who)) }
                    span.track {
                        @if figure.value > 0.0 {
                            span.fill style={ "width:" (percent(figure.value, longest)) } {}
                        }
                        @if let Some([low, high]) = figure.interval {
                            span.whisker style={ "left:" (percent(low, longest)) ";width:" (percent(high - low, longest)) } {}
                        }
                    }
                    span.value { (unit.show(figure.value)) }
                    span.times { (times(who, figure.value, ours)) }
                }
            }
        }
    }
}

/// Returns the end of the bar and of its interval.
fn end(figure: Figure) -> f64 {
    figure
        .interval
        .map_or(figure.value, |[_, high]| high.max(figure.value))
}

fn percent(value: f64, longest: f64) -> String {
    let part = if longest > 0.0 { value / longest } else { 0.0 };
    format!("{:.2}%", part.clamp(0.0, 1.0) * 100.0)
}

/// Returns how many times our figure this figure is.
fn times(who: &str, value: f64, ours: Option<f64>) -> String {
    match ours {
        Some(ours) if who != OURS && ours > 0.0 && value > 0.0 => {
            format!("{} ×", digits(value / ours))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::figures::Figures;

    #[test]
    fn bars_are_in_order_and_say_how_many_times_ours() {
        let mut figures = Figures::default();
        for (who, value) in [("unblock", 40.0), ("bridge", 10.0), ("tokio_rayon", 25.0)] {
            figures.set("g", who, value);
        }
        let group = figures.group("g").expect("the group");
        let text = bars(group, Unit::Time { per: 1 }).into_string();
        let at = |part: &str| {
            text.find(part)
                .unwrap_or_else(|| panic!("no {part} in {text}"))
        };
        assert!(at("bridge") < at("tokio-rayon") && at("tokio-rayon") < at("blocking::unblock"));
        assert!(
            text.contains("width:25.00%") && text.contains("2.50 ×"),
            "{text}"
        );
        let most = bars(group, Unit::PerSecond).into_string();
        assert!(
            most.find("blocking::unblock") < most.find("bridge"),
            "{most}"
        );
    }

    #[test]
    fn figures_of_nothing_have_no_length() {
        assert_eq!(percent(0.0, 0.0), "0.00%");
        assert_eq!(times("a", 1.0, Some(0.0)), "");
        assert_eq!(times("a", 0.0, Some(1.0)), "");
        let mut figures = Figures::default();
        figures.set("g", "bridge", 0.0);
        figures.set("g", "unblock", 0.0001);
        let text = bars(figures.group("g").expect("the group"), Unit::Allocations).into_string();
        assert!(
            text.contains("width:0.01%") && !text.contains("width:0.00%"),
            "{text}"
        );
    }
}
