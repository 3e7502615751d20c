//! The Tokio runtimes that waits rest on: the home runtime, their ends, and forks.
//!
//! * [`home`] is the runtime that a bridge owns; [`home_threads`] makes the exit of
//!   the process wait for its blocking tasks.
//! * [`end`] tells waits that their runtime has ended.
//! * [`hand_overs`] counts the workers of a runtime that waits have blocked.
//! * [`forked`] knows the runtimes whose threads stayed in a parent process, and
//!   [`per_process`] is the table that makes this safe.

pub(crate) mod end;
pub(crate) mod forked;
pub(crate) mod hand_overs;
pub(crate) mod home;
pub(crate) mod home_threads;
pub(crate) mod per_process;
