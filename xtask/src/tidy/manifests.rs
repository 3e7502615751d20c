//! Checks the manifests: each package has a licence, and published ones are described.

use super::{Finding, Tree, finding};

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// The lines without which a package cannot be published.
const WANTED: [&str; 3] = [
    "description = ",
    "license.workspace = true",
    "repository.workspace = true",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for licence in LICENCES {
        if tree.text(licence).is_none_or(|text| text.trim().is_empty()) {
            findings.push(finding(licence, "is missing, or empty"));
        }
    }
    for (directory, text) in tree.manifests() {
        let path = format!("{directory}Cargo.toml");
        if text.contains("publish = false") {
            if !text.contains("license") {
                findings.push(finding(&path, "names no licence"));
            }
            continue;
        }
        for wanted in WANTED.iter().filter(|wanted| !text.contains(**wanted)) {
            findings.push(finding(
                &path,
                format!("is published, but has no `{wanted}`"),
            ));
        }
        if !text.contains("[lints]") {
            findings.push(finding(&path, "takes no lints from the workspace"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\ndescription = \"x\"\nlicense.workspace = true\n\
        repository.workspace = true\n[lints]\nworkspace = true\n";
    const MIT: (&str, &str) = ("LICENSE-MIT", "text");
    const APACHE: (&str, &str) = ("LICENSE-APACHE", "text");

    #[test]
    fn a_whole_manifest_passes() {
        assert_eq!(check(&Tree::of(&[MIT, APACHE, ("a/Cargo.toml", GOOD)])), []);
    }

    #[test]
    fn what_is_missing_is_found() {
        assert_eq!(
            check(&Tree::of(&[MIT])),
            [finding("LICENSE-APACHE", "is missing, or empty")]
        );
        let bare = "[package]\nlicense.workspace = true\n";
        assert_eq!(
            check(&Tree::of(&[MIT, APACHE, ("a/Cargo.toml", bare)])).len(),
            3
        );
        let ours = "[package]\npublish = false\n";
        assert_eq!(
            check(&Tree::of(&[MIT, APACHE, ("a/Cargo.toml", ours)])).len(),
            1
        );
    }
}
