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
//! * [Library design](library_design): one implementation for users of both kinds.
//! * [Migrating](migrating): from `block_on`, `spawn_blocking`, helpers of your own, and
//!   from Python.
//! * [When not to use this](when_not): what serves you better in which case.
//! * [Comparison](comparison): what each peer gives that the bridge does not, and the
//!   reverse.
//! * [Performance](performance): what costs what, and where a peer leads.
//!
//! # When something is wrong
//!
//! * [Questions, by symptom](faq): the exact texts of panics and errors of Tokio, futures,
//!   reqwest, zenoh, `PyO3` and Python, and what to do about each.
//! * [Limits, by symptom](limits): what a wait or an offload cannot give, and what to do
//!   instead.

// A new page needs a line above under its own first heading, and a module below. A link
// to another page is `super::NAME`. `cargo test -p bridge-guide --doc` runs the snippets.

#[doc = include_str!("library_design.md")]
pub mod library_design {}

#[doc = include_str!("migrating.md")]
pub mod migrating {}

#[doc = include_str!("when_not.md")]
pub mod when_not {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}

#[doc = include_str!("performance.md")]
pub mod performance {}

// Its headings are the exact texts of other crates.
#[expect(clippy::doc_markdown)]
#[doc = include_str!("faq.md")]
pub mod faq {}

#[doc = include_str!("limits.md")]
pub mod limits {}
