//! The README, whose snippets thereby are tests.
#![doc = include_str!("../../../README.md")]
