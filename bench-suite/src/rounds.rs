//! Measures candidates in turn, and returns their medians.
//!
//! A machine's speed drifts from second to second. So each round measures every
//! candidate once, and the drift affects all of them alike.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// The number of rounds, given as a minimum and a time.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// The least number of rounds.
    pub least: usize,
    /// Further rounds follow until this time, multiplied by the number of candidates,
    /// has passed.
    pub time: Duration,
}

/// The greatest number of rounds: more would not make a median better.
const MOST: usize = 1_000;

/// A name and what is measured under it: each call of `measure` gives one figure.
pub struct Candidate<'a> {
    name: &'static str,
    measure: Box<dyn FnMut() -> f64 + 'a>,
}

impl fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Candidate").field(&self.name).finish()
    }
}

impl<'a> Candidate<'a> {
    /// Returns a candidate that `measure` measures.
    pub fn new(name: &'static str, measure: impl FnMut() -> f64 + 'a) -> Self {
        Self {
            name,
            measure: Box::new(measure),
        }
    }
}

/// Returns the median of each candidate.
///
/// A first round, in which pools start their threads, is not counted.
pub fn medians(budget: Budget, candidates: &mut [Candidate<'_>]) -> Vec<(&'static str, f64)> {
    for candidate in &mut *candidates {
        (candidate.measure)();
    }
    let all = budget.time * u32::try_from(candidates.len()).unwrap_or(u32::MAX);
    let mut figures = vec![Vec::new(); candidates.len()];
    let start = Instant::now();
    for round in 0..MOST {
        if round >= budget.least && start.elapsed() >= all {
            break;
        }
        for (candidate, figures) in candidates.iter_mut().zip(&mut figures) {
            figures.push((candidate.measure)());
        }
    }
    candidates
        .iter()
        .zip(figures)
        .map(|(candidate, figures)| (candidate.name, median(figures)))
        .collect()
}

/// Returns the middle figure, or the mean of the two middle figures.
///
/// # Panics
///
/// Panics if there are no figures.
#[must_use]
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    if figures.len() % 2 == 1 {
        figures[middle]
    } else {
        f64::midpoint(figures[middle - 1], figures[middle])
    }
}

/// Returns the time of one of `count` operations, in nanoseconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "no count comes near 2^52, nor does a time in nanoseconds"
)]
#[must_use]
pub fn ns_each(time: Duration, count: u64) -> f64 {
    time.as_nanos() as f64 / count as f64
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![9.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![9.0, 1.0, 2.0, 4.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn candidates_take_turns_and_the_first_round_does_not_count() {
        let order = RefCell::new(Vec::new());
        let figures = RefCell::new(vec![100.0, 3.0, 1.0, 2.0].into_iter());
        let budget = Budget {
            least: 3,
            time: Duration::ZERO,
        };
        let result = medians(
            budget,
            &mut [
                Candidate::new("a", || {
                    order.borrow_mut().push('a');
                    figures.borrow_mut().next().expect("no further round")
                }),
                Candidate::new("b", || {
                    order.borrow_mut().push('b');
                    7.0
                }),
            ],
        );
        assert_eq!(result, [("a", 2.0), ("b", 7.0)]);
        assert_eq!(order.into_inner(), ['a', 'b', 'a', 'b', 'a', 'b', 'a', 'b']);
    }

    #[test]
    fn time_is_shared_out() {
        let each = ns_each(Duration::from_micros(3), 2);
        assert!((each - 1500.0).abs() < 1e-9);
    }
}
