//! Checks the guide: the tests run each page, the index lists it, links lead from the README
//! to it, its links lead somewhere, and the product logs the texts that it quotes.

use std::collections::BTreeSet;

use super::{
    Finding, Tree, finding,
    markdown::{anchors, prose},
};

/// Where the pages are.
const PAGES: &str = "bridge/src/guide/";
const PRODUCT: &str = "bridge/src/";
const INDEX: &str = "bridge/src/guide/mod.rs";
/// Where a reader begins.
const README: &str = "README.md";
/// The page that quotes what the product logs, in the first column of a table.
const LOGS: &str = "bridge/src/guide/observing.md";
/// The file that turns the guide's snippets into doc tests, and the line that does so.
const DOCTESTS: (&str, &str) = (
    "bridge/tests/crates/guide/src/lib.rs",
    "#[cfg(doctest)]\n#[path = \"../../../../src/guide/mod.rs\"]\nmod guide;",
);

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(index) = tree.text(INDEX) else {
        return vec![finding(INDEX, "is missing")];
    };
    let mut findings = Vec::new();
    let (lib, include) = DOCTESTS;
    if !tree.text(lib).unwrap_or_default().contains(include) {
        findings.push(finding(lib, "does not turn the guide into doc tests"));
    }
    let reachable = reachable(tree);
    for (path, page) in pages(tree) {
        let mut report = |what: String| findings.push(finding(path, what));
        let name = name(path);
        let module = format!("pub mod {name} {{\n    #![doc = include_str!(\"{name}.md\")]\n}}");
        if !index.contains(&module) {
            report(format!("{INDEX} lacks `{module}`"));
        }
        match title(page) {
            None => report("does not begin with its only `# ` heading".to_owned()),
            Some(title) if !index.contains(&format!("//! * [{title}]({name})")) => {
                report(format!("the index does not list `[{title}]({name})`"));
            }
            Some(_) => {}
        }
        if !reachable.contains(name) {
            report(format!("no links lead from {README} to it"));
        }
        for fence in untested(page) {
            report(format!("a snippet that no test runs: {fence}"));
        }
        for link in links(page) {
            if !leads_somewhere(tree, page, link) {
                report(format!("`{link}` leads nowhere"));
            }
        }
    }
    for text in quoted(tree.text(LOGS).unwrap_or_default()) {
        if !is_logged(tree, text) {
            findings.push(finding(LOGS, format!("nothing logs \"{text}\"")));
        }
    }
    findings
}

/// Returns the quoted texts in the first columns of the page's tables.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    let rows = prose(page).filter_map(|line| line.strip_prefix("| \""));
    rows.filter_map(|row| row.split('"').next())
}

/// Returns whether a string literal of the product begins with the text.
fn is_logged(tree: &Tree, text: &str) -> bool {
    let literal = format!("\"{text}");
    let sources = tree.rust().filter(|(path, _)| path.starts_with(PRODUCT));
    let mut joined = sources.map(|(_, source)| {
        let mut parts = source.split("\\\n");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.trim_start())
    });
    joined.any(|source| source.contains(&literal))
}

fn pages(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.files()
        .filter(|(path, _)| path.starts_with(PAGES) && *path != INDEX)
}

fn name(path: &str) -> &str {
    path.trim_start_matches(PAGES).trim_end_matches(".md")
}

/// Returns the names of the pages to which links lead from the README, directly or over other
/// pages.
fn reachable(tree: &Tree) -> BTreeSet<&str> {
    let readme = links(tree.text(README).unwrap_or_default()).map(target);
    let mut next: Vec<_> = readme
        .filter(|to| to.starts_with(PAGES))
        .map(name)
        .collect();
    let mut found = BTreeSet::new();
    while let Some(page) = next.pop() {
        if found.insert(page) {
            let text = tree.text(&format!("{PAGES}{page}.md"));
            let others = links(text.unwrap_or_default()).map(target);
            next.extend(others.filter_map(|to| to.strip_prefix("super::")));
        }
    }
    found
}

/// Returns the link without the heading that it names.
fn target(link: &str) -> &str {
    link.split_once('#').map_or(link, |(target, _)| target)
}

/// Returns the page's heading, if the page begins with it and has no other of its rank.
fn title(page: &str) -> Option<&str> {
    let title = page.lines().next()?.strip_prefix("# ")?;
    let count = prose(page).filter(|line| line.starts_with("# ")).count();
    (count == 1).then_some(title)
}

/// Returns the fences of Rust code that rustdoc does not run, or runs as nothing.
fn untested(page: &str) -> impl Iterator<Item = &str> {
    let words = ["ignore", "no_run", "text,rust"];
    let fences = page.lines().filter(|line| line.starts_with("```"));
    fences.filter(move |fence| words.iter().any(|word| fence.contains(word)))
}

/// Returns the targets of the links in the page's prose.
fn links(page: &str) -> impl Iterator<Item = &str> {
    prose(page).flat_map(|line| {
        let rests = line.split("](").skip(1);
        rests.filter_map(|rest| rest.split(')').next())
    })
}

/// Returns whether the link leads to a heading, to a page, to an item or out of the tree.
///
/// rustdoc checks the items, but not the headings.
fn leads_somewhere(tree: &Tree, page: &str, link: &str) -> bool {
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let item = target.split_once('@').map_or(target, |(_kind, item)| item);
    if link.contains("://") || item.starts_with("crate") {
        return true;
    }
    let text = match target.strip_prefix("super::") {
        Some(other) => tree.text(&format!("{PAGES}{other}.md")),
        None => target.is_empty().then_some(page),
    };
    text.is_some_and(|text| anchor.is_empty() || anchors(text).iter().any(|a| a == anchor))
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::DOCTESTS as RUN;
    const LISTED: &str = "//! * [A page](a): about a.\n//! * [B page](b): about b.\n\n\
        pub mod a {\n    #![doc = include_str!(\"a.md\")]\n}\n\n\
        pub mod b {\n    #![doc = include_str!(\"b.md\")]\n}\n";
    const A: &str = "bridge/src/guide/a.md";
    const B: (&str, &str) = (
        "bridge/src/guide/b.md",
        "# B page\n\n## \"No `x`, or y_z\"\n",
    );

    /// Links to both pages.
    const START: (&str, &str) = (
        README,
        "[a](bridge/src/guide/a.md) [b](bridge/src/guide/b.md#no-x-or-y_z)\n",
    );

    fn found(a: &str) -> Vec<Finding> {
        check(&Tree::of(&[START, (INDEX, LISTED), RUN, (A, a), B]))
    }

    #[test]
    fn pages_that_are_listed_and_run_pass() {
        let links = "[b](super::b) [y](super::b#no-x-or-y_z) [x](crate::Bridge) [m](macro@crate::m) \
            [out](https://example.org/#x) [part](#part)";
        let page =
            format!("# A page\n\n{links}\n\n## Part\n\n```\n# hidden();\n# [a](gone)\n```\n");
        assert_eq!(found(&page), []);
    }

    #[test]
    fn a_page_that_is_not_in_the_index_is_found() {
        let third = ("bridge/src/guide/c.md", "# C page\n");
        let links = (A, "# A page\n\n[c](super::c)\n");
        let tree = Tree::of(&[START, (INDEX, LISTED), RUN, links, B, third]);
        assert_eq!(check(&tree).len(), 2);
        assert!(check(&tree).iter().all(|f| f.path == third.0));
    }

    #[test]
    fn a_page_without_a_way_from_the_readme_is_found() {
        let check = |a| {
            let readme = (README, "[a](bridge/src/guide/a.md#part)\n");
            check(&Tree::of(&[readme, (INDEX, LISTED), RUN, (A, a), B]))
        };
        assert_eq!(check("# A page\n\n[b](super::b#no-x-or-y_z)\n"), []);
        let what = "no links lead from README.md to it";
        assert_eq!(check("# A page\n"), [finding(B.0, what)]);
    }

    #[test]
    fn a_guide_that_nothing_runs_is_found() {
        let tree = Tree::of(&[
            START,
            (INDEX, LISTED),
            (RUN.0, "//! Nothing."),
            (A, "# A page\n"),
            B,
        ]);
        let what = "does not turn the guide into doc tests";
        assert_eq!(check(&tree), [finding(RUN.0, what)]);
        assert_eq!(check(&Tree::of(&[RUN])), [finding(INDEX, "is missing")]);
    }

    #[test]
    fn a_heading_that_does_not_fit_is_found() {
        for page in [
            "# Another\n",
            "A page\n",
            "# A page\n# Twice\n",
            "## A page\n",
        ] {
            assert_eq!(found(page).len(), 1, "{page}");
        }
    }

    #[test]
    fn snippets_that_nothing_runs_are_found() {
        assert_eq!(
            found("# A page\n\n```rust,no_run\n```\n\n```ignore\n```\n").len(),
            2
        );
    }

    #[test]
    fn a_quoted_text_that_nothing_logs_is_found() {
        let quotes = "# A page\n\n| text | do |\n|---|---|\n| \"it waits, and\" | x |\n";
        let index = LISTED
            .replace("(a)", "(observing)")
            .replace("a.md", "observing.md");
        let index = index.replace("mod a {", "mod observing {");
        let found = |log| {
            let log = ("bridge/src/log.rs", log);
            let readme = (
                README,
                "[x](bridge/src/guide/observing.md) [b](bridge/src/guide/b.md)",
            );
            check(&Tree::of(&[
                readme,
                (INDEX, &index),
                RUN,
                (LOGS, quotes),
                B,
                log,
            ]))
        };
        assert_eq!(found("warn!(\"it waits, \\\n      and more\");"), []);
        let what = "nothing logs \"it waits, and\"";
        assert_eq!(found("warn!(\"it waits, or\");"), [finding(LOGS, what)]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        let targets = [
            "super::c",
            "super::b#gone",
            "#gone",
            "b.md",
            "../../Cargo.toml",
        ];
        for target in targets {
            let what = format!("`{target}` leads nowhere");
            assert_eq!(
                found(&format!("# A page\n\n[x]({target})\n")),
                [finding(A, what)]
            );
        }
    }
}
