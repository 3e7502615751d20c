//! A look at the jobs that are queued, without taking any.

use std::sync::Arc;

use super::Queue;
use crate::job::runnable::Runnable;

impl Queue {
    /// The jobs that no thread has taken.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let lists =
            [&self.descendants, &self.unrelated].map(|lists| [&lists.queue, &lists.backlog]);
        let jobs = lists.into_iter().flatten().flat_map(|list| &list.jobs);
        jobs.map(|submitted| &submitted.job)
            .filter(|job| job.header().is_listed())
    }
}
