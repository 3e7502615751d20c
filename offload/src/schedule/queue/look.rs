//! A look at the jobs in the queue and in the backlog, which takes none of them.

use super::{Queue, list::held};
use crate::job::runnable::Submitted;

impl Queue {
    /// Returns the jobs that no worker has taken and no caller has withdrawn.
    pub(crate) fn submitted(&self) -> impl Iterator<Item = &Submitted> {
        let lists =
            [&self.descendants, &self.unrelated].map(|lists| [&lists.queue, &lists.backlog]);
        let jobs = lists.into_iter().flatten().flat_map(|list| &list.jobs);
        jobs.filter(|submitted| held(submitted))
    }
}
