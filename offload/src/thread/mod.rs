//! What a thread can do by itself, without a pool: sleep, spin, and look at its stack.
//!
//! [`park`] puts any thread to sleep until it is woken. [`spinning`] decides whether a
//! thread spins before it sleeps, and [`yielding`] when a spinning worker lets other threads run.
//! [`stack`] measures how much of a thread's stack is left.
//! [`clock`] notes when jobs begin, and [`on_thread`] runs one closure on a thread of its own.
//! [`living`] counts the threads that have not ended.

pub(crate) mod clock;
pub(crate) mod living;
pub mod on_thread;
pub mod park;
pub(crate) mod spinning;
pub mod stack;
pub(crate) mod yielding;
