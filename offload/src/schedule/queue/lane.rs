//! The lane of a job: which of the two kinds of jobs it is.

use super::list::DESCENDANT;
use crate::lineage::{Lineage, PoolId};

/// A lane of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// The jobs that descend from an open wait of this pool, or from a parked job of it.
    Descendants,
    /// All other jobs. If a job that an unrelated job descends from parks, the pool moves
    /// that unrelated job to the lane of descendants. A pool that grows does the same while it
    /// stands still.
    Unrelated,
}

/// After so many descendants it is the turn of an unrelated job, if one is queued.
pub(super) const MOST_IN_A_ROW: u64 = 16;

impl Lane {
    /// Returns the lane of a job with this lineage, in `pool`. The caller holds the
    /// pool's lock, because jobs park under it.
    #[inline]
    pub(crate) fn of(lineage: &Lineage, pool: PoolId) -> Self {
        if lineage.is_waited_for_in(pool) {
            Self::Descendants
        } else {
            Self::Unrelated
        }
    }

    /// Returns the bit that is set beside a list's number for a job of this lane.
    #[inline]
    pub(super) fn bit(self) -> u8 {
        match self {
            Self::Descendants => DESCENDANT,
            Self::Unrelated => 0,
        }
    }
}
