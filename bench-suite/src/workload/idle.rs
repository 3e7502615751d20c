//! The first job after a pause. The candidates take turns.
//!
//! The time that a machine takes to wake up changes from second to second. So a
//! [`Rounds`] measures all candidates in every round, and stores each time under its
//! candidate. [`sample`](Rounds::sample) takes stored times, and starts a round when
//! none is left.

use std::{
    collections::VecDeque,
    thread,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;

/// The length of the pause before each job.
pub const PAUSE: Duration = Duration::from_millis(50);

type Candidate = Box<dyn Fn(&Runtime) -> u64 + Send>;

/// The candidates, with the times that no sample has taken yet.
pub struct Rounds {
    runtime: Runtime,
    pause: Duration,
    candidates: Vec<(&'static str, Candidate, VecDeque<Duration>)>,
}

impl std::fmt::Debug for Rounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self
            .candidates
            .iter()
            .map(|candidate| candidate.0)
            .collect();
        f.debug_struct("Rounds")
            .field("candidates", &names)
            .finish_non_exhaustive()
    }
}

impl Rounds {
    /// Returns a value without candidates. Tasks of `runtime` will await their jobs.
    #[must_use]
    pub fn new(runtime: Runtime, pause: Duration) -> Self {
        Self {
            runtime,
            pause,
            candidates: Vec::new(),
        }
    }

    /// Adds a candidate.
    #[must_use]
    pub fn with<F>(
        mut self,
        name: &'static str,
        operation: impl Fn(u64) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = u64> + Send + 'static,
    {
        // The async block is needed: some ways need the runtime when they are called.
        let candidate = move |runtime: &Runtime| runtime.block_on(async { operation(1).await });
        self.candidates
            .push((name, Box::new(candidate), VecDeque::new()));
        self
    }

    /// Returns the names of the candidates.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.candidates
            .iter()
            .map(|candidate| candidate.0)
            .collect()
    }

    /// Returns the next sample of the candidate called `name`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such candidate.
    pub fn sample(&mut self, name: &str) -> Duration {
        loop {
            let found = self
                .candidates
                .iter_mut()
                .find(|candidate| candidate.0 == name);
            if let Some(time) = found.expect("a candidate of that name").2.pop_front() {
                return time;
            }
            self.round();
        }
    }

    fn round(&mut self) {
        for (_, candidate, times) in &mut self.candidates {
            thread::sleep(self.pause);
            let start = Instant::now();
            std::hint::black_box(candidate(&self.runtime));
            times.push_back(start.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;
    use crate::workload::run;

    #[test]
    fn a_round_measures_everyone_and_no_sample_is_used_twice() {
        static A: AtomicU64 = AtomicU64::new(0);
        static B: AtomicU64 = AtomicU64::new(0);
        let mut rounds = Rounds::new(run::multi_thread(), Duration::ZERO)
            .with("a", |number| {
                std::future::ready(A.fetch_add(number, Relaxed))
            })
            .with("b", |number| {
                std::future::ready(B.fetch_add(number, Relaxed))
            });
        testkit::within(|| rounds.sample("a"));
        rounds.sample("a");
        assert_eq!((A.load(Relaxed), B.load(Relaxed)), (2, 2));
        rounds.sample("b");
        rounds.sample("b");
        assert_eq!((A.load(Relaxed), B.load(Relaxed)), (2, 2));
        rounds.sample("b");
        assert_eq!((A.load(Relaxed), B.load(Relaxed)), (3, 3));
    }
}
