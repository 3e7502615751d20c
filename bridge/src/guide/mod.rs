//! Pages to read beside the reference.
//!
//! Each page is also a Markdown file in `bridge/src/guide/`. Each snippet of a page is
//! compiled and run by the tests.
//!
//! # Start
//!
//! # How it works
//!
//! # Recipes
//!
//! # Scenarios
//!
//! # Choosing
//!
//! # When something is wrong
//!
//! * [Reading a report](reading_a_report): what each line of a report says, and what to do.
//! * [Limits, by symptom](limits): what a wait or an offload cannot give, and what to do
//!   instead.

// A new page needs a line above under its own first heading, and a module below. A link
// to another page is `super::NAME`. `cargo test -p bridge-guide --doc` runs the snippets.

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("reading_a_report.md")]
pub mod reading_a_report {}
