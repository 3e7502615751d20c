//! Makes the report of a pool from copies of the states of all pools.
//!
//! A [`Snapshot`] is made under its pool's lock, and all else without a lock. [`graph`] finds
//! who waits for whom, by the lineage of the jobs, and [`cycle`] finds jobs that wait for each
//! other. A job of one pool may wait for a job of another pool, so the graph covers all
//! living pools. [`outside`] knows the waits of threads that are no workers.

mod cycle;
mod graph;
pub(crate) mod outside;

use std::time::Instant;

use self::{graph::Graph, outside::Waiter};
use crate::{
    lineage::PoolId,
    schedule::state::Snapshot,
    timing::PoolClock,
    vocabulary::{name::PoolName, report::Report},
};

/// A pool as a report sees it.
pub(crate) struct SeenPool<'a> {
    pub(crate) id: PoolId,
    pub(crate) name: &'a PoolName,
    /// When the pool was built.
    pub(crate) born: Instant,
    /// The clock of a pool that measures its jobs.
    pub(crate) clock: Option<&'a PoolClock>,
    pub(crate) snapshot: Snapshot,
}

/// Makes the report of the pool `own`. `outside` are the waits of threads that are no
/// workers, and `others` the other living pools of this process.
pub(crate) fn report<'a>(
    own: SeenPool<'_>,
    outside: Vec<Waiter>,
    others: impl Iterator<Item = SeenPool<'a>>,
) -> Report {
    let mut graph = Graph::of(own, outside, others);
    let cycle = cycle::find(&graph);
    graph.list_linked(cycle.as_ref());
    graph.report(cycle)
}
