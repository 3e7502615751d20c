//! The part of a report that names jobs and waits which block each other.

/// Jobs and waits that wait for each other in a circle: see [`Report::cycle`].
///
/// [`Report::cycle`]: super::Report::cycle
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    pub(crate) steps: Vec<Step>,
}

/// A step of a [`Cycle`], or the parent of a job in the tree. The numbers are those of the
/// report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The job with this number.
    Job(usize),
    /// The wait with this number.
    Wait(usize),
    /// A permit, while all are taken.
    Permit,
}

impl Cycle {
    /// Returns the steps. Each of them waits for the next, and the last for the first.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns whether every step is known to wait. Otherwise a running job is among them. It
    /// may wait outside the bridge, where the report does not see it.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        !self.steps.contains(&Step::Permit)
    }

    pub(crate) fn map(self, change: impl Fn(Step) -> Step) -> Self {
        Self {
            steps: self.steps.into_iter().map(change).collect(),
        }
    }
}
