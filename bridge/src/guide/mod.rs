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
//! * [Scenario: async code tested from plain tests](scenario_testing): plain `#[test]` functions, and a paused clock.
//! * [Scenario: a client library for sync and async users](scenario_client_library): one implementation, a trait
//!   of both kinds, `dyn`, and plain twins.
//! * [Scenario: a sync and an async framework in one program](scenario_mixed_frameworks): servers of both kinds
//!   that call each other.
//! * [Scenario: an interactive session](scenario_repl): calls at a prompt, background tasks, and Ctrl-C.
//!
//! # Choosing
//!
//! # When something is wrong
//!
//! * [Limits, by symptom](limits): what a wait or an offload cannot give, and what to do
//!   instead.

// A new page needs a line above under its own first heading, and a module below. A link
// to another page is `super::NAME`. `cargo test -p bridge-guide --doc` runs the snippets.

#[doc = include_str!("limits.md")]
pub mod limits {}

#[doc = include_str!("scenario_testing.md")]
pub mod scenario_testing {}

#[doc = include_str!("scenario_client_library.md")]
pub mod scenario_client_library {}

#[doc = include_str!("scenario_mixed_frameworks.md")]
pub mod scenario_mixed_frameworks {}

#[doc = include_str!("scenario_repl.md")]
pub mod scenario_repl {}
