//! Every decision of the pool: which job a thread runs next, and which thread runs.
//!
//! [`state`] decides, under one lock, by transitions that return what to do after the
//! lock is released. It asks [`policy`], a pure function, whether another thread is
//! worth waking. [`queue`] holds the jobs that no thread has claimed. [`inbox`] takes
//! jobs without the pool's lock. [`stall`] notices a pool that stands still.

pub(crate) mod inbox;
pub(crate) mod policy;
pub(crate) mod queue;
pub(crate) mod stall;
pub(crate) mod state;
