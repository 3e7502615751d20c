//! Curves: how a figure grows with a size, with one line for each candidate.

use std::fmt;

use crate::{
    lines,
    rounds::{Budget, Candidate, medians},
};

/// A group of lines over the same points.
#[derive(Debug)]
pub struct Curve<'a> {
    group: &'static str,
    lines: Vec<Line<'a>>,
}

struct Line<'a> {
    name: &'static str,
    upto: u64,
    measure: Box<dyn FnMut(u64) -> f64 + 'a>,
}

impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.name).finish()
    }
}

impl<'a> Curve<'a> {
    /// Returns a curve without lines.
    #[must_use]
    pub fn new(group: &'static str) -> Self {
        Self {
            group,
            lines: Vec::new(),
        }
    }

    /// Adds a line. `measure` gives the figure at a point.
    #[must_use]
    pub fn line(self, name: &'static str, measure: impl FnMut(u64) -> f64 + 'a) -> Self {
        self.line_upto(u64::MAX, name, measure)
    }

    /// Adds a line that ends at `upto`, because measuring it further would take too
    /// long.
    #[must_use]
    pub fn line_upto(
        mut self,
        upto: u64,
        name: &'static str,
        measure: impl FnMut(u64) -> f64 + 'a,
    ) -> Self {
        self.lines.push(Line {
            name,
            upto,
            measure: Box::new(measure),
        });
        self
    }

    /// Measures all lines at each of `points`, in turn, and prints their figures.
    pub fn run(mut self, budget: Budget, points: &[u64]) {
        for &x in points {
            let mut candidates: Vec<_> = self
                .lines
                .iter_mut()
                .filter(|line| x <= line.upto)
                .map(|line| {
                    let measure = &mut line.measure;
                    Candidate::new(line.name, move || measure(x))
                })
                .collect();
            for (name, figure) in medians(budget, &mut candidates) {
                #[expect(clippy::cast_precision_loss, reason = "no point comes near 2^52")]
                lines::point(self.group, name, x as f64, figure);
            }
        }
        for line in &self.lines {
            if points.iter().any(|x| *x > line.upto) {
                lines::note(
                    self.group,
                    format_args!("{} is not measured beyond {}", line.name, line.upto),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, time::Duration};

    use super::*;

    #[test]
    fn every_line_is_measured_at_each_point_up_to_its_last() {
        let seen = RefCell::new(Vec::new());
        let note = |name| {
            let seen = &seen;
            move |x| {
                seen.borrow_mut().push((name, x));
                1.0
            }
        };
        let budget = Budget {
            least: 1,
            time: Duration::ZERO,
        };
        Curve::new("C-test")
            .line("a", note("a"))
            .line_upto(10, "b", note("b"))
            .run(budget, &[1, 10, 100]);
        let mut seen = seen.into_inner();
        // `medians` measures each point in an additional round that it does not count.
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [("a", 1), ("a", 10), ("a", 100), ("b", 1), ("b", 10)]);
    }
}
