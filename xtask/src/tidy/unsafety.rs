//! Checks that unsafe code is only in files that a list names, with their reasons.

use super::{Finding, Tree, finding, tree};

/// The list. Each of its lines is `path: reason`.
const LIST: &str = "xtask/unsafe-files.txt";

/// The texts that follow the keyword where it is code.
const FORMS: [&str; 7] = [
    " {",
    " fn ",
    " impl",
    " extern",
    " trait",
    "(",
    " async fn ",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let list = tree.text(LIST).unwrap_or_default();
    let entries = list
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let mut findings = Vec::new();
    let mut allowed = Vec::new();
    for line in entries {
        match line.split_once(": ") {
            Some((path, reason)) if !reason.trim().is_empty() => allowed.push(path),
            _ => findings.push(finding(LIST, format!("`{line}` is not `path: reason`"))),
        }
    }
    for (path, text) in tree.rust().filter(|(path, _)| !tree::is_fixture(path)) {
        match (is_unsafe(text), allowed.contains(&path)) {
            (true, false) => findings.push(finding(path, format!("unsafe code; not in {LIST}"))),
            (false, true) => {
                findings.push(finding(LIST, format!("{path} has no unsafe code any more")));
            }
            _ => {}
        }
    }
    for path in allowed.into_iter().filter(|path| tree.text(path).is_none()) {
        findings.push(finding(LIST, format!("{path} does not exist")));
    }
    findings
}

/// Returns whether `text` has the keyword as code.
///
/// The keyword in a comment, in a lint's name or in a string does not count.
fn is_unsafe(text: &str) -> bool {
    const KEYWORD: &str = concat!("un", "safe");
    let code = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    code.into_iter().any(|line| {
        line.match_indices(KEYWORD).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = &line[at + KEYWORD.len()..];
            let word = before.is_none_or(|c| !c.is_alphanumeric() && !"_\"`".contains(c));
            word && (after.is_empty() || FORMS.iter().any(|form| after.starts_with(form)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = concat!("//! Head.\nfn f() { un", "safe { g() } }\n");

    #[test]
    fn unlisted_unsafe_code_is_found() {
        let found = check(&Tree::of(&[("a.rs", BLOCK), (LIST, "# none\n")]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "a.rs");
    }

    #[test]
    fn the_list_allows_it_and_must_be_true() {
        assert_eq!(
            check(&Tree::of(&[("a.rs", BLOCK), (LIST, "a.rs: the reason\n")])),
            []
        );
        assert_eq!(
            check(&Tree::of(&[("a.rs", "//!"), (LIST, "a.rs: gone\n")])).len(),
            1
        );
        assert_eq!(check(&Tree::of(&[(LIST, "b.rs: no such file\n")])).len(), 1);
        assert_eq!(
            check(&Tree::of(&[("a.rs", BLOCK), (LIST, "a.rs\n")])).len(),
            2
        );
    }

    #[test]
    fn talk_of_it_is_no_use_of_it() {
        assert!(!is_unsafe(concat!("#![forbid(un", "safe_code)]")));
        assert!(!is_unsafe(concat!("// un", "safe { }")));
        assert!(is_unsafe(concat!("pub un", "safe fn f() {}")));
        assert!(is_unsafe(concat!("#[un", "safe(no_mangle)]")));
        assert!(is_unsafe(concat!("let x = un", "safe\n{")));
    }
}
