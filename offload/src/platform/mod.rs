//! The facts and primitives that the pool takes from the system and the standard library.
//!
//! All atomics, locks and threads come from [`sync`], so a model checker can replace
//! them. [`fork`] notices that this process is a fork. [`load`] tells whether other
//! threads wait for a processor.

pub mod fork;
pub mod load;
pub(crate) mod sync;
