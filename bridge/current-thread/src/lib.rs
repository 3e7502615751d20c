//! Nothing but a test: detection with a Tokio that has no multi-thread runtime.
#![forbid(unsafe_code)]
