//! What the pool takes from the operating system and from the standard library.
//!
//! [`sync`] is the only door to atomics, locks and threads, so a model checker can take
//! their place. [`fork`] notices that this process is a fork. [`load`] tells whether
//! other threads wait for a processor.

pub mod fork;
pub mod load;
pub(crate) mod sync;
