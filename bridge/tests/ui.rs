//! Checks every error message of the attribute, and its hygiene.
//!
//! `TRYBUILD=overwrite cargo test -p bridge --test ui` rewrites the messages.
//! Read them before committing. They are pinned to the workspace's minimum Rust
//! version, because other versions word the compiler's part differently.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/options/*.rs");
    cases.compile_fail("tests/ui/misuse/*.rs");
    cases.compile_fail("tests/ui/wait_only/*.rs");
    cases.compile_fail("tests/ui/user/*.rs");
}
