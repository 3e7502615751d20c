//! A worker: a thread of the pool.
//!
//! [`body`] is the function that it runs. [`spin`] looks for work before the worker sleeps.
//! [`this_worker`] tells the code of a job on which worker it runs.

pub(crate) mod body;
mod spin;
pub(crate) mod this_worker;
