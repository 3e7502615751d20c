//! Tests that each check of the documents finds its faults.

use super::*;

const GOOD: &str = "```sh\ncargo run --release --example quickstart\n```\n\n\
    ```sh\ncargo xtask test\n```\n\n```rust\nfn main() {}\n```\n";
const LIB: (&str, &str) = (DOCTESTS.0, "#![doc = include_str!(\"../../../README.md\")]");
const EXAMPLE: (&str, &str) = ("bridge/examples/quickstart/main.rs", "//!");
const RUN: (&str, &str) = (CI, "set -euo pipefail\ncargo xtask test\n");

#[test]
fn a_readme_that_is_true_passes() {
    assert_eq!(readme(&Tree::of(&[(README, GOOD), LIB, EXAMPLE, RUN])), []);
}

#[test]
fn a_third_command_is_found() {
    let text = format!("{GOOD}\n```sh\nmake\n```\n");
    assert_eq!(
        readme(&Tree::of(&[(README, &text), LIB, EXAMPLE, RUN])),
        [finding(README, "3 commands, not two")]
    );
}

#[test]
fn ci_that_runs_something_else_is_found() {
    let other = (CI, "cargo test\n");
    let found = readme(&Tree::of(&[(README, GOOD), LIB, EXAMPLE, other]));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].path, CI);
    assert_eq!(readme(&Tree::of(&[(README, GOOD), LIB, EXAMPLE])).len(), 1);
}

#[test]
fn snippets_that_nothing_runs_are_found() {
    let text = format!("{GOOD}\n```rust,ignore\nnot rust\n```\n");
    assert_eq!(
        readme(&Tree::of(&[(README, &text), LIB, EXAMPLE, RUN])).len(),
        1
    );
    let without = (DOCTESTS.0, "//! Nothing.");
    assert_eq!(
        readme(&Tree::of(&[(README, GOOD), without, EXAMPLE, RUN])).len(),
        1
    );
}

#[test]
fn a_crate_that_is_not_on_the_map_is_found() {
    let tree = Tree::of(&[
        (MAP, "| `a/` | listed |"),
        ("a/Cargo.toml", "[package]"),
        ("b/c/Cargo.toml", "[package]"),
    ]);
    assert_eq!(map(&tree), [finding(MAP, "does not list `b/c/`")]);
}

#[test]
fn a_link_to_nowhere_is_found() {
    let tree = Tree::of(&[
        (
            MAP,
            "[a](a/DESIGN.md) [b](https://example.org/x) [c](#part) [d](gone.md)",
        ),
        ("a/DESIGN.md", "[up](../ARCHITECTURE.md#part) [here](.)"),
    ]);
    assert_eq!(map(&tree), [finding(MAP, "`gone.md` leads nowhere")]);
}
