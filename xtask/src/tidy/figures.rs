//! Checks that the figures in the documents are those of a committed record.

use super::{Finding, Tree, finding};
use crate::bench::{self, Document};

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let checked = Document::ALL.map(|document| {
        let path = document.path();
        let Some(text) = tree.text(path) else {
            return Err(finding(path, "is missing"));
        };
        let records = tree.files().filter(|(path, _)| bench::is_kept(path));
        bench::agrees(document, text, records).map_err(|why| finding(path, why))
    });
    checked.into_iter().filter_map(Result::err).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_very_tree_agrees_until_a_figure_is_edited() {
        let root = crate::root();
        assert_eq!(check(&Tree::read(&root).expect("the tree")), []);
        let tree = Tree::read(&root).expect("the tree");
        for document in Document::ALL {
            let text = tree.text(document.path()).expect("the document");
            let edited = text.replace(" ns |", " ms |");
            assert_ne!(edited, text);
            let mut files: Vec<_> = tree
                .files()
                .filter(|(path, _)| {
                    bench::is_kept(path) || Document::ALL.iter().any(|d| d.path() == *path)
                })
                .filter(|(path, _)| *path != document.path())
                .collect();
            files.push((document.path(), &edited));
            let findings = check(&Tree::of(&files));
            assert_eq!(findings.len(), 1, "{findings:?}");
        }
    }

    #[test]
    fn figures_without_a_record_are_found() {
        let documents = Document::ALL.len();
        assert_eq!(
            check(&Tree::of(&[("README.md", "# title\n")])).len(),
            documents
        );
        assert_eq!(check(&Tree::of(&[])).len(), documents);
    }
}
