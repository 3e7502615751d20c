//! Checks that documents, licences and code agree.
//!
//! Each check is a pure function from the texts of the tree to findings. So each check
//! has a test in which it finds something.

mod breaks;
mod documents;
mod figures;
mod folders;
mod guide;
mod manifests;
mod markdown;
mod names;
mod source;
mod tree;
mod unsafety;
mod words;

use self::tree::Tree;
use crate::Chore;

/// A fault, with the file that has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    what: String,
}

fn finding(path: &str, what: impl Into<String>) -> Finding {
    Finding {
        path: path.to_owned(),
        what: what.into(),
    }
}

type Check = fn(&Tree) -> Vec<Finding>;

const CHECKS: [(&str, Check); 12] = [
    (
        "source files: one head, a readable length, names of files that exist",
        source::check,
    ),
    (
        "unsafe code: only where the list allows it",
        unsafety::check,
    ),
    ("words: no path of a developer's machine", words::check),
    (
        "manifests: licences, and what a published package needs",
        manifests::check,
    ),
    (
        "README and .ci/run: two commands, tested snippets",
        documents::readme,
    ),
    (
        "documents: every crate on the map, every link leads somewhere",
        documents::map,
    ),
    (
        "guide: every page is listed and reachable, its snippets run, its links lead somewhere",
        guide::check,
    ),
    (
        "markdown: headings that links name, languages of code blocks, paths of files",
        markdown::check,
    ),
    (
        "names: the README and the guide name what exists",
        names::check,
    ),
    (
        "figures: the documents quote the newest record",
        figures::check,
    ),
    (
        "folders: those of the pool import from the folders below them",
        folders::check,
    ),
    (
        "breaks: each list of the audit fits the tree",
        breaks::check,
    ),
];

pub(crate) fn run() -> Chore {
    let tree = Tree::read(&crate::root()).map_err(|e| format!("tidy: the tree: {e}"))?;
    verdict(findings(&tree).len())
}

fn verdict(faults: usize) -> Chore {
    match faults {
        0 => Ok(()),
        count => Err(format!("tidy: {count} faults to put right")),
    }
}

/// Makes all checks of the tree, and prints what each has found.
fn findings(tree: &Tree) -> Vec<Finding> {
    let mut all = Vec::new();
    for (name, check) in CHECKS {
        let mut findings = check(tree);
        findings.sort();
        println!(
            "tidy: {name}: {}",
            if findings.is_empty() { "ok" } else { "NOT ok" }
        );
        for Finding { path, what } in &findings {
            println!("    {path}: {what}");
        }
        all.extend(findings);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_fails_the_chore() {
        assert_eq!(verdict(0), Ok(()));
        assert!(verdict(1).is_err());
    }

    /// Otherwise a check has tests, and nobody makes it.
    #[test]
    fn each_check_is_made() {
        let tree = Tree::of(&[
            ("a.rs", "unsafe {}\n"),
            ("b.md", concat!("/ho", "me/me/x\n")),
            ("c/Cargo.toml", "[package]\n"),
            ("offload/src/d.rs", "//! A file.\n"),
        ]);
        let found: Vec<_> = findings(&tree)
            .into_iter()
            .map(|Finding { path, what }| format!("{path}: {what}"))
            .collect();
        for wanted in [
            "a.rs: does not open",
            "a.rs: unsafe code",
            "b.md: line 1",
            "c/Cargo.toml: ",
            "README.md: is missing",
            "ARCHITECTURE.md: is missing",
            "bridge/src/guide/mod.rs: is missing",
            "bench-suite/FIGURES.md: is missing",
            "offload/DESIGN.md: the table lacks `d`",
            "xtask/breaks/: is missing",
        ] {
            let count = found
                .iter()
                .filter(|found| found.starts_with(wanted))
                .count();
            assert!(count > 0, "no `{wanted}` in {found:#?}");
        }
    }
}
