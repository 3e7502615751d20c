//! Checks every error message of the attribute, and its hygiene.
//!
//! `TRYBUILD=overwrite cargo test -p bridge --test ui` rewrites the messages.
//! Read them before committing. They are pinned to the workspace's minimum Rust
//! version, because other versions word the compiler's part differently.

/// Programs that compile, and run to their end.
#[test]
fn pass() {
    trybuild::TestCases::new().pass("tests/ui/pass/*.rs");
}

/// Mistakes in the attribute's options.
#[test]
fn options() {
    trybuild::TestCases::new().compile_fail("tests/ui/options/*.rs");
}

/// Items that can't be smart functions.
#[test]
fn misuse() {
    trybuild::TestCases::new().compile_fail("tests/ui/misuse/*.rs");
}

/// Calls that can be waited on, and are awaited.
#[test]
fn wait_only() {
    trybuild::TestCases::new().compile_fail("tests/ui/wait_only/*.rs");
}

/// The user's own mistakes, where the user made them.
#[test]
fn user() {
    trybuild::TestCases::new().compile_fail("tests/ui/user/*.rs");
}

/// Functions and closures that become no handler.
#[test]
fn handler() {
    trybuild::TestCases::new().compile_fail("tests/ui/handler/*.rs");
}
