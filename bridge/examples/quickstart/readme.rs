//! Turns the snippets of the README into doc tests.
#![doc = include_str!("../../../README.md")]
