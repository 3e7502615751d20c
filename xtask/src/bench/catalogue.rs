//! The catalogue of rows: each row's id, operation, meaning and limits.
//!
//! The figures themselves come from the benches, whose groups have the ids of the rows.

mod beside;
mod names;
mod rows;

pub(super) use self::{
    beside::{BESIDE, Beside},
    names::{name, slot},
};
use super::unit::Unit;

/// The sections of the report, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Calls,
    Waits,
    Offloads,
    Bursts,
    Nesting,
    Load,
    Context,
    Frugality,
}

impl Section {
    pub(super) const ALL: [Self; 8] = [
        Self::Calls,
        Self::Waits,
        Self::Offloads,
        Self::Bursts,
        Self::Nesting,
        Self::Load,
        Self::Context,
        Self::Frugality,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Calls => "Nothing to bridge",
            Self::Waits => "From sync to async",
            Self::Offloads => "From async to sync",
            Self::Bursts => "Many at once",
            Self::Nesting => "Nested in each other",
            Self::Load => "Under load",
            Self::Context => "Detecting the context",
            Self::Frugality => "Memory and idle CPU time",
        }
    }

    /// Returns the sentence under the title.
    pub(super) fn about(self) -> &'static str {
        match self {
            Self::Calls => {
                "A smart function that is called by its own kind should cost what the plain function costs."
            }
            Self::Waits => {
                "Sync code waits for a future. The figure is the time until it has the value, beyond the future's own work."
            }
            Self::Offloads => {
                "Async code runs a closure on a thread that may block. The figure is the time until the value is back."
            }
            Self::Bursts => {
                "Thousands of closures are offloaded together. The figure is the cost of each."
            }
            Self::Nesting => {
                "Sync code waits for async code, which offloads sync code, which waits again."
            }
            Self::Load => {
                "Programs that do both kinds of work at once, through sockets and databases."
            }
            Self::Context => {
                "Detecting in which context a thread is. Every other operation depends on it."
            }
            Self::Frugality => {
                "Allocations, and the CPU time that is used while there is nothing to do."
            }
        }
    }
}

/// The way in which a row's figures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One bar for each candidate.
    Bars,
    /// Figures over the quantity that the text names.
    Curve(&'static str),
    /// Figures over percentiles.
    Percentiles,
}

impl Shape {
    /// Returns a place on the curve, for people: `16 clients`.
    pub(super) fn place(self, x: Option<f64>) -> Option<String> {
        let (x, Self::Curve(over)) = (x?, self) else {
            return None;
        };
        let one = x.total_cmp(&1.0).is_eq();
        let over = over.strip_suffix('s').filter(|_| one).unwrap_or(over);
        Some(format!("{x} {over}"))
    }
}

/// A limit of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Must {
    /// The figure is at most this, in the row's unit.
    AtMost(f64),
    /// The figure is at most this many times the named peer's. Where more is better, it
    /// is at least this many times the peer's. A curve must keep this at each of its
    /// points.
    Times(f64, &'static str),
    /// The figure is at most this much above that of the named candidate, in the row's unit.
    Above(f64, &'static str),
    /// The figure is limited like [`Times`](Self::Times), by the best peer.
    TimesBest(f64),
    /// The figure is exactly the peer's.
    SameAs(&'static str),
    /// All points of our curve are within this part of the smallest.
    Flat(f64),
    /// Our curve is flat like [`Flat`](Self::Flat), once the named curve is subtracted.
    FlatBeyond(f64, &'static str),
}

/// One line of the table, and one chart of the report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The row's id, which is also the name of the group in the bench.
    pub(super) id: &'static str,
    pub(super) section: Section,
    pub(super) operation: &'static str,
    /// The meaning of the figure, in one sentence.
    pub(super) means: &'static str,
    /// The bench program that measures the row.
    pub(super) bench: &'static str,
    pub(super) shape: Shape,
    pub(super) unit: Unit,
    pub(super) must: &'static [Must],
}

/// Returns the rows whose id is `only`, or begins with it as a part.
pub(super) fn rows(only: Option<&str>) -> Vec<Row> {
    let wanted = |row: &&Row| {
        only.is_none_or(|only| {
            let rest = row.id.to_lowercase();
            let rest = rest.strip_prefix(&only.to_lowercase());
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        })
    };
    rows::ALL.iter().filter(wanted).copied().collect()
}

/// Returns the row of this id.
pub(super) fn row(id: &str) -> Option<&'static Row> {
    rows::ALL.iter().find(|row| row.id == id)
}

/// Returns the unit of a group.
///
/// A group without a row is a count, unless its name says that it counts instructions.
pub(super) fn unit(group: &str) -> Unit {
    let counted = group.starts_with("I-") || group.ends_with("-icount");
    match row(group) {
        Some(row) => row.unit,
        None if counted => Unit::Instructions,
        None if group.starts_with("PY-") => Unit::Time { per: 1 },
        None => Unit::Count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_an_id_and_its_parts_but_no_longer_number() {
        let ids = |only| {
            rows(Some(only))
                .iter()
                .map(|row| row.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids("P1"), ["P1", "P1-icount"]);
        assert_eq!(ids("p8"), ["P8"]);
        assert_eq!(ids("P21"), ["P21", "P21-default"]);
        assert!(ids("P99").is_empty());
    }

    #[test]
    fn a_place_on_a_curve_is_in_words() {
        let over = Shape::Curve("clients");
        assert_eq!(over.place(Some(1.0)).as_deref(), Some("1 client"));
        assert_eq!(over.place(Some(16.0)).as_deref(), Some("16 clients"));
        assert_eq!(over.place(None), None);
        assert_eq!(Shape::Bars.place(Some(1.0)), None);
    }

    #[test]
    fn ids_are_unique_and_every_section_has_rows() {
        let mut ids: Vec<_> = rows(None).iter().map(|row| row.id).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for section in Section::ALL {
            assert!(
                rows(None).iter().any(|row| row.section == section),
                "{section:?}"
            );
        }
    }

    #[test]
    fn every_row_is_measured_by_the_bench_it_names() {
        let benches = crate::root().join("bench-suite").join("benches");
        for row in rows::ALL {
            let path = benches.join(row.bench).with_extension("rs");
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            // Callgrind's functions are named after their rows.
            let named = match row.id.strip_suffix("-icount") {
                Some(id) => format!(
                    "fn {}_icount_of_bridge",
                    id.to_lowercase().replace('-', "_")
                ),
                None => format!("\"{}\"", row.id),
            };
            assert!(
                text.contains(&named),
                "{} is not in {}",
                row.id,
                path.display()
            );
            for must in row.must {
                if let Must::Times(_, peer)
                | Must::Above(_, peer)
                | Must::SameAs(peer)
                | Must::FlatBeyond(_, peer) = must
                {
                    assert!(
                        text.contains(peer),
                        "{}: no {peer} in {}",
                        row.id,
                        path.display()
                    );
                }
            }
        }
    }
}
