//! A look at the jobs in the queue and in the backlog, which takes none of them.

use std::sync::Arc;

use super::Queue;
use crate::job::runnable::Runnable;

impl Queue {
    /// Returns the jobs that no worker has taken and no caller has withdrawn.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = &Arc<dyn Runnable>> {
        let lists =
            [&self.descendants, &self.unrelated].map(|lists| [&lists.queue, &lists.backlog]);
        let jobs = lists.into_iter().flatten().flat_map(|list| &list.jobs);
        jobs.map(|submitted| &submitted.job)
            .filter(|job| job.header().is_listed())
    }
}
