//! Finds jobs and waits that wait for each other in a circle.
//!
//! There are two kinds of circles. In the first, every job is parked, and its wait polls
//! for the next job. The worker of a parked job may run a job that it was lent.
//!
//! In the second, running jobs have taken every permit. Each of them has submitted, outside
//! a wait, a job that is queued or has a queued descendant. If each running job blocks until
//! that job has ended, for example on a channel, none of them can go on.

use std::mem;

use super::graph::{Graph, OWN};
use crate::vocabulary::report::{
    JobState,
    cycle::{Cycle, Step},
};

/// Returns a circle that a job of the report's own pool is part of, or that waits for such
/// a job.
pub(super) fn find(graph: &Graph) -> Option<Cycle> {
    let steps = find_parked(graph).or_else(|| find_starved(graph))?;
    Some(Cycle { steps })
}

/// Finds a circle of parked jobs.
fn find_parked(graph: &Graph) -> Option<Vec<Step>> {
    let is_parked = |job: usize| {
        let state = graph.jobs[job].entry.state;
        matches!(state, JobState::Parked | JobState::Lending)
    };
    // The jobs that a walk has visited. A walk that comes to a circle is the last one.
    let mut done = vec![false; graph.jobs.len()];
    let own = (0..graph.jobs.len()).filter(|job| graph.jobs[*job].pool == OWN && is_parked(*job));
    for from in own {
        // The walk goes from a job to the wait that polls for it, and on to the job whose code
        // waits. One wait polls for a job, and one job waits in it. So the walk has no
        // branches, and runs against the direction of the circle.
        let (mut path, mut job) = (Vec::new(), from);
        while !done[job] {
            done[job] = true;
            let Some(wait) = graph.jobs[job].adopter else {
                break;
            };
            let Some(waiter) = graph.waits[wait].job.filter(|job| is_parked(*job)) else {
                break;
            };
            path.extend([Step::Job(job), Step::Wait(wait)]);
            job = waiter;
        }
        if let Some(start) = path.iter().position(|step| *step == Step::Job(job)) {
            let mut circle = path.split_off(start);
            circle.reverse();
            // The reversed path begins with a wait. A circle begins with a job.
            circle.rotate_left(1);
            return Some(circle);
        }
    }
    None
}

/// Finds a circle through the permits of the report's own pool.
fn find_starved(graph: &Graph) -> Option<Vec<Step>> {
    let own = |state| {
        (0..graph.jobs.len()).filter(move |job| {
            let node = &graph.jobs[*job];
            node.pool == OWN && node.entry.state == state
        })
    };
    let running: Vec<_> = own(JobState::Running).collect();
    if running.len() < graph.permits.max(1) {
        return None;
    }
    let queued = own(JobState::Queued).chain(own(JobState::InBacklog));
    let first_queued = first_below(graph, queued);
    if !running.iter().all(|job| first_queued[*job].is_some()) {
        return None;
    }
    // The circle leads from one of the running jobs down to its queued descendant, which
    // needs a permit.
    let job = *running.first()?;
    let up = graph.path(Step::Job(first_queued[job]?));
    let mut steps: Vec<_> = up.take_while(|step| *step != Step::Job(job)).collect();
    steps.push(Step::Job(job));
    steps.reverse();
    steps.push(Step::Permit);
    Some(steps)
}

/// Returns for each job the first of the `queued` jobs that stand below it.
///
/// Queued jobs below a wait of the job itself do not count. If the job runs, that wait polls
/// just now, and gives the permit back when it parks.
fn first_below(graph: &Graph, queued: impl Iterator<Item = usize>) -> Vec<Option<usize>> {
    let mut first = vec![None; graph.jobs.len()];
    // The steps through which a walk has come. All steps above them were visited too.
    let mut done = vec![false; graph.steps()];
    for below in queued {
        let mut step = Step::Job(below);
        while !mem::replace(&mut done[graph.index(step)], true)
            && let Some(parent) = graph.parent(step)
        {
            if let (Step::Job(job), Step::Job(_)) = (parent, step) {
                first[job].get_or_insert(below);
            }
            step = parent;
        }
    }
    first
}
