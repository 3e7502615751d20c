//! The shop at the start, and after each step.
//!
//! Each step is the whole library as it stands then. Its callers are the same files for all
//! steps, included by their path.

pub mod start;
pub mod step1;
pub mod step2;
pub mod step3;
pub mod step4;
