//! Checks the Markdown of every document: headings that links name, languages of code
//! blocks, and paths of files.

use std::path::Path;

use super::{Finding, Tree, finding};

/// The languages of code blocks. Rust's is first, and may have attributes of rustdoc.
const LANGUAGES: [&str; 5] = ["rust", "sh", "text", "toml", "python"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in documents(tree) {
        for info in languages(text) {
            let language = info.split(',').next().unwrap_or_default();
            if !LANGUAGES.contains(&language) {
                findings.push(finding(
                    path,
                    format!("a code block with the language `{info}`"),
                ));
            }
        }
        for link in links(text) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let page = if target.is_empty() {
                Some(text)
            } else {
                tree.text(&join(directory(path), target))
            };
            // Another check is about links to files that are missing.
            let missing = |page| !anchors(page).iter().any(|a| a == anchor);
            if !anchor.is_empty() && page.is_some_and(missing) {
                findings.push(finding(
                    path,
                    format!("`{link}` names a heading that is missing"),
                ));
            }
        }
        let missing = missing_files(tree, spans(text));
        findings.extend(missing.map(|span| finding(path, format!("there is no file `{span}`"))));
    }
    findings
}

/// Returns the Markdown files of the tree.
pub(super) fn documents(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.files()
        .filter(|(path, _)| Path::new(path).extension().is_some_and(|e| e == "md"))
}

/// Returns the lines that are not in a fenced block.
pub(super) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
}

/// Returns what stands behind the opening fence of each code block.
fn languages(text: &str) -> impl Iterator<Item = &str> {
    let fences = text
        .lines()
        .filter_map(|l| l.trim_start().strip_prefix("```"));
    fences.step_by(2)
}

/// Returns the targets of the links in the prose that lead into the tree.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = prose(text).flat_map(|line| {
        let rests = line.split("](").skip(1);
        rests.filter_map(|rest| rest.split(')').next())
    });
    // rustdoc's links have a check of their own.
    targets.filter(|target| !target.contains("://") && !target.contains("::"))
}

/// Returns the names that rustdoc and repository hosts give to the headings of a page.
/// A later heading of the same text gets a number.
pub(super) fn anchors(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in prose(text).filter(|line| line.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim();
        let kept = heading.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        });
        let name: String = kept.collect();
        let mut n = 0;
        while names.contains(&numbered(&name, n)) {
            n += 1;
        }
        names.push(numbered(&name, n));
    }
    names
}

fn numbered(name: &str, n: usize) -> String {
    match n {
        0 => name.to_owned(),
        n => format!("{name}-{n}"),
    }
}

/// Returns the texts in backticks in the prose.
pub(super) fn spans(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Returns those of the texts in backticks that name a file which is missing.
///
/// A text may leave out the beginning of the path. `TARGET` and `NAME` stand for something
/// else.
pub(super) fn missing_files<'a>(
    tree: &'a Tree,
    spans: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let named = spans.filter(|span| {
        let extension = Path::new(span).extension();
        let is_file = extension.is_some_and(|e| e == "rs" || e == "md" || e == "toml");
        let stands_for = |part| part == "TARGET" || part == "NAME";
        is_file && !span.contains(['*', ' ', ':']) && !span.split(['/', '.']).any(stands_for)
    });
    named.filter(|span| {
        let end = format!("/{span}");
        let mut paths = tree.files().map(|(path, _)| path);
        !tree.has(span) && !paths.any(|path| path.ends_with(&end))
    })
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Returns the path of a target that is relative to a directory.
pub(super) fn join(base: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "a/PAGE.md";

    fn found(text: &str) -> Vec<Finding> {
        let other = ("a/src/OTHER.md", "# One\n## \"A `b`: c_d\"\n## One\n");
        check(&Tree::of(&[(PAGE, text), other, ("b/c.rs", "//!")]))
    }

    #[test]
    fn a_document_that_is_true_passes() {
        let text = "# Here\n[a](#here) [b](src/OTHER.md#a-b-c_d) [c](src/OTHER.md#one-1) \
            [d](src/OTHER.md) [e](https://example.org/#x) [f](super::x#y)\n`b/c.rs` \
            `src/OTHER.md` `OTHER.md` `record/TARGET/a.toml` `c.rs` `NAME.md` `x::y`\n\n```rust,should_panic\n\
            # [a](#gone) `no/file.rs`\n```\n\n```sh\nls\n```\n";
        assert_eq!(found(text), []);
    }

    #[test]
    fn a_code_block_without_a_known_language_is_found() {
        for info in ["", "should_panic", "rs", "ignore"] {
            let what = format!("a code block with the language `{info}`");
            assert_eq!(
                found(&format!("```sh\n```\n```{info}\n```\n")),
                [finding(PAGE, what)]
            );
        }
    }

    #[test]
    fn a_link_to_a_heading_that_is_missing_is_found() {
        for link in ["#gone", "src/OTHER.md#gone", "src/OTHER.md#one-2"] {
            let what = format!("`{link}` names a heading that is missing");
            assert_eq!(
                found(&format!("# Here\n[a]({link})\n")),
                [finding(PAGE, what)]
            );
        }
    }

    #[test]
    fn a_file_that_is_missing_is_found() {
        for path in ["b/d.rs", "src/gone.md", "c.rs/d.toml", "d.rs"] {
            let what = format!("there is no file `{path}`");
            assert_eq!(found(&format!("see `{path}`\n")), [finding(PAGE, what)]);
        }
    }
}
