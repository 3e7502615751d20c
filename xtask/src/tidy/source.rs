//! Checks the source files: each begins with a head, none is too long, and the files that
//! its comments name exist.

use super::{Finding, Tree, finding, markdown::missing_files, tree};

/// The greatest length of a file. A longer file has more than one idea.
const MOST_LINES: usize = 400;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust() {
        let count = text.lines().count();
        if count > MOST_LINES {
            findings.push(finding(
                path,
                format!("{count} lines, more than {MOST_LINES}"),
            ));
        }
        if tree::is_fixture(path) {
            continue;
        }
        if !text.starts_with("//!") {
            findings.push(finding(path, "does not open with a `//!` head"));
        }
        let comments = text.lines().map(str::trim_start);
        let comments = comments.filter(|line| line.starts_with("//"));
        let spans = comments.flat_map(|line| line.split('`').skip(1).step_by(2));
        for file in missing_files(tree, spans) {
            findings.push(finding(path, format!("there is no file `{file}`")));
        }
        if text.contains(concat!("PLACE", "HOLDER")) {
            findings.push(finding(path, "is still a placeholder"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_wanted_except_in_fixtures() {
        let tree = Tree::of(&[
            ("a/src/lib.rs", "//! Head.\n"),
            ("a/src/bare.rs", "use std::fmt;\n"),
            ("a/tests/ui/wrong.rs", "fn main() {}\n"),
        ]);
        let found = check(&tree);
        assert_eq!(
            found,
            [finding("a/src/bare.rs", "does not open with a `//!` head")]
        );
    }

    #[test]
    fn a_comment_that_names_a_missing_file_is_found() {
        let text =
            "//! See `b.rs` and `src/b.rs`.\nlet x = \"`d.rs`\"; // or `e`\n  // See `c.rs`.\n";
        let tree = Tree::of(&[("a/src/lib.rs", text), ("a/src/b.rs", "//! Head.\n")]);
        let found = check(&tree);
        assert_eq!(found, [finding("a/src/lib.rs", "there is no file `c.rs`")]);
    }

    #[test]
    fn a_long_file_is_found() {
        let long = format!("//! Head.\n{}", "\n".repeat(MOST_LINES));
        assert_eq!(check(&Tree::of(&[("a.rs", &long)])).len(), 1);
        let short = format!("//! Head.\n{}", "\n".repeat(MOST_LINES - 1));
        assert_eq!(check(&Tree::of(&[("a.rs", &short)])).len(), 0);
    }

    #[test]
    fn a_placeholder_is_found() {
        let text = concat!("//! PLACE", "HOLDER: later\n");
        assert_eq!(check(&Tree::of(&[("a.rs", text)])).len(), 1);
    }
}
