//! Tests of detection with a Tokio that has no multi-thread runtime.
#![forbid(unsafe_code)]
