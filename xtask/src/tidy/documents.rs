//! Checks that the documents agree with the code.

use super::{
    Finding, Tree, finding,
    markdown::{documents, join},
};

const README: &str = "README.md";
const MAP: &str = "ARCHITECTURE.md";
const CI: &str = ".ci/run";
/// The file that turns the README's snippets into doc tests, and the line that does so.
const DOCTESTS: (&str, &str) = (
    "bridge/examples/quickstart/readme.rs",
    "include_str!(\"../../../README.md\")",
);

/// Checks the README: it has two commands, CI runs the second, and its Rust snippets
/// are tests.
pub(super) fn readme(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(README) else {
        return vec![finding(README, "is missing")];
    };
    let mut findings = Vec::new();
    let commands = fenced(text, |info| info == "sh" || info == "console");
    match commands.as_slice() {
        [quickstart, whole] => {
            if !quickstart.starts_with("cargo run ") || !quickstart.contains("--example quickstart")
            {
                findings.push(finding(
                    README,
                    "the first command does not run the quickstart",
                ));
            }
            let ci = tree.text(CI).unwrap_or_default();
            let called: Vec<_> = ci
                .lines()
                .filter(|line| line.starts_with("cargo "))
                .collect();
            if called != [*whole] {
                findings.push(finding(
                    CI,
                    format!("does not run just `{whole}`, as README says"),
                ));
            }
        }
        other => findings.push(finding(
            README,
            format!("{} commands, not two", other.len()),
        )),
    }
    let untested = ["ignore", "no_run", "text,rust"];
    for line in text.lines().filter(|line| line.starts_with("```")) {
        if untested.iter().any(|word| line.contains(word)) {
            findings.push(finding(
                README,
                format!("a snippet that no test runs: {line}"),
            ));
        }
    }
    let (lib, include) = DOCTESTS;
    if !tree.text(lib).unwrap_or_default().contains(include) {
        findings.push(finding(
            lib,
            "does not turn the README's snippets into doc tests",
        ));
    }
    if !tree.has("bridge/examples/quickstart/main.rs") {
        findings.push(finding(README, "there is no quickstart"));
    }
    findings
}

/// Checks that the map lists every crate, and that every relative link leads to a file.
pub(super) fn map(tree: &Tree) -> Vec<Finding> {
    let Some(map) = tree.text(MAP) else {
        return vec![finding(MAP, "is missing")];
    };
    let crates = tree.manifests().map(|(directory, _)| directory);
    let unlisted = crates.filter(|directory| !map.contains(&format!("`{directory}`")));
    let mut findings: Vec<_> = unlisted
        .map(|directory| finding(MAP, format!("does not list `{directory}`")))
        .collect();
    for (path, text) in documents(tree) {
        let base = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        for link in links(text) {
            let target = join(base, link.split('#').next().unwrap_or_default());
            if !target.is_empty() && !tree.has(&target) {
                findings.push(finding(path, format!("`{link}` leads nowhere")));
            }
        }
    }
    findings
}

/// Returns the non-empty lines of the fenced blocks whose info string is `wanted`.
fn fenced(text: &str, wanted: fn(&str) -> bool) -> Vec<&str> {
    let mut inside = None;
    let mut found = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("```"), inside) {
            (Some(info), None) => inside = Some(wanted(info.trim())),
            (Some(_), Some(_)) => inside = None,
            (None, Some(true)) if !line.trim().is_empty() => found.push(line),
            _ => {}
        }
    }
    found
}

/// Returns the targets of the Markdown links that lead to files.
///
/// rustdoc checks the links that lead to items.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?;
        (!target.contains("::")
            && !target.starts_with("crate#")
            && !target.contains("://")
            && !target.starts_with('#'))
        .then_some(target)
    })
}

#[cfg(test)]
#[path = "documents_tests.rs"]
mod tests;
