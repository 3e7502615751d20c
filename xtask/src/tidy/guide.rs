//! Checks the guide: the tests run each page, the index lists it, and its links lead
//! somewhere.

use super::{Finding, Tree, finding};

/// Where the pages are.
const PAGES: &str = "bridge/src/guide/";
const INDEX: &str = "bridge/src/guide/mod.rs";
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
    for (path, page) in pages(tree) {
        let mut report = |what: String| findings.push(finding(path, what));
        let name = name(path);
        let module = format!("#[doc = include_str!(\"{name}.md\")]\npub mod {name} {{}}");
        if !index.contains(&module) {
            report(format!("{INDEX} does not include it"));
        }
        match title(page) {
            None => report("does not begin with its only `# ` heading".to_owned()),
            Some(title) if !index.contains(&format!("//! * [{title}]({name})")) => {
                report(format!("the index does not list `[{title}]({name})`"));
            }
            Some(_) => {}
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
    findings
}

fn pages(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.files()
        .filter(|(path, _)| path.starts_with(PAGES) && *path != INDEX)
}

fn name(path: &str) -> &str {
    path.trim_start_matches(PAGES).trim_end_matches(".md")
}

/// Returns the page's heading, if the page begins with it and has no other of its rank.
fn title(page: &str) -> Option<&str> {
    let title = page.lines().next()?.strip_prefix("# ")?;
    let count = prose(page).filter(|line| line.starts_with("# ")).count();
    (count == 1).then_some(title)
}

/// Returns the lines that are not in a fenced block.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    })
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
    if link.contains("://") || link.starts_with("crate::") {
        return true;
    }
    let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
    let text = match target.strip_prefix("super::") {
        Some(other) => tree.text(&format!("{PAGES}{other}.md")),
        None => target.is_empty().then_some(page),
    };
    text.is_some_and(|text| anchor.is_empty() || anchors(text).any(|a| a == anchor))
}

/// Returns the names that rustdoc gives to the page's headings.
fn anchors(page: &str) -> impl Iterator<Item = String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    headings.map(|line| {
        let text = line.trim_start_matches('#').trim();
        let kept = text.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        });
        kept.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::DOCTESTS as RUN;
    const LISTED: &str = "//! * [A page](a): about a.\n//! * [B page](b): about b.\n\n\
        #[doc = include_str!(\"a.md\")]\npub mod a {}\n\n\
        #[doc = include_str!(\"b.md\")]\npub mod b {}\n";
    const A: &str = "bridge/src/guide/a.md";
    const B: (&str, &str) = (
        "bridge/src/guide/b.md",
        "# B page\n\n## \"No `x`, or y_z\"\n",
    );

    fn found(a: &str) -> Vec<Finding> {
        check(&Tree::of(&[(INDEX, LISTED), RUN, (A, a), B]))
    }

    #[test]
    fn pages_that_are_listed_and_run_pass() {
        let links = "[b](super::b) [y](super::b#no-x-or-y_z) [x](crate::Bridge) \
            [out](https://example.org/#x) [part](#part)";
        let page =
            format!("# A page\n\n{links}\n\n## Part\n\n```\n# hidden();\n# [a](gone)\n```\n");
        assert_eq!(found(&page), []);
    }

    #[test]
    fn a_page_that_is_not_in_the_index_is_found() {
        let third = ("bridge/src/guide/c.md", "# C page\n");
        let tree = Tree::of(&[(INDEX, LISTED), RUN, (A, "# A page\n"), B, third]);
        assert_eq!(check(&tree).len(), 2);
        assert!(check(&tree).iter().all(|f| f.path == third.0));
    }

    #[test]
    fn a_guide_that_nothing_runs_is_found() {
        let tree = Tree::of(&[
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
