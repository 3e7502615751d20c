//! The threads of the pool, and what a thread needs to sleep and wake.
//!
//! [`worker`] is the life of a thread of the pool. [`park`] puts any thread to sleep
//! until it is woken. [`spinning`] decides how long a thread looks for work before
//! that. [`stack`] measures how much of a thread's stack is left. [`clock`] keeps the
//! ages of jobs, and [`helper`] starts a thread for one task.

pub(crate) mod clock;
pub mod helper;
pub mod park;
pub(crate) mod spinning;
pub mod stack;
pub(crate) mod worker;
