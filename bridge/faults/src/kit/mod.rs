//! The parts that the programs share.

pub(crate) mod calls;
pub(crate) mod child;
pub(crate) mod context;
pub(crate) mod ends;
pub(crate) mod fork;
pub(crate) mod log;
pub(crate) mod nest;
pub(crate) mod places;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod runtimes;
pub(crate) mod stack_limit;
