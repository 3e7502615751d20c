//! Checks that each folder of `offload/src` imports only from the folders below it.
//!
//! The design of the pool has a table of the folders, the highest first. A file of the root
//! counts as a folder. The check reads the paths that begin with `crate::`, outside comments
//! and tests. So a path must begin with a folder, and not with a name that the root exports:
//! such a name would hide the folder that it comes from.

use super::{Finding, Tree, finding, markdown::prose};

const SOURCES: &str = "offload/src/";
const ROOT: &str = "offload/src/lib.rs";
const DESIGN: &str = "offload/DESIGN.md";
const HEADING: &str = "## The folders";

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let folders = folders(tree.text(DESIGN).unwrap_or_default());
    let mut findings = Vec::new();
    let mut unused = folders.clone();
    for (path, text) in tree.rust().filter(|(path, _)| is_checked(path)) {
        let own = folder(path);
        unused.retain(|folder| *folder != own);
        let Some(rank) = rank(&folders, own) else {
            findings.push(finding(DESIGN, format!("the table lacks `{own}`")));
            continue;
        };
        let code = code(text);
        for name in imports(&code) {
            match self::rank(&folders, name) {
                Some(other) if other >= rank => {}
                Some(_) => findings.push(finding(path, format!("imports from `{name}` above it"))),
                None => findings.push(finding(path, format!("`crate::{name}` names no folder"))),
            }
        }
    }
    let unused = unused.into_iter();
    findings.extend(unused.map(|folder| finding(DESIGN, format!("`{folder}` does not exist"))));
    findings.dedup();
    findings
}

/// Returns the folders in the first column of the table, the highest first.
fn folders(design: &str) -> Vec<&str> {
    prose(design)
        .skip_while(|line| *line != HEADING)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect()
}

/// Returns the place of a folder in the table. A greater place is a lower one.
fn rank(folders: &[&str], name: &str) -> Option<usize> {
    folders.iter().position(|folder| *folder == name)
}

/// Returns whether the file is no test. The root is not checked either: it exports names of
/// every folder.
fn is_checked(path: &str) -> bool {
    path.starts_with(SOURCES)
        && path != ROOT
        && !path.contains("/tests/")
        && !path.ends_with("tests.rs")
}

/// Returns the folder of a file, or the name of a file of the root.
fn folder(path: &str) -> &str {
    let path = path.strip_prefix(SOURCES).unwrap_or(path);
    let first = path.split('/').next().unwrap_or(path);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// Returns the text without comments, up to its tests.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Returns the first names behind each `crate::`.
fn imports(code: &str) -> Vec<&str> {
    code.match_indices("crate::")
        .flat_map(|(at, prefix)| {
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => members(group),
                None => vec![word(rest)],
            }
        })
        .collect()
}

/// Returns the first names of the members of a group, whose opening brace is left out.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        if depth == 0 && matches!(c, ',' | '}') {
            names.push(word(group[start..at].trim_start()));
            start = at + 1;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// Returns the identifier at the beginning of the text.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "## The folders\n\n| folder | idea |\n|---|---|\n| `pool` | a |\n| `job` | b |\n| `platform` | c |\n\n## Next\n\n| `other` |\n";

    fn found(path: &str, text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            (DESIGN, TABLE),
            (
                "offload/src/pool/mod.rs",
                "use crate::{job::{Job, run::{a, b}}, platform};\n",
            ),
            ("offload/src/job/mod.rs", "use crate::platform::sync;\n"),
            (
                "offload/src/platform/mod.rs",
                "//! See [`Pool`](crate::Pool).\n",
            ),
            (path, text),
        ]);
        check(&tree)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn imports_that_go_down_pass() {
        let text = "use super::Job;\nuse crate::{job::Job, platform::{a, b}};\n\nmod tests {\nuse crate::pool;\n}\n";
        assert_eq!(found("offload/src/job/cell.rs", text), [""; 0]);
        assert_eq!(
            found("offload/src/job/cell/tests.rs", "use crate::Pool;\n"),
            [""; 0]
        );
    }

    #[test]
    fn an_import_that_goes_up_is_found() {
        for text in [
            "use crate::pool::Pool;\n",
            "use crate::{platform::{a, b}, pool::Pool};\n",
            "fn f() { crate::pool::f() }\n",
        ] {
            let found = found("offload/src/job/cell.rs", text);
            assert_eq!(found, ["imports from `pool` above it"], "{text}");
        }
    }

    #[test]
    fn a_name_of_the_root_is_found() {
        for text in ["use crate::Pool;\n", "use crate::{Pool, platform};\n"] {
            let found = found("offload/src/job/cell.rs", text);
            assert_eq!(found, ["`crate::Pool` names no folder"], "{text}");
        }
    }

    #[test]
    fn the_table_must_fit_the_folders() {
        assert_eq!(found("offload/src/core.rs", ""), ["the table lacks `core`"]);
        let tree = Tree::of(&[(DESIGN, TABLE), ("offload/src/pool/mod.rs", "")]);
        assert_eq!(check(&tree).len(), 2);
    }
}
