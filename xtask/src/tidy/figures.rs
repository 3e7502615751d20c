//! Checks that the figures in the README are those of a committed record.

use super::{Finding, Tree, finding};
use crate::bench::{self, README};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(readme) = tree.text(README) else {
        return vec![finding(README, "is missing")];
    };
    let records = tree.files().filter(|(path, _)| bench::is_kept(path));
    match bench::agrees(readme, records) {
        Ok(()) => Vec::new(),
        Err(why) => vec![finding(README, why)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_tree_agrees_until_a_figure_is_edited() {
        let root = crate::root();
        assert_eq!(check(&Tree::read(&root).expect("the tree")), []);
        let readme = std::fs::read_to_string(root.join(README)).expect("a README");
        let edited = readme.replace(" ns |", " ms |");
        assert_ne!(edited, readme);
        let records = Tree::read(&root).expect("the tree");
        let mut files: Vec<_> = records
            .files()
            .filter(|(path, _)| bench::is_kept(path))
            .collect();
        files.push((README, &edited));
        assert_eq!(check(&Tree::of(&files)).len(), 1);
    }

    #[test]
    fn figures_without_a_record_are_found() {
        assert_eq!(check(&Tree::of(&[(README, "# title\n")])).len(), 1);
        assert_eq!(check(&Tree::of(&[])).len(), 1);
    }
}
