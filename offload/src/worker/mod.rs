//! A worker: a thread of the pool.
//!
//! [`body`] is the function that it runs. [`this_worker`] tells the code of a job on which
//! worker it runs.

pub(crate) mod body;
pub(crate) mod this_worker;
