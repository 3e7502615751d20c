//! Checks that no file holds words that belong in none: paths of a developer's machine.

use super::{Finding, Tree, finding};

/// The words. Each is split, so that this file does not hold it.
const FORBIDDEN: [&str; 7] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("C:\\", "Users"),
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("DO NOT ", "COMMIT"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            for word in FORBIDDEN.iter().filter(|word| starts_a_path(line, word)) {
                findings.push(finding(path, format!("line {}: `{word}`", index + 1)));
            }
        }
    }
    findings
}

/// Returns whether `word` occurs in `line`, except inside a longer path or address.
fn starts_a_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"_-.~/".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_a_machine_is_found_with_its_line() {
        let text = concat!("fine\nsee `/ho", "me/me/x`\n");
        let found = check(&Tree::of(&[("a.md", text)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].what.starts_with("line 2"), "{}", found[0].what);
    }

    #[test]
    fn part_of_an_address_is_no_such_path() {
        let text = concat!("https://example.org/ho", "me/x and ./wo", "rk/y");
        assert_eq!(check(&Tree::of(&[("a.md", text)])), []);
    }
}
