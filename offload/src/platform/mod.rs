//! The facts and primitives that the pool takes from the system and the standard library.
//!
//! The pool's protocols take their atomics, locks and threads from [`sync`], so a model
//! checker can replace them. [`fork`] keeps a fork's child from using what belongs to its
//! parent. [`load`] tells whether other threads wait for a processor, [`sleep_probe`] whether a
//! thread sleeps, and [`idle`] whether this process needs few processors.

pub mod fork;
pub(crate) mod idle;
pub mod load;
pub(crate) mod sleep_probe;
pub(crate) mod sync;

/// Whether Miri interprets the program. Miri knows few C functions, so there are no forks and
/// no exit handlers. No local lies on a stack there.
pub(crate) const INTERPRETED: bool = cfg!(miri);
