//! Pages to read beside the reference.
//!
//! Each page is also a Markdown file in `bridge/src/guide/`. The tests compile and run each
//! snippet. A snippet may need further crates, which its `use` lines name. Their versions are in
//! `bridge/tests/crates/guide/Cargo.toml`.
//!
//! Rust's two kinds of function don't mix. `block_on` inside a runtime panics. A blocking
//! call inside a task freezes its executor. A blocking pool hangs if its jobs wait for async
//! code that needs the pool again. So authors write a library twice, or force one kind on
//! all its users.
//!
//! Here a smart function returns a *call*: a value that has not run yet. The caller chooses
//! how the call runs. The bridge makes that work on the caller's thread, or returns an error
//! that says why it can't.
//!
//! # Start
//!
//! * [Start in five minutes](start): from `cargo new` to both calls.
//!
//! # How it works
//!
//! * [The four cases](four_cases): what `.wait()`, `.await` and `.dispatch()` do.
//! * [Detection](detection): how a wait finds out what its thread is doing.
//! * [The asymmetric cache](cache): why "async" is remembered, and "sync" never is.
//! * [The pool](pool): its bounds, and how to size it.
//! * [Nesting and deadlocks](nesting): why sync and async code may wait for each other.
//! * [Cancellation and time limits](cancellation): what stops, and what goes on.
//! * [Context that travels](context): the `tracing` span, task-locals, and carriers of your
//!   own.
//! * [Shutdown](shutdown): what happens to accepted work.
//!
//! # Recipes
//!
//! * [Recipes](recipes): a foreign client, shedding load, sizing by connections, stopping a
//!   query, clean-up in `Drop`, graceful shutdown.
//! * [Stopping what runs](stopping): closures that end early when their caller leaves.
//! * [Connections, transactions and thread-bound values](connections): what stays on its
//!   thread.
//! * [Testing](testing): from sync and async tests, with a paused clock, with an instance
//!   for each test.
//! * [Observing](observing): figures, logs, warnings and names of threads.
//! * [Smart functions in frameworks](frameworks): axum handlers, tower services, sets,
//!   streams and tasks.
//!
//! # Scenarios
//!
//! * [Scenario: a command line over an async client](scenario_http_cli): one client for sync
//!   code, for async code and for many threads.
//! * [Scenario: an async service over a blocking database](scenario_sqlite_service):
//!   connections, transactions, a full queue and the end of the service.
//! * [Scenario: async code tested from plain tests](scenario_testing): plain tests, and a
//!   paused clock.
//! * [Scenario: a client library for sync and async users](scenario_client_library): one
//!   implementation, a trait of both kinds, `dyn`, and plain twins.
//! * [Scenario: from blocking to async, one function at a time](scenario_migration): a
//!   migration whose callers stay as they are.
//! * [Scenario: plugins of both kinds](scenario_plugins): one registry, time limits, and
//!   failures that do not spread.
//! * [Scenario: a sync and an async framework in one program](scenario_mixed_frameworks):
//!   servers of both kinds that call each other.
//! * [Scenario: fetch in async code, parse in blocking code](scenario_scraper): limits,
//!   backpressure and Ctrl-C.
//! * [Scenario: an interactive session](scenario_repl): calls at a prompt, background tasks,
//!   and Ctrl-C.
//! * [Scenario: one set of functions as commands and as an HTTP API](scenario_one_api):
//!   one struct for clap and serde, one function for both sides.
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
//! * [Reading a report](reading_a_report): what each line of a report says, and what to do.
//! * [Questions, by symptom](faq): the exact texts of panics and errors of Tokio, futures,
//!   reqwest, zenoh, `PyO3` and Python, and what to do about each.
//! * [Limits, by symptom](limits): what a wait or an offload cannot give, and what to do
//!   instead.

// Headings are exact texts of other crates, and SQLite is a name.
#![expect(clippy::doc_markdown)]
// A new page needs a line above, with the page's first heading, and a module below. The
// attribute is inside the module, so that a link to another page is `super::NAME`.
// `cargo test -p bridge-guide --doc` runs the snippets.

pub mod cache {
    #![doc = include_str!("cache.md")]
}

pub mod cancellation {
    #![doc = include_str!("cancellation.md")]
}

pub mod comparison {
    #![doc = include_str!("comparison.md")]
}

pub mod connections {
    #![doc = include_str!("connections.md")]
}

pub mod context {
    #![doc = include_str!("context.md")]
}

pub mod detection {
    #![doc = include_str!("detection.md")]
}

pub mod faq {
    #![doc = include_str!("faq.md")]
}

pub mod four_cases {
    #![doc = include_str!("four_cases.md")]
}

pub mod frameworks {
    #![doc = include_str!("frameworks.md")]
}

pub mod library_design {
    #![doc = include_str!("library_design.md")]
}

pub mod limits {
    #![doc = include_str!("limits.md")]
}

pub mod migrating {
    #![doc = include_str!("migrating.md")]
}

pub mod nesting {
    #![doc = include_str!("nesting.md")]
}

pub mod observing {
    #![doc = include_str!("observing.md")]
}

pub mod performance {
    #![doc = include_str!("performance.md")]
}

pub mod pool {
    #![doc = include_str!("pool.md")]
}

pub mod reading_a_report {
    #![doc = include_str!("reading_a_report.md")]
}

pub mod recipes {
    #![doc = include_str!("recipes.md")]
}

pub mod scenario_http_cli {
    #![doc = include_str!("scenario_http_cli.md")]
}

pub mod scenario_sqlite_service {
    #![doc = include_str!("scenario_sqlite_service.md")]
}

pub mod scenario_testing {
    #![doc = include_str!("scenario_testing.md")]
}

pub mod scenario_client_library {
    #![doc = include_str!("scenario_client_library.md")]
}

pub mod scenario_migration {
    #![doc = include_str!("scenario_migration.md")]
}

pub mod scenario_plugins {
    #![doc = include_str!("scenario_plugins.md")]
}

pub mod scenario_mixed_frameworks {
    #![doc = include_str!("scenario_mixed_frameworks.md")]
}

pub mod scenario_scraper {
    #![doc = include_str!("scenario_scraper.md")]
}

pub mod scenario_repl {
    #![doc = include_str!("scenario_repl.md")]
}

pub mod scenario_one_api {
    #![doc = include_str!("scenario_one_api.md")]
}

pub mod shutdown {
    #![doc = include_str!("shutdown.md")]
}

pub mod start {
    #![doc = include_str!("start.md")]
}

pub mod stopping {
    #![doc = include_str!("stopping.md")]
}

pub mod testing {
    #![doc = include_str!("testing.md")]
}

pub mod when_not {
    #![doc = include_str!("when_not.md")]
}
