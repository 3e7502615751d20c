//! Every decision of the pool: which job a worker runs next, and which worker is woken.
//!
//! [`state`] decides, under one lock, by transitions that return what to do after the
//! lock is released. It asks [`policy`], a pure function, whether another worker is
//! worth waking. [`queue`] holds the jobs that no worker has claimed. [`inbox`] takes
//! jobs without the pool's lock. [`expected_start`] tells a caller when its job will start.
//! [`stall`] notices a pool that stands still. [`limits`] are the settings of the pool.

pub(crate) mod expected_start;
pub(crate) mod inbox;
pub(crate) mod limits;
pub(crate) mod policy;
pub(crate) mod queue;
pub(crate) mod stall;
pub(crate) mod state;
