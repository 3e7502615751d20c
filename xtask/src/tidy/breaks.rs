//! Breaks: each list of the audit names a text that is in the tree, once.

use super::{Finding, Tree, finding};
use crate::audit::breaks::{LISTS, findings};

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
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_of_this_very_tree_fit_it() {
        assert_eq!(check(&Tree::read(&crate::root()).expect("the tree")), []);
    }

    #[test]
    fn a_list_that_names_a_text_which_has_moved_is_found() {
        let list = "[[break]]\nname = \"x\"\nfile = \"a.rs\"\nwhat = \"It breaks.\"\n\
            find = \"one\"\nreplace = \"two\"\n\
            caught_by = { package = \"a\", target = \"lib\", test = \"t\" }\n";
        let path = "xtask/breaks/a.toml";
        assert_eq!(check(&Tree::of(&[(path, list), ("a.rs", "one")])), []);
        let found = check(&Tree::of(&[(path, list), ("a.rs", "none is here: one")]));
        assert_eq!(found.len(), 1);
        assert_eq!(check(&Tree::of(&[])), [finding(LISTS, "is missing")]);
    }
}
