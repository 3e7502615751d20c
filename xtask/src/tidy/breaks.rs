//! Breaks: each list of the audit names a text that is in the tree, once, and a test that
//! is there.

use std::{collections::BTreeSet, path::Path};

use super::{Finding, Tree, finding};
use crate::audit::breaks::{LISTS, findings, named_tests};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let lists = tree.files().filter(|(path, _)| path.starts_with(LISTS));
    let found = findings(lists, |path| tree.text(path).map(str::to_owned));
    let mut findings: Vec<_> = found
        .into_iter()
        .map(|(path, what)| finding(&path, what))
        .collect();
    if !tree.has(LISTS) {
        findings.push(finding(LISTS, "is missing"));
    }
    findings.extend(missing_tests(tree));
    findings
}

/// Finds the tests that are renamed or gone. Some programs make their tests from a table,
/// so any word of a source counts as the name of a test.
fn missing_tests(tree: &Tree) -> Vec<Finding> {
    let is_source = |path: &str| Path::new(path).extension().is_some_and(|end| end == "rs");
    let sources = tree.files().filter(|(path, _)| is_source(path));
    let words: BTreeSet<&str> = sources.flat_map(|(_, text)| words(text)).collect();
    let lists = tree.files().filter(|(path, _)| path.starts_with(LISTS));
    let named = lists.flat_map(|(path, text)| {
        let tests = named_tests(path, text).into_iter();
        tests.map(move |(name, test)| (path, name, test))
    });
    named
        .filter(|(_, _, test)| !words.contains(test.rsplit("::").next().unwrap_or(test)))
        .map(|(path, name, test)| finding(path, format!("`{name}`: there is no test `{test}`")))
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_this_very_tree_fit_it() {
        assert_eq!(check(&Tree::read(&crate::root()).expect("the tree")), []);
    }

    #[test]
    fn a_list_that_names_a_text_or_a_test_which_has_moved_is_found() {
        let list = "[[break]]\nname = \"x\"\nfile = \"a.rs\"\nwhat = \"It breaks.\"\n\
            find = \"one\"\nreplace = \"two\"\n\
            caught_by = { package = \"a\", target = \"lib\", test = \"m::t\" }\n";
        let path = "xtask/breaks/a.toml";
        assert_eq!(
            check(&Tree::of(&[(path, list), ("a.rs", "one fn t()")])),
            []
        );
        let twice = check(&Tree::of(&[(path, list), ("a.rs", "one fn t() one")]));
        assert_eq!(twice.len(), 1);
        let renamed = check(&Tree::of(&[(path, list), ("a.rs", "one fn u()")]));
        assert_eq!(renamed, [finding(path, "`x`: there is no test `m::t`")]);
        assert_eq!(check(&Tree::of(&[])), [finding(LISTS, "is missing")]);
    }
}
